import type { CallLog } from "./call-record.ts";
import { DEMO_ARN, startRig } from "./platform.ts";

const HOME = { account: "111122223333", region: "eu-west-1" };

const cluster = (action: "terminate" | "reboot"): string => `apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: { name: demo, region: eu-west-1, version: "1.33" }
accessConfig: { authenticationMode: API_AND_CONFIG_MAP }
addons:
- { name: vpc-cni }
- { name: coredns }
- { name: kube-proxy }
- { name: amazon-cloudwatch-observability }
managedNodeGroups:
- { name: workers, instanceType: m6i.large, spot: true, minSize: 1, desiredCapacity: 4, maxSize: 6 }
---
apiVersion: slipway.dev/v1
kind: AutomationPolicy
nodes: { mode: remediate, confirmSeconds: 60, action: ${action}, coolDownSeconds: 60 }
`;

/**
 * The life of the nodes of a cluster, with the table and the roles of a deployment: every source, every way of a
 * remediation, every route. For the record of the calls that are made, and as a scenario of its own.
 */
export async function lifeOfNodes(log: CallLog): Promise<void> {
  const rig = await startRig();
  log.watch(rig.platform);
  const { platform } = rig;
  const { clock } = platform.kernel;
  const pass = (seconds: number): Promise<void> => clock.until(clock.sleep(seconds * 1000));
  const nodes = (): string[] => platform.kubernetes.nodeNames(DEMO_ARN).sort();
  const instanceOf = (name: string): string =>
    String(platform.kubernetes.get(DEMO_ARN, "Node", undefined, name)?.spec?.providerID)
      .split("/")
      .at(-1) ?? "";
  const apply = async (action: "terminate" | "reboot"): Promise<void> => {
    rig.clusterFile = cluster(action);
    const run = await rig.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes");
    if (run.code !== 0) throw new Error(run.stdout + run.stderr);
  };

  await apply("terminate");
  await pass(600);
  const [silent = ""] = nodes();
  // Its alarm goes off before the sweep comes.
  platform.troubles.sicken(DEMO_ARN, silent, { condition: "Ready" });
  await pass(3600);
  expectGone(nodes(), silent);

  const [taken = "", recommended = "", retired = ""] = nodes();
  platform.troubles.recommendRebalance(HOME, instanceOf(recommended));
  platform.troubles.interruptSpot(HOME, instanceOf(taken));
  await pass(1200);
  platform.troubles.scheduleMaintenance(HOME, instanceOf(retired), {
    code: "instance-retirement",
    at: clock.now() + 5 * 86_400_000,
  });
  await pass(3600);
  expectGone(nodes(), retired);

  await apply("reboot");
  await pass(300);
  const [locked = ""] = nodes();
  platform.troubles.sicken(DEMO_ARN, locked, { condition: "KernelReady" });
  await pass(1800);
  if (!nodes().includes(locked)) throw new Error("a node was replaced that should have been rebooted");

  // Recovers between the cordon and the last look: the step is skipped.
  const [brief = ""] = nodes();
  platform.kubernetes.onChange((_arn, _type, object) => {
    if (object.metadata.name === brief && object.kind === "Node" && object.spec?.unschedulable === true)
      clock.at(clock.now(), () => platform.troubles.heal(DEMO_ARN, brief));
  });
  platform.troubles.sicken(DEMO_ARN, brief, { condition: "StorageReady" });
  await pass(1800);

  platform.faults.inject({ name: "InsufficientInstanceCapacity" });
  // A machine that somebody ends lets Slipway look, and find another one that is sick.
  const [ended = "", found = ""] = nodes().slice(-2);
  platform.troubles.sicken(DEMO_ARN, found, { condition: "KernelReady" });
  await pass(65);
  const arn = "arn:aws:iam::111122223333:user/somebody";
  const principal = { type: "IAMUser", arn, account: HOME.account, accessKeyId: "AKIA111122223333" } as const;
  await clock.until(
    platform.endpoint.call(
      "ec2",
      "TerminateInstances",
      { InstanceIds: [instanceOf(ended)] },
      { ...HOME, principal },
    ),
  );
  await pass(300);
  await rig.api("POST", "/v1/clusters/demo/nodes/nobody/remediations", {});
  const [asked = ""] = nodes();
  platform.troubles.sicken(DEMO_ARN, asked, { condition: "StorageReady" });
  await pass(5);
  await rig.slipway("remediate", "demo", asked, "--dry-run");
  await rig.slipway("remediate", "demo", asked, "--yes");
  await pass(1800);
  for (const args of [
    ["nodes", "demo"],
    ["automation", "demo"],
    ["automation", "demo", "--reset-breaker", "--reason", "looked at it"],
  ])
    await rig.slipway(...args);
  platform.faults.clear();

  const put = (type: string, resources: string[], detail: object): void => {
    platform.events.putEvents(
      [
        {
          Source: type.startsWith("AWS Health") ? "aws.health" : "aws.eks",
          DetailType: type,
          Resources: resources,
          Detail: JSON.stringify(detail),
        },
      ],
      HOME,
    );
  };
  platform.faults.inject({ name: "AddonHealthIssue", subject: "coredns", args: { code: "AccessDenied" } });
  put("EKS Addon Health Degraded", [`arn:aws:eks:eu-west-1:111122223333:addon/demo/coredns/1`], {});
  const pod = platform.kubernetes.list(DEMO_ARN, "Pod", "kube-system")[0]?.metadata.name;
  put("EKS Fargate Pod Scheduled Termination", [], {
    clusterName: "demo",
    podName: pod,
    podNamespace: "kube-system",
  });
  put("AWS Health Event", [], {
    eventArn: "arn:aws:health:eu-west-1::event/EKS/AWS_EKS_PLANNED_LIFECYCLE_EVENT/x",
    service: "EKS",
    eventTypeCode: "AWS_EKS_PLANNED_LIFECYCLE_EVENT",
    affectedEntities: [{ entityValue: DEMO_ARN }],
  });
  await pass(600);
  const deleted = await rig.slipway("delete", "demo", "--wait", "--yes");
  if (deleted.code !== 0) throw new Error(deleted.stdout + deleted.stderr);
  await rig.close();
}

function expectGone(nodes: readonly string[], name: string): void {
  if (nodes.includes(name)) throw new Error(`${name} was not replaced`);
}
