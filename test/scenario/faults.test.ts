import { afterEach, describe, expect, it } from "vitest";
import type { Operation } from "../../core/operation/types.ts";
import type { FaultSpec } from "../../local/world/faults.ts";
import type { KubeObject } from "../../local/world/kubernetes-contract.ts";
import { Scene } from "../builders/scene.ts";
import { CLUSTER_ARN, clusterFile, objectsOf, type Stage, stageOf } from "../simulation/cluster.ts";
import type { ClusterShape, Work } from "../simulation/scenario.ts";

/**
 * What breaks in the field, one case each: the operation ends, says what broke in the words of who has to mend it
 * (`slipway describe operation`), leaves nothing behind, and a retry completes it once it is mended.
 */
interface Case {
  readonly field: string;
  readonly work: Work["type"];
  readonly fault?: FaultSpec;
  /** Objects that come into the cluster when the operation has been accepted. */
  readonly objects?: (oldNode: string) => readonly KubeObject[];
  readonly rolling?: boolean;
  /** The fault is there when the operation is asked for: it is refused. */
  readonly refused?: boolean;
  readonly status?: Operation["status"];
  readonly says: readonly RegExp[];
}

const SHAPE: ClusterShape = {
  name: "demo",
  version: "1.33",
  zones: 2,
  groups: [{ name: "general", size: 2, dedicated: false, oneZone: false }],
};
const ROTATION = { maxUnavailable: 1, bakeSeconds: 0, drainDeadlineSeconds: 600, podGraceSeconds: 60 };

const budget = (name: string, spec: object): KubeObject => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name, namespace: "default" },
  spec: { ...spec, selector: { matchLabels: { app: "app" } } },
});

/** Pods that no taint keeps away: evicted, their controller puts them back where they were. */
const clinging = (node: string): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "clinging", namespace: "default" },
  spec: {
    replicas: 4,
    selector: { matchLabels: { app: "clinging" } },
    template: {
      metadata: { labels: { app: "clinging" } },
      spec: {
        tolerations: [{ operator: "Exists" }],
        nodeSelector: { "kubernetes.io/hostname": node },
        containers: [{ name: "main", image: "registry.example/clinging:1" }],
      },
    },
  },
});

const GREEN = "nodegroup/general-2";

const CASES: readonly Case[] = [
  // Pods and budgets
  {
    field: "a budget that allows 0",
    work: "upgrade",
    objects: () => [budget("app", { maxUnavailable: 0 })],
    says: [/ChecksBlocked/, /PDB_BLOCKS_DRAIN/, /default\/app/],
  },
  {
    field: "a budget that allows 0, when EKS itself replaces the nodes",
    work: "upgrade",
    rolling: true,
    fault: { name: "WebhookRejectsPods", subject: "pod/default/" },
    says: [/UpdateFailed/, /PodEvictionFailure/, /general-1/],
  },
  {
    field: "several budgets on one pod",
    work: "upgrade",
    objects: () => [budget("second", { maxUnavailable: 1 })],
    says: [/PDB_OVERLAP|PdbBlockedDrain/, /default\/(app|second)/],
  },
  {
    field: "a policy engine rejects new pods",
    work: "rotate",
    fault: { name: "WebhookRejectsPods", subject: "pod/default/" },
    status: "RolledBack",
    says: [/PdbBlockedDrain/, /default\/app/],
  },
  {
    field: "a policy engine rejects what new nodes need",
    work: "rotate",
    fault: { name: "WebhookRejectsPods", subject: "pod/kube-system/" },
    status: "RolledBack",
    says: [/NodegroupFailed/, /NodeCreationFailure/, /general-2/],
  },
  {
    field: "evictions end in errors of the API server",
    work: "rotate",
    fault: { name: "EvictionError", args: { message: "etcd is away" } },
    status: "RolledBack",
    says: [/etcd is away/],
  },
  {
    field: "pods that tolerate every taint",
    work: "rotate",
    objects: (node) => [clinging(node)],
    status: "RolledBack",
    says: [/DrainTimedOut|PdbBlockedDrain/, /tolerate every taint/, /general-1/],
  },
  // The control plane
  {
    field: "control-plane subnet without IPs",
    work: "upgrade",
    fault: { name: "ControlPlaneSubnetWithoutIps" },
    says: [/UpdateFailed in 1\.34\/control-plane/, /IpNotAvailable/],
  },
  {
    field: "the control plane cannot be upgraded",
    work: "upgrade",
    fault: { name: "ControlPlaneUpgradeFails" },
    says: [/UpdateFailed in 1\.34\/control-plane/, /control plane/],
  },
  {
    field: "EKS refuses the upgrade for its insights",
    work: "upgrade",
    fault: { name: "InsightsBlockUpgrade" },
    says: [/in 1\.34\/control-plane/, /insight/i],
  },
  {
    field: "a deprecated API is in use",
    work: "upgrade",
    fault: { name: "DeprecatedApiInUse" },
    says: [/ChecksBlocked in 1\.34\/checks/, /INSIGHTS/, /Deprecated API/],
  },
  {
    field: "insights cannot be evaluated",
    work: "upgrade",
    fault: { name: "InsightUnknown" },
    says: [/ChecksBlocked in 1\.34\/checks/, /UNKNOWN/],
  },
  {
    field: "insights cannot be refreshed",
    work: "upgrade",
    fault: { name: "InsightsRefreshFails" },
    says: [/ChecksBlocked in 1\.34\/checks/, /refresh of insights failed/],
  },
  {
    field: "the cluster has a health issue",
    work: "upgrade",
    fault: { name: "ClusterHealthIssue" },
    refused: true,
    says: [/CLUSTER_HEALTH/],
  },
  // New nodes
  {
    field: "user data wrong: nodes never join",
    work: "upgrade",
    fault: { name: "NodesNeverJoin", subject: GREEN },
    says: [/NodegroupFailed in 1\.34\/nodegroup\/general/, /NodeCreationFailure/, /general-2/],
  },
  {
    field: "nodes join and never become Ready",
    work: "rotate",
    fault: { name: "NodesNeverReady", subject: GREEN },
    status: "RolledBack",
    says: [/NodegroupFailed|NodesNotReady/, /general-2/],
  },
  {
    field: "node subnet without IPs",
    work: "upgrade",
    fault: { name: "SubnetWithoutIps", subject: GREEN },
    says: [/NodegroupFailed/, /InsufficientFreeAddresses/],
  },
  {
    field: "node subnet gone",
    work: "rotate",
    fault: { name: "SubnetGone", subject: GREEN },
    status: "RolledBack",
    says: [/NodegroupFailed/, /Ec2SubnetNotFound|does not exist/],
  },
  {
    field: "the zone has no capacity",
    work: "rotate",
    fault: { name: "InsufficientInstanceCapacity", subject: GREEN },
    status: "RolledBack",
    says: [/NodegroupFailed/, /AsgInstanceLaunchFailures/, /capacity/],
  },
  {
    field: "instance quota reached",
    work: "rotate",
    fault: { name: "InstanceQuota", subject: GREEN },
    status: "RolledBack",
    says: [/NodegroupFailed/, /limit|quota/i],
  },
  {
    field: "the nodes' role is gone",
    work: "rotate",
    fault: { name: "RoleGone" },
    says: [/ChecksBlocked/, /IamRoleNotFound/],
  },
  {
    field: "the node group is ill before it begins",
    work: "upgrade",
    fault: { name: "NodegroupHealthIssue" },
    refused: true,
    says: [/NODEGROUP_HEALTH/, /launch template/],
  },
  {
    field: "a node group stuck UPDATING",
    work: "upgrade",
    rolling: true,
    fault: { name: "NodegroupStuckUpdating" },
    says: [/UpdateTimedOut/, /general-1/, /has not ended/],
  },
  // Add-ons
  {
    field: "an add-on's fields were changed by hand: they are kept",
    work: "upgrade",
    fault: { name: "AddonConflict" },
    status: "Succeeded",
    says: [],
  },
  {
    field: "an add-on's update fails",
    work: "upgrade",
    fault: { name: "AddonUpdateFails", args: { code: "ConfigurationConflict", message: "Apply failed" } },
    says: [/AddonUpdateFailed in 1\.34\/addon\//, /ConfigurationConflict/],
  },
  {
    field: "an add-on has too few replicas after its update",
    work: "upgrade",
    fault: { name: "PodsSlowToReady" },
    says: [/AddonUpdateFailed in 1\.34\/addon\//, /InsufficientNumberOfReplicas/],
  },
  {
    field: "an add-on is DEGRADED after its update",
    work: "addons",
    fault: { name: "AddonHealthIssue", subject: "addon/coredns" },
    says: [/AddonDegraded|ADDON_HEALTH/, /coredns/],
  },
  // The calls
  {
    field: "throttling at mass start",
    work: "upgrade",
    fault: { name: "Throttle", times: 60 },
    status: "Succeeded",
    says: [],
  },
  {
    field: "EKS says ACTIVE while the update runs",
    work: "upgrade",
    fault: { name: "StatusActiveDuringUpdate" },
    status: "Succeeded",
    says: [],
  },
  {
    field: "EKS throttles for hours",
    work: "rotate",
    fault: { name: "Throttle" },
    says: [/Throttl/, /throttled/],
  },
  {
    field: "the Kubernetes API is away for hours",
    work: "rotate",
    fault: { name: "KubernetesUnavailable" },
    says: [/503|unable to handle/],
  },
  // Provisioning
  {
    field: "a resource of the stack is refused",
    work: "provision",
    fault: { name: "StackFails", args: { message: "VPC limit reached" } },
    says: [/StackFailed/, /VPC limit reached|slipway-demo/],
  },
  {
    field: "the cluster cannot be created",
    work: "provision",
    fault: { name: "ClusterCreationFails" },
    says: [/ClusterFailed in provision\/cluster/],
  },
  {
    field: "the nodes of a new cluster never join",
    work: "provision",
    fault: { name: "NodesNeverJoin" },
    says: [/NodegroupFailed/, /NodeCreationFailure/],
  },
  {
    field: "an add-on of a new cluster cannot be created",
    work: "provision",
    fault: { name: "AddonCreationFails" },
    says: [/AddonFailed in provision\/addon\//],
  },
];

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.platform.close();
  stage = undefined;
});

function ask(scene: Scene, work: Work["type"], rolling: boolean): Promise<{ status: number; text: string }> {
  const path = "/v1/clusters/demo";
  switch (work) {
    case "upgrade":
      return scene.send("POST", `${path}/upgrades`, { to: "1.34" });
    case "rotate":
      return scene.send("POST", `${path}/nodegroups/general/rotations`, {});
    case "addons":
      return scene.send("POST", `${path}/addon-updates`, {});
    case "provision":
      return scene.send("PUT", path, clusterFile(SHAPE, policyOf(rolling)));
    case "delete":
      return scene.send("DELETE", path);
  }
}

const policyOf = (rolling: boolean) => ({
  rotation: { ...ROTATION, method: rolling ? "rolling" : "blueGreen" },
  latestAddons: true,
});

describe("what breaks in the field", () => {
  it.each(CASES)("$field ($work, $fault.name)", async (entry) => {
    const { work, fault, objects: comes = () => [], rolling = false, refused = false, says } = entry;
    const status = entry.status ?? "Failed";
    stage = await stageOf({ cluster: SHAPE, seed: 1, work: { type: work } as Work, ...policyOf(rolling) });
    const { kubernetes, faults } = stage.platform;
    const scene = new Scene(stage);
    if (work !== "provision") {
      const app = { kind: "Deployment", name: "app", replicas: 3, group: undefined, volumes: false } as const;
      for (const object of objectsOf({ ...app, budget: { maxUnavailable: 1 } }))
        kubernetes.apply(CLUSTER_ARN, object);
      await scene.pass(5);
    }
    const [node] = kubernetes.hasCluster(CLUSTER_ARN) ? kubernetes.nodeNames(CLUSTER_ARN) : [];
    const objects = comes(node ?? "");
    if (fault && refused) faults.inject(fault);
    const asked = await ask(scene, work, rolling);
    if (refused) {
      expect(asked.status).toBe(409);
      for (const words of says) expect(asked.text).toMatch(words);
      return;
    }
    expect(asked.status, asked.text).toBe(202);
    const { id } = JSON.parse(asked.text) as Operation;
    if (fault) faults.inject(fault);
    for (const object of objects) kubernetes.apply(CLUSTER_ARN, object);

    const operation = await scene.ended(id);
    const told = await scene.described(id);
    expect(operation.status, told).toBe(status);
    for (const words of says) expect(told).toMatch(words);
    if (status === "Succeeded") return scene.expectNothingLeft();
    expect(operation.error?.remedy).toMatch(/\w+.*\.$/);

    // Somebody mends it.
    faults.clear();
    for (const { kind, metadata } of objects)
      kubernetes.delete(CLUSTER_ARN, kind, metadata.namespace, metadata.name);
    if (objects.length > 0 && work !== "provision")
      kubernetes.apply(CLUSTER_ARN, budget("app", { maxUnavailable: 1 }));
    await scene.pass(90);
    const again = await scene.send("POST", `/v1/operations/${id}/retry`, {});
    expect(again.status, again.text).toBe(202);
    const completed = await scene.ended(id);
    expect(completed, JSON.stringify(completed.error)).toMatchObject({ status: "Succeeded", attempt: 2 });
    await scene.expectNothingLeft();
  });
});
