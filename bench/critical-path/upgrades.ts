import { MemoryStore } from "../../adapters/store/memory-store.ts";
import { ENDED, type Operation } from "../../core/operation/types.ts";
import { createPlatform, type Platform } from "../../local/platform.ts";
import type { KubeObject } from "../../local/world/kubernetes-contract.ts";
import { WorldClock, type WorldTime } from "./world-time.ts";

const MINUTE = 60_000;
const ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/demo";

/** A cluster that has been made, to begin each way of upgrading from. */
export interface Made {
  readonly checkpoint: string;
  readonly store: MemoryStore;
}

function send(platform: Platform, method: string, path: string, body?: string | object): Promise<Response> {
  const text = typeof body === "object" ? JSON.stringify(body) : body;
  return platform.gateway.fetch(
    new Request(`http://127.0.0.1${path}`, {
      method,
      headers: { "content-type": typeof body === "string" ? "application/yaml" : "application/json" },
      ...(text === undefined ? {} : { body: text }),
    }),
  );
}

const virtual = { time: { kind: "virtual" }, direct: true } as const;

/** Makes the cluster of a file, with these objects in it, and waits until all is there. */
export async function make(file: string, objects: readonly KubeObject[]): Promise<Made> {
  const store = new MemoryStore();
  const platform = await createPlatform({ ...virtual, store, seed: 1 });
  const { clock } = platform.kernel;
  const made = await clock.until(send(platform, "PUT", "/v1/clusters/demo", file));
  if (made.status !== 202) throw new Error(`the cluster cannot be made: ${await made.text()}`);
  await clock.until(clock.sleep(90 * MINUTE));
  for (const object of objects) platform.kubernetes.apply(ARN, object);
  await clock.until(clock.sleep(30 * MINUTE));
  const checkpoint = platform.kernel.durable.dump();
  await platform.close();
  return { checkpoint, store };
}

export interface Took {
  readonly seconds: number;
  readonly world: WorldTime;
}

/** Slipway's own upgrade. Uses the store up: one upgrade for each cluster that was made. */
export async function bySlipway({ checkpoint, store }: Made, to: string): Promise<Took> {
  const platform = await createPlatform({ ...virtual, store, checkpoint, seed: 2 });
  const { clock } = platform.kernel;
  const asked = await clock.until(send(platform, "POST", "/v1/clusters/demo/upgrades", { to }));
  const text = await asked.text();
  if (asked.status !== 202) throw new Error(`the upgrade was refused: ${text}`);
  const { id } = JSON.parse(text) as Operation;
  const world = new WorldClock(platform, ARN);
  for (;;) {
    await clock.until(clock.sleep(MINUTE));
    const operation = await store.getOperation(id);
    if (!operation || !ENDED.has(operation.status)) continue;
    const durations = world.stop();
    await platform.close();
    if (operation.status !== "Succeeded")
      throw new Error(`the upgrade ended as ${operation.status}: ${operation.error?.message}`);
    const seconds = (Date.parse(operation.endedAt ?? "") - Date.parse(operation.startedAt ?? "")) / 1000;
    return { seconds, world: durations };
  }
}

interface Hands {
  readonly platform: Platform;
  eks(operation: string, input: object): Promise<Record<string, unknown>>;
  sleep(seconds: number): Promise<void>;
  /** Looks every so many seconds, as the tools do. */
  until(done: () => Promise<boolean>): Promise<void>;
}

/** EKS's own tools look about so often. */
const POLL_SECONDS = 15;

function handsOn(platform: Platform): Hands {
  const { clock } = platform.kernel;
  const arn = `arn:aws:iam::${platform.home.account}:user/somebody`;
  const principal = { type: "IAMUser", arn, account: platform.home.account, accessKeyId: "" } as const;
  const hands: Hands = {
    platform,
    eks: (operation, input) =>
      platform.endpoint.call("eks", operation, input, { ...platform.home, principal }),
    sleep: (seconds) => clock.sleep(seconds * 1000),
    async until(done) {
      while (!(await done())) await hands.sleep(POLL_SECONDS);
    },
  };
  return hands;
}

async function byHand(made: Made, work: (hands: Hands) => Promise<void>): Promise<number> {
  const platform = await createPlatform({
    ...virtual,
    store: new MemoryStore(),
    checkpoint: made.checkpoint,
    seed: 2,
  });
  const { clock } = platform.kernel;
  const began = clock.now();
  await clock.until(work(handsOn(platform)));
  const seconds = (clock.now() - began) / 1000;
  await platform.close();
  return seconds;
}

/** Control plane, then add-ons one after the other: the same beginning for both. */
async function upgradeControlPlane({ eks, until }: Hands, to: string): Promise<void> {
  await eks("UpdateClusterVersion", { name: "demo", version: to });
  const settled = async (): Promise<boolean> => {
    const { cluster } = (await eks("DescribeCluster", { name: "demo" })) as { cluster: { status: string } };
    return cluster.status === "ACTIVE";
  };
  await until(settled);
  const { addons } = (await eks("ListAddons", { clusterName: "demo" })) as { addons: string[] };
  for (const addonName of addons) {
    const versions = (await eks("DescribeAddonVersions", { addonName, kubernetesVersion: to })) as {
      addons: { addonVersions: { addonVersion: string; compatibilities: { defaultVersion: boolean }[] }[] }[];
    };
    const wanted = versions.addons[0]?.addonVersions.find(({ compatibilities }) =>
      compatibilities.some(({ defaultVersion }) => defaultVersion),
    )?.addonVersion;
    const describe = (await eks("DescribeAddon", { clusterName: "demo", addonName })) as {
      addon: { addonVersion: string };
    };
    if (!wanted || describe.addon.addonVersion === wanted) continue;
    await eks("UpdateAddon", {
      clusterName: "demo",
      addonName,
      addonVersion: wanted,
      resolveConflicts: "OVERWRITE",
    });
    await until(async () => {
      const { addon } = (await eks("DescribeAddon", { clusterName: "demo", addonName })) as {
        addon: { status: string };
      };
      return addon.status !== "UPDATING";
    });
  }
}

async function groupsOf({ eks }: Hands): Promise<string[]> {
  const { nodegroups } = (await eks("ListNodegroups", { clusterName: "demo" })) as { nodegroups: string[] };
  return nodegroups;
}

async function statusOf({ eks }: Hands, nodegroupName: string): Promise<string> {
  try {
    const { nodegroup } = (await eks("DescribeNodegroup", { clusterName: "demo", nodegroupName })) as {
      nodegroup: { status: string };
    };
    return nodegroup.status;
  } catch {
    return "gone";
  }
}

/**
 * As with eksctl: `upgrade cluster`, the add-ons, then for one group after the other `create nodegroup`, `drain
 * nodegroup` with its defaults (one node at a time, ten seconds between attempts), `delete nodegroup`.
 */
export const byEksctl = (made: Made, to: string): Promise<number> =>
  byHand(made, async (hands) => {
    await upgradeControlPlane(hands, to);
    for (const blue of await groupsOf(hands)) {
      const { nodegroup } = (await hands.eks("DescribeNodegroup", {
        clusterName: "demo",
        nodegroupName: blue,
      })) as { nodegroup: Record<string, unknown> };
      const { subnets, nodeRole, scalingConfig, instanceTypes, amiType, labels, taints } = nodegroup;
      await hands.eks("CreateNodegroup", {
        clusterName: "demo",
        nodegroupName: `${blue}-new`,
        ...{ subnets, nodeRole, scalingConfig, instanceTypes, amiType, labels, taints },
      });
      await hands.until(async () => (await statusOf(hands, `${blue}-new`)) !== "CREATING");
      await drainOneByOne(hands, blue);
      await hands.eks("DeleteNodegroup", { clusterName: "demo", nodegroupName: blue });
      await hands.until(async () => (await statusOf(hands, blue)) === "gone");
    }
  });

const EVICTION_WAIT_SECONDS = 10;

async function drainOneByOne({ platform, sleep }: Hands, nodegroup: string): Promise<void> {
  const { kubernetes } = platform;
  const nodes = kubernetes.nodeNames(ARN, { "eks.amazonaws.com/nodegroup": nodegroup });
  for (const node of nodes) kubernetes.setUnschedulable(ARN, node, true);
  for (const node of nodes)
    for (;;) {
      const pods = kubernetes.drainablePods(ARN, node);
      if (pods.length === 0) break;
      for (const { namespace, name } of pods) kubernetes.evict(ARN, namespace, name);
      await sleep(EVICTION_WAIT_SECONDS);
    }
}

/** EKS's own rolling update with its default, maxUnavailable 1; all groups at once. */
export const byRollingUpdate = (made: Made, to: string): Promise<number> =>
  byHand(made, async (hands) => {
    await upgradeControlPlane(hands, to);
    const groups = await groupsOf(hands);
    for (const nodegroupName of groups)
      await hands.eks("UpdateNodegroupVersion", { clusterName: "demo", nodegroupName, version: to });
    for (const group of groups) await hands.until(async () => (await statusOf(hands, group)) !== "UPDATING");
  });
