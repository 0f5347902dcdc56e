import type { CallLog } from "./call-record.ts";
import { operationIdIn } from "./platform.ts";
import { autoScalingGroups, demoFile, service } from "./rotation.ts";
import { Story } from "./story.ts";

const FILE = demoFile(`
cloudWatch: { clusterLogging: { enableTypes: [audit], logRetentionInDays: 7 } }
addons:
- { name: vpc-cni }
- { name: kube-proxy }
- { name: coredns }
- { name: amazon-cloudwatch-observability }
managedNodeGroups:
- { name: core, instanceType: m5.large, desiredCapacity: 2, privateNetworking: true }
- { name: web, instanceType: m5.large, minSize: 1, desiredCapacity: 2, maxSize: 6, privateNetworking: true, labels: { tier: web } }
nodeGroups:
- { name: own, instanceType: m5.large, minSize: 1, desiredCapacity: 2, maxSize: 6, privateNetworking: true, labels: { tier: own }, asgSuspendProcesses: [AZRebalance], iam: { withAddonPolicies: { autoScaler: true } } }
fargateProfiles:
- { name: serverless, selectors: [{ namespace: serverless }] }
`);

const deployment = (namespace: string, name: string, image: string, spec: object = {}): string =>
  JSON.stringify({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { ...spec, containers: [{ name: "main", image }] },
      },
    },
  });

const WORKLOADS = [
  service("web", 3, { tier: "web" }),
  service("own", 3, { tier: "own" }),
  deployment("kube-system", "cluster-autoscaler", "registry.k8s.io/autoscaling/cluster-autoscaler:v1.34.0"),
  JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "serverless" } }),
  deployment("serverless", "api", "registry.example/app:1", {
    nodeSelector: { "eks.amazonaws.com/compute-type": "fargate" },
    tolerations: [{ key: "eks.amazonaws.com/compute-type", operator: "Exists" }],
  }),
].join("\n---\n");

const ENABLED = "k8s.io/cluster-autoscaler/enabled";
const TEMPLATE = "k8s.io/cluster-autoscaler/node-template/label/tier";
const PAUSED = "slipway.dev/autoscaler-paused";

/**
 * The life of the node groups of a cluster, managed and self-managed, with Cluster Autoscaler and pods on Fargate: an
 * upgrade whose add-on goes back first, rotations that are undone, outgrown and stopped.
 */
export async function lifeOfRotations(log: CallLog): Promise<void> {
  const story = await Story.begin(log);
  const { rig } = story;
  const { faults } = rig.platform;
  rig.clusterFile = FILE;

  // It fails when the alarms on its nodes are made already: they go again.
  faults.inject({ name: "AccessDenied", subject: "cloudwatch-logs/CreateLogGroup" });
  const failed = operationIdIn(await rig.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes"));
  await story.ends(failed, "Failed");
  faults.clear();
  await rig.api("POST", `/v1/operations/${failed}/retry`, {});
  await story.ends(failed, "Succeeded");
  rig.apply(WORKLOADS);
  await story.pass(5);

  // Tags that people have written on Auto Scaling groups alone, and taken from one.
  await tag(story, "web", "CreateOrUpdateTags", { Key: TEMPLATE, Value: "web", PropagateAtLaunch: false });
  await tag(story, "core", "DeleteTags", { Key: ENABLED });

  degradeWhenUpdated(story, "coredns");
  const upgrade = await story.start("/v1/clusters/demo/upgrades", { to: "1.35" });
  await story.ends(upgrade, "Failed");
  const { error } = await rig.operation(upgrade);
  if (!error?.message.includes("it is back on")) throw new Error(`not put back: ${error?.message}`);
  faults.clear();
  await rig.api("POST", `/v1/operations/${upgrade}/retry`, {});
  await story.ends(upgrade, "Succeeded");
  await rig.api("GET", "/v1/clusters/demo");

  const rotate = (group: string, change: object = {}) =>
    story.start(`/v1/clusters/demo/nodegroups/${group}/rotations`, change);
  faults.inject({ name: "StackFails", subject: "resource/Nodes", args: { message: "no capacity" } });
  await story.ends(await rotate("own"), "RolledBack");
  faults.clear();

  // Somebody scales the old group while the new one is being made: it follows.
  for (const group of ["own", "web"]) {
    const outgrown = await rotate(group);
    await story.until(outgrown, (event) => event.progress?.phase === "joining");
    const [blue] = (await groupsOf(story, group)).filter(({ tags }) => PAUSED in tags);
    await story.byHand("auto-scaling", "SetDesiredCapacity", {
      AutoScalingGroupName: blue?.AutoScalingGroupName,
      DesiredCapacity: (blue?.DesiredCapacity ?? 0) + 1,
    });
    await story.ends(outgrown, "Succeeded");
  }

  const subnets = await subnetsOf(story, "web");
  await story.ends(await rotate("web", { subnets: subnets.slice(0, 1) }), "Succeeded");

  // Stopped while the rule that tells of it is off: the sweep gives the autoscaler its group back.
  await story.byHand("eventbridge", "DisableRule", { Name: "slipway-local-execution-ended" });
  const stopped = await rotate("web");
  await story.until(stopped, (event) => event.progress?.phase === "draining");
  const { executionArn } = await rig.operation(stopped);
  await story.byHand("sfn", "StopExecution", { executionArn, cause: "by hand" });
  await story.ends(stopped, "Failed");
  const left = (await autoScalingGroups(rig)).filter(({ tags }) => PAUSED in tags);
  if (left.length > 0) throw new Error(`kept from the autoscaler: ${JSON.stringify(left)}`);
  await story.close();
}

/** An add-on is not well on the version that its next update brings, and only on that one. */
function degradeWhenUpdated({ rig }: Story, addon: string): void {
  let done = false;
  rig.platform.endpoint.beforeCall(({ operation, input }) => {
    if (done || operation !== "UpdateAddon" || input.addonName !== addon) return;
    done = true;
    const subject = `addon/${addon} version/${String(input.addonVersion)}`;
    rig.platform.faults.inject({ name: "AddonHealthIssue", subject });
  });
}

/** The Auto Scaling groups of a node group of either kind: the one that serves, and during a rotation the new one. */
const groupsOf = async ({ rig }: Story, name: string) =>
  (await autoScalingGroups(rig)).filter(
    ({ tags }) =>
      tags["slipway.dev/nodegroup"] === name || tags["eks:nodegroup-name"]?.replace(/-\d+$/, "") === name,
  );

async function subnetsOf(story: Story, name: string): Promise<string[]> {
  const [group] = await groupsOf(story, name);
  const { AutoScalingGroups } = (await story.byHand("auto-scaling", "DescribeAutoScalingGroups", {
    AutoScalingGroupNames: [group?.AutoScalingGroupName],
  })) as { AutoScalingGroups: { VPCZoneIdentifier: string }[] };
  return AutoScalingGroups.flatMap(({ VPCZoneIdentifier }) => VPCZoneIdentifier.split(","));
}

async function tag(story: Story, group: string, operation: string, what: object): Promise<void> {
  const [found] = await groupsOf(story, group);
  const ResourceId = found?.AutoScalingGroupName;
  await story.byHand("auto-scaling", operation, {
    Tags: [{ ResourceId, ResourceType: "auto-scaling-group", ...what }],
  });
}
