import { parseAllDocuments } from "yaml";
import { MemoryStore } from "../../adapters/store/memory-store.ts";
import type { Operation } from "../../core/operation/types.ts";
import { type Rig, type RigOptions, startRig } from "./platform.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** A rig with one cluster of one node, and what scenarios of windows and approvals do with it. */
export interface WaitingRig {
  readonly rig: Rig;
  readonly store: MemoryStore;
  now(): number;
  pass(ms: number): Promise<void>;
  window(name: string, open: readonly object[], freezes?: readonly object[]): Promise<void>;
  policy(name: string, rest: object): Promise<void>;
  /** Lets time pass until the operation is as wanted; skips to where its wait ends. Throws when it has ended otherwise. */
  until(id: string, what: (operation: Operation) => boolean): Promise<Operation>;
  /** A request of somebody by that name. */
  as(
    user: string,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: Operation }>;
  /** The operation that has the cluster. */
  holder(): Promise<string | undefined>;
}

/** A window that opens once, at a time of day in UTC, for so many minutes. */
export function opensAt(at: number, minutes: number) {
  const date = new Date(at);
  const day = `${date.getUTCDate()} ${date.getUTCMonth() + 1} ? ${date.getUTCFullYear()}`;
  return {
    cron: `cron(${date.getUTCMinutes()} ${date.getUTCHours()} ${day})`,
    durationMinutes: minutes,
  };
}

export const nextMinute = (at: number): number => Math.ceil(at / MINUTE) * MINUTE;
export const ended = (operation: Operation): boolean => operation.endedAt !== undefined;

/** In memory, unless `dynamo`: then the calls to the table are made, which take their time. */
export async function startWaitingRig(
  options: RigOptions & { readonly dynamo?: boolean } = {},
): Promise<WaitingRig> {
  const { dynamo = false, ...rest } = options;
  const store = new MemoryStore();
  const rig = await startRig({ nodes: 1, ...(dynamo ? {} : { store }), ...rest });
  // Without the policy that the example brings along: the stored one called default counts.
  const documents = parseAllDocuments(rig.clusterFile).map((one) => one.toJS() as { kind: string });
  rig.clusterFile = JSON.stringify(documents.find(({ kind }) => kind === "ClusterConfig"));
  await rig.provision({ workloads: false });
  const { clock } = rig.platform.kernel;
  const write = async (path: string, body: object): Promise<void> => {
    const response = await rig.api("PUT", path, { apiVersion: "slipway.dev/v1", ...body });
    if (response.status !== 200) throw new Error(await response.text());
  };
  const pass = (ms: number): Promise<void> => clock.until(clock.sleep(ms));
  return {
    rig,
    store,
    pass,
    now: () => clock.now(),
    window: (name, open, freezes = []) =>
      write(`/v1/windows/${name}`, { kind: "MaintenanceWindow", metadata: { name }, open, freezes }),
    policy: (name, rest) =>
      write(`/v1/policies/${name}`, { kind: "AutomationPolicy", metadata: { name }, ...rest }),
    async until(id, what) {
      const end = clock.now() + 30 * 24 * HOUR;
      for (;;) {
        const operation = await rig.operation(id);
        if (what(operation)) return operation;
        if (operation.endedAt !== undefined || clock.now() > end)
          throw new Error(
            `${id} is ${operation.status}: ${JSON.stringify(operation.error ?? operation.awaiting)}`,
          );
        const { awaiting } = operation;
        const opens = awaiting?.for === "window" ? Date.parse(awaiting.until ?? "") || 0 : 0;
        await pass(Math.max(2 * MINUTE, opens - clock.now() - 2 * MINUTE));
      }
    },
    async as(user, method, path, body) {
      const response = await rig.api(method, path, body, { "x-slipway-user": user });
      return { status: response.status, body: (await response.json()) as Operation };
    },
    async holder() {
      return ((await (await rig.api("GET", "/v1/clusters/demo")).json()) as { operation?: string }).operation;
    },
  };
}
