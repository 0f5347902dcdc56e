import { MemoryStore } from "../../adapters/store/memory-store.ts";
import { parseClusterFile } from "../../core/cluster-config/parse.ts";
import type { ClusterRecord } from "../../core/ports/store.ts";
import { createPlatform, type Platform } from "../../local/platform.ts";
import type { KubeObject } from "../../local/world/kubernetes-contract.ts";
import type { Change, ClusterShape, GroupShape, Scenario, Workload } from "./scenario.ts";

export const CLUSTER_ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/demo";
export const REF = { account: "111122223333", region: "eu-west-1", name: "demo" };
export const KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
const ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];

/** The file that a person would apply for this cluster, with a change that was drawn for it. */
export function clusterFile(
  shape: ClusterShape,
  policy: Pick<Scenario, "rotation" | "latestAddons" | "approvals" | "window">,
  change?: Change,
): string {
  const several = change === "several";
  const group = (one: GroupShape, i: number) => ({
    name: one.name,
    instanceType: i === 0 && (several || change === "machines") ? "m5.large" : "m6i.large",
    desiredCapacity: one.size,
    minSize: 1,
    maxSize: one.size + 2,
    labels: { pool: one.name, ...(i === 0 && (several || change === "labels") ? { tier: "1" } : {}) },
    ...(one.template ? { volumeType: "gp3" } : {}),
    ...(one.oneZone ? { availabilityZones: ZONES.slice(0, 1) } : {}),
    ...(one.dedicated ? { taints: [{ key: "pool", value: one.name, effect: "NoSchedule" }] } : {}),
  });
  const fresh: GroupShape = { name: "fresh", size: 1, dedicated: false, oneZone: false };
  const groups = [...shape.groups, ...(several || change === "group" ? [fresh] : [])];
  const config = {
    apiVersion: "eksctl.io/v1alpha5",
    kind: "ClusterConfig",
    metadata: {
      name: shape.name,
      region: REF.region,
      version: shape.version,
      ...(several || change === "tags" ? { tags: { owner: "b" } } : {}),
    },
    availabilityZones: ZONES.slice(0, shape.zones),
    ...(shape.encrypted ? { secretsEncryption: { keyARN: KEY_ARN } } : {}),
    accessConfig: { authenticationMode: "API_AND_CONFIG_MAP" },
    addons: [
      { name: "vpc-cni" },
      { name: "coredns" },
      { name: "kube-proxy" },
      { name: "aws-ebs-csi-driver" },
    ],
    managedNodeGroups: groups.filter((one) => !one.selfManaged).map(group),
    ...(groups.some((one) => one.selfManaged)
      ? { nodeGroups: groups.filter((one) => one.selfManaged).map((one) => group(one, groups.length)) }
      : {}),
    ...(several || change === "logging"
      ? { cloudWatch: { clusterLogging: { enableTypes: ["audit"] } } }
      : {}),
  };
  const document = {
    apiVersion: "slipway.dev/v1",
    kind: "AutomationPolicy",
    metadata: { name: "demo" },
    rotation: policy.rotation,
    addons: { prefer: policy.latestAddons ? "latest" : "default" },
    ...(policy.approvals ? { approvals: "perHop" } : {}),
    ...(policy.window
      ? { windows: { open: [{ cron: "cron(0 0,3,6,9,12,15,18,21 * * ? *)", durationMinutes: 60 }] } }
      : {}),
  };
  return `${JSON.stringify(config)}\n---\n${JSON.stringify(document)}\n`;
}

/** Deployment or stateful set, with its budget. */
export function objectsOf(workload: Workload): KubeObject[] {
  const { kind, name, replicas, group, volumes, budget } = workload;
  const metadata = { name, namespace: "default" };
  const selector = { matchLabels: { app: name } };
  const container = {
    name: "main",
    image: "registry.example/app:1",
    resources: { requests: { cpu: "100m", memory: "64Mi" } },
  };
  const placed = group
    ? {
        nodeSelector: { pool: group },
        tolerations: [{ key: "pool", operator: "Equal", value: group, effect: "NoSchedule" }],
      }
    : {};
  const claims = volumes
    ? {
        volumeClaimTemplates: [
          {
            metadata: { name: "data" },
            spec: {
              accessModes: ["ReadWriteOnce"],
              // EKS no longer marks it as the default.
              storageClassName: "gp2",
              resources: { requests: { storage: "1Gi" } },
            },
          },
        ],
      }
    : {};
  const mounted = volumes ? { volumeMounts: [{ name: "data", mountPath: "/data" }] } : {};
  return [
    {
      apiVersion: "apps/v1",
      kind,
      metadata,
      spec: {
        replicas,
        selector,
        ...(kind === "StatefulSet" ? { serviceName: name, ...claims } : {}),
        template: {
          metadata: { labels: { app: name } },
          spec: { ...placed, containers: [{ ...container, ...mounted }] },
        },
      },
    },
    ...(budget
      ? [{ apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata, spec: { ...budget, selector } }]
      : []),
  ];
}

const HOUR = 3_600_000;

/** Platforms that have provisioned a cluster, as text; each shape is made once per process. */
const checkpoints = new Map<string, string>();

async function checkpointOf(shape: ClusterShape): Promise<string> {
  const key = JSON.stringify(shape);
  const known = checkpoints.get(key);
  if (known !== undefined) return known;
  const platform = await createPlatform({
    time: { kind: "virtual" },
    store: new MemoryStore(),
    seed: 1,
    direct: true,
  });
  const { clock, durable } = platform.kernel;
  const file = clusterFile(shape, { rotation: {}, latestAddons: false });
  const made = await clock.until(send(platform, "PUT", "/v1/clusters/demo", file));
  if (made.status !== 202) throw new Error(`the cluster cannot be made: ${await made.text()}`);
  await clock.until(clock.sleep(2 * HOUR));
  const cluster = (await (await clock.until(send(platform, "GET", "/v1/clusters/demo"))).json()) as {
    operation?: string;
    nodegroups?: readonly object[];
  };
  const managed = shape.groups.filter((group) => !group.selfManaged);
  if (cluster.operation !== undefined || cluster.nodegroups?.length !== managed.length)
    throw new Error(`the cluster was not made: ${JSON.stringify(cluster)}`);
  const text = durable.dump();
  await platform.close();
  checkpoints.set(key, text);
  return text;
}

export interface Stage {
  readonly platform: Platform;
  readonly store: MemoryStore;
  readonly defects: unknown[];
}

/** A platform at the beginning of a run: with the scenario's cluster, except where the run has to make it. */
export async function stageOf(
  scenario: Pick<
    Scenario,
    "cluster" | "seed" | "work" | "rotation" | "latestAddons" | "approvals" | "window"
  > & {
    /** With bytes between SDK clients and the endpoint, as {@link PlatformOptions.direct} says. */
    readonly wire?: boolean;
  },
): Promise<Stage> {
  const { cluster, seed } = scenario;
  const checkpoint = scenario.work.type === "provision" ? undefined : await checkpointOf(cluster);
  const store = new MemoryStore();
  const defects: unknown[] = [];
  const platform = await createPlatform({
    time: { kind: "virtual" },
    seed,
    store,
    direct: !(scenario.wire ?? false),
    onDefect: (defect) => defects.push(defect),
    onFailure: (error) => defects.push(error),
    ...(checkpoint === undefined ? {} : { checkpoint }),
  });
  if (checkpoint !== undefined && scenario.work.type !== "adopt") {
    const { config, policy } = parseClusterFile(clusterFile(cluster, scenario));
    const record: ClusterRecord = {
      ref: REF,
      config,
      policy,
      generation: 1,
      updatedAt: new Date(platform.kernel.clock.now()).toISOString(),
      updatedBy: "simulation",
    };
    await store.putCluster(record);
  }
  return { platform, store, defects };
}

/** A request to the API, of the local operator unless it is somebody else's; drive the clock meanwhile. */
export function send(
  platform: Platform,
  method: string,
  path: string,
  body?: unknown,
  user?: string,
): Promise<Response> {
  const text = typeof body === "string" ? body : body === undefined ? undefined : JSON.stringify(body);
  return platform.gateway.fetch(
    new Request(`http://127.0.0.1${path}`, {
      method,
      headers: {
        "content-type": typeof body === "string" ? "application/yaml" : "application/json",
        ...(user ? { "x-slipway-user": user } : {}),
      },
      ...(text === undefined ? {} : { body: text }),
    }),
  );
}

/** Another process on what a killed one had on disk; Slipway's table is in DynamoDB, which nobody kills. */
export function restartStage(stage: Stage, checkpoint: string, seed: number): Promise<Platform> {
  return createPlatform({
    time: { kind: "virtual" },
    seed,
    store: stage.store,
    direct: true,
    checkpoint,
    onDefect: (defect) => stage.defects.push(defect),
    onFailure: (error) => stage.defects.push(error),
  });
}
