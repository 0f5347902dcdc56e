import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import type { Operation, OperationEvent } from "../../core/operation/types.ts";
import { exampleWithNodes } from "../../local/main-job/example.ts";
import { createPlatform, type Platform, type PlatformOptions } from "../../local/platform.ts";
import type { FaultSpec } from "../../local/world/faults.ts";
import type { KubeObject } from "../../local/world/kubernetes-contract.ts";
import { CallLog, refuseUngranted } from "./call-record.ts";
import { type CliRun, runCli } from "./cli.ts";

const example = (name: string): string =>
  readFileSync(new URL(`../../examples/${name}`, import.meta.url), "utf8");

export const EXAMPLE_CLUSTER = example("cluster.yaml");
export const EXAMPLE_WORKLOADS = example("workloads.yaml");
export const DEMO_ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/demo";

export interface Rig {
  readonly platform: Platform;
  /** Runs a command line in virtual time. */
  slipway(...args: string[]): Promise<CliRun>;
  /** Sends a request to the API in virtual time. */
  api(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Text that `slipway apply -f cluster.yaml` reads. */
  clusterFile: string;
  operation(id: string): Promise<Operation>;
  events(id: string): Promise<OperationEvent[]>;
  apply(yaml: string): void;
  /** Creates the example cluster and waits for it; with the example's workloads unless told otherwise. */
  provision(options?: { readonly workloads?: boolean }): Promise<void>;
  close(): Promise<void>;
}

export interface RigOptions extends Partial<PlatformOptions> {
  readonly faults?: readonly FaultSpec[];
  readonly nodes?: number;
}

/** A platform in virtual time and in memory, with the CLI in front of it. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const { faults = [], nodes, ...rest } = options;
  const defects: unknown[] = [];
  const platform = await createPlatform({
    time: { kind: "virtual" },
    // A defect of the simulated services must fail the test that met it, not only the call.
    onDefect: (defect) => defects.push(defect),
    ...rest,
  });
  for (const fault of faults) platform.faults.inject(fault);
  // Every scenario is a trial of the permissions, too: the simulated services do not ask for any.
  const calls = new CallLog();
  calls.watch(platform);
  const { clock } = platform.kernel;
  const fetch = (request: Request): Promise<Response> => platform.gateway.fetch(request);
  const rig: Rig = {
    platform,
    clusterFile: exampleWithNodes(EXAMPLE_CLUSTER, nodes),
    slipway: (...args) => clock.until(runCli(args, fetch, { "cluster.yaml": rig.clusterFile })),
    api: (method, path, body, headers = {}) =>
      clock.until(
        fetch(
          new Request(`http://127.0.0.1${path}`, {
            method,
            headers: {
              "content-type": typeof body === "string" ? "application/yaml" : "application/json",
              ...headers,
            },
            ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
          }),
        ),
      ),
    operation: async (id) => (await (await rig.api("GET", `/v1/operations/${id}`)).json()) as Operation,
    async events(id) {
      const all: OperationEvent[] = [];
      for (;;) {
        const after = all.at(-1)?.seq ?? 0;
        const response = await rig.api("GET", `/v1/operations/${id}/events?after=${after}&limit=500`);
        const page = (await response.json()) as { items: OperationEvent[] };
        if (page.items.length === 0) return all;
        all.push(...page.items);
      }
    },
    apply(yaml) {
      for (const document of parseAllDocuments(yaml)) {
        platform.kubernetes.apply(DEMO_ARN, document.toJS() as KubeObject);
      }
    },
    async provision({ workloads = true } = {}) {
      const applied = await rig.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes");
      if (applied.code !== 0) throw new Error(`provisioning failed:\n${applied.stdout}${applied.stderr}`);
      if (workloads) rig.apply(EXAMPLE_WORKLOADS);
      await clock.until(clock.sleep(300_000));
    },
    async close() {
      await platform.close();
      if (defects.length > 0) throw new AggregateError(defects, "defects of the simulated services");
      await refuseUngranted(calls);
    },
  };
  return rig;
}

/** The operation that a command line started, from its output. */
export function operationIdIn(run: CliRun): string {
  const id = /op-[0-9A-HJKMNP-TV-Z]{26}/.exec(run.stdout + run.stderr)?.[0];
  if (!id) throw new Error(`no operation in:\n${run.stdout}${run.stderr}`);
  return id;
}
