import type { KubeObject } from "../../local/world/kubernetes-contract.ts";
import { DEMO_ARN, type Rig } from "./platform.ts";
import { callAws } from "./provisioning.ts";

/** A cluster named demo with the groups that a test wants, as sections of YAML; `policy` are lines under `rotation:`. */
export const demoFile = (sections: string, options: { version?: string; policy?: string } = {}): string =>
  `apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: { name: demo, region: eu-west-1, version: "${options.version ?? "1.34"}" }
availabilityZones: [eu-west-1a, eu-west-1b]
${sections}
---
apiVersion: slipway.dev/v1
kind: AutomationPolicy
metadata: { name: demo }
rotation: { maxUnavailable: 2, bakeSeconds: 30, drainDeadlineSeconds: 600, podGraceSeconds: 60${options.policy ? `, ${options.policy}` : ""} }
`;

/** A service of `replicas` pods with a budget of one, on the nodes of a label. */
export const service = (name: string, replicas: number, selector: Record<string, string> = {}): string =>
  JSON.stringify({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { nodeSelector: selector, containers: [{ name: "main", image: "registry.example/app:1" }] },
      },
    },
  }).concat(
    "\n---\n",
    JSON.stringify({
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name, namespace: "default" },
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: name } } },
    }),
    "\n",
  );

export const nodesOf = (rig: Rig, labels: Record<string, string> = {}): KubeObject[] =>
  rig.platform.kubernetes
    .list(DEMO_ARN, "Node")
    .filter((node) => Object.entries(labels).every(([key, value]) => node.metadata.labels?.[key] === value));

export const kubeletOf = (node: KubeObject): string =>
  String(
    (node.status as { nodeInfo?: { kubeletVersion?: string } } | undefined)?.nodeInfo?.kubeletVersion ?? "",
  );

/** Names of the stacks that exist, without what Slipway's own ones are. */
export async function stacks(rig: Rig): Promise<string[]> {
  const { Stacks } = await callAws<{ Stacks: { StackName: string; StackStatus: string }[] }>(
    rig,
    "cloudformation",
    "DescribeStacks",
    {},
  );
  return Stacks.filter((stack) => stack.StackStatus !== "DELETE_COMPLETE")
    .map((stack) => stack.StackName)
    .sort();
}

/** Auto Scaling groups, as the API describes them. */
export async function autoScalingGroups(rig: Rig) {
  const { AutoScalingGroups } = await callAws<{
    AutoScalingGroups: {
      AutoScalingGroupName: string;
      MinSize: number;
      MaxSize: number;
      DesiredCapacity: number;
      Tags: { Key: string; Value: string }[];
    }[];
  }>(rig, "auto-scaling", "DescribeAutoScalingGroups", {});
  return AutoScalingGroups.map(({ Tags, ...group }) => ({
    ...group,
    tags: Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])),
  }));
}

/** Nothing cordoned, no lease; whatever happened. */
export function cordoned(rig: Rig): string[] {
  return nodesOf(rig)
    .filter((node) => node.spec?.unschedulable === true)
    .map((node) => node.metadata.name);
}
