import { clusterKey } from "../../core/cluster-ref.ts";
import { type AutomationState, parseAutomation } from "../../core/nodes/history.ts";
import type { Operation } from "../../core/operation/types.ts";
import type { NodesPolicy } from "../../core/policy/nodes.ts";
import type { EventEnvelope } from "../../local/events/envelope.ts";
import type { KubeObject } from "../../local/world/kubernetes-contract.ts";
import {
  CLUSTER_ARN,
  clusterFile,
  objectsOf,
  REF,
  type Stage,
  send,
  stageOf,
} from "../simulation/cluster.ts";
import type { ClusterShape } from "../simulation/scenario.ts";
import { CallLog, refuseUngranted } from "./call-record.ts";
import { type CliRun, runCli } from "./cli.ts";

const HOME = { account: REF.account, region: REF.region };
const SHAPE: ClusterShape = {
  name: "demo",
  version: "1.33",
  zones: 2,
  groups: [{ name: "general", size: 4, dedicated: false, oneZone: false }],
};
const ROTATION = { maxUnavailable: 1, bakeSeconds: 0, drainDeadlineSeconds: 600 };

interface Told {
  readonly type: string;
  readonly at: number;
  readonly detail: { readonly message: string; readonly nodes?: readonly string[]; readonly code?: string };
}

/** A cluster with nodes that can fall ill, and Slipway beside it with a policy for nodes. */
export interface NodeStage {
  readonly stage: Stage;
  readonly told: Told[];
  /** Names of the nodes, those of a group by its name. */
  nodes(group?: string): string[];
  node(name: string): KubeObject | undefined;
  instanceOf(node: string): string;
  pass(seconds: number): Promise<void>;
  /** Puts an event of AWS on the default bus. */
  put(source: string, type: string, detail: object, resources?: readonly string[]): Promise<void>;
  automation(): Promise<AutomationState>;
  policy(nodes: Partial<NodesPolicy>, whole?: unknown): Promise<void>;
  api(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  ofType(type: string): Told[];
  cli(...args: string[]): Promise<CliRun>;
  operations(): Promise<Operation[]>;
  cordoned(): string[];
  /** Deployment `app`, its pods spread over the nodes, with a budget. */
  workload(replicas: number, maxUnavailable: number): void;
  close(): Promise<void>;
}

export async function nodeStage(
  options: {
    readonly nodes?: Partial<NodesPolicy>;
    readonly seed?: number;
    /** Its machines are Spot ones. */
    readonly spot?: boolean;
    readonly groups?: readonly { name: string; size: number }[];
  } = {},
): Promise<NodeStage> {
  const cluster: ClusterShape = {
    ...SHAPE,
    groups: (options.groups ?? SHAPE.groups).map((group) => ({ dedicated: false, oneZone: false, ...group })),
  };
  const stage = await stageOf({
    cluster,
    seed: options.seed ?? 1,
    work: { type: "upgrade", to: "1.34" },
    rotation: ROTATION,
    latestAddons: false,
  });
  const { platform, store } = stage;
  if (options.spot) makeSpot(stage);
  const { clock } = platform.kernel;
  // Every scenario is a trial of the permissions, too: the simulated services do not ask for any.
  const calls = new CallLog();
  calls.watch(platform);
  const told: Told[] = [];
  platform.events.onEvent((event: EventEnvelope) => {
    if (event.source === "slipway.node")
      told.push({ type: event["detail-type"], at: clock.now(), detail: event.detail as Told["detail"] });
  });
  const self: NodeStage = {
    stage,
    told,
    nodes: (group) =>
      platform.kubernetes
        .list(CLUSTER_ARN, "Node")
        .filter((node) => {
          const name = node.metadata.labels?.["eks.amazonaws.com/nodegroup"];
          return group === undefined || name === `${group}-1` || name === group;
        })
        .map((node) => node.metadata.name)
        .sort(),
    node: (name) => platform.kubernetes.get(CLUSTER_ARN, "Node", undefined, name),
    instanceOf: (name) =>
      String(self.node(name)?.spec?.providerID ?? "")
        .split("/")
        .at(-1) ?? "",
    pass: (seconds) => clock.until(clock.sleep(seconds * 1000)),
    async put(source, type, detail, resources = []) {
      platform.events.putEvents(
        [
          {
            Source: source,
            DetailType: type,
            Detail: JSON.stringify(detail),
            Resources: [...resources],
            Time: new Date(clock.now()),
          },
        ],
        HOME,
      );
      await clock.until(clock.sleep(1));
    },
    automation: async () => parseAutomation((await store.getDocument("automation", clusterKey(REF)))?.value),
    async policy(nodes, whole) {
      const record = await store.getCluster(REF);
      if (!record) throw new Error("no cluster");
      await store.putCluster({
        ...record,
        generation: record.generation + 1,
        policy: whole ?? { ...(record.policy as object), nodes },
      });
    },
    async api(method, path, body) {
      const response = await clock.until(send(platform, method, path, body));
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    cli: (...args) => clock.until(runCli(args, (request) => platform.gateway.fetch(request))),
    operations: async () => [...(await store.listOperations({ cluster: REF, limit: 100 })).items],
    cordoned: () =>
      platform.kubernetes
        .list(CLUSTER_ARN, "Node")
        .filter((node) => node.spec?.unschedulable === true)
        .map((node) => node.metadata.name),
    workload(replicas, maxUnavailable) {
      for (const object of objectsOf({
        kind: "Deployment",
        name: "app",
        group: undefined,
        replicas,
        volumes: false,
        budget: { maxUnavailable },
      }))
        platform.kubernetes.apply(CLUSTER_ARN, object);
    },
    ofType: (type) => told.filter((event) => event.type === type),
    async close() {
      await platform.close();
      if (stage.defects.length > 0) throw new AggregateError(stage.defects, "defects");
      await refuseUngranted(calls);
    },
  };
  if (options.nodes) await self.policy(options.nodes);
  return self;
}

export { CLUSTER_ARN, clusterFile, HOME, REF };

/** What the machines are paid for: the shapes of the simulation know no Spot groups. */
function makeSpot(stage: Stage): void {
  interface Machine {
    launch: { capacityType: string };
  }
  const machines = stage.platform.kernel.durable.map<Machine>("infra.instances");
  for (const [key, machine] of machines.entries()) {
    machine.launch = { ...machine.launch, capacityType: "SPOT" };
    machines.touch(key);
  }
}
