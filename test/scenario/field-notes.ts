/**
 * What breaks in the field, phrase by phrase, with the faults that stand for it and where it is tested: the `field`
 * of a case in field-cases.ts, or a test file. docs/faults.md holds it as a table; a test compares.
 */
export const FIELD: readonly {
  readonly breaks: string;
  readonly faults: readonly string[];
  readonly tests: readonly string[];
}[] = [
  {
    breaks: "a budget allows 0: PodEvictionFailure after 15 minutes",
    faults: ["BudgetAllowsNothing", "WebhookRejectsPods"],
    tests: [
      "a budget that allows 0",
      "a budget that allows 0, when EKS itself replaces the nodes",
      "a team brings a budget that allows 0",
      "a budget that allows 0 is there before",
    ],
  },
  {
    breaks: "several budgets on one pod (500)",
    faults: ["SeveralBudgets"],
    tests: ["several budgets on one pod", "two budgets come to select the same pods"],
  },
  {
    breaks: "pods that tolerate every taint",
    faults: ["PodsTolerateEverything"],
    tests: ["pods that tolerate every taint", "a team brings pods that tolerate every taint"],
  },
  {
    breaks: "control-plane subnet without IPs (IpNotAvailable)",
    faults: ["ControlPlaneSubnetWithoutIps"],
    tests: ["control-plane subnet without IPs"],
  },
  {
    breaks: "node subnet without IPs (InsufficientFreeAddresses)",
    faults: ["SubnetWithoutIps"],
    tests: ["node subnet without IPs"],
  },
  { breaks: "subnet gone", faults: ["SubnetGone"], tests: ["node subnet gone"] },
  { breaks: "security group gone", faults: ["SecurityGroupGone"], tests: ["a security group is gone"] },
  {
    breaks: "role gone or denied",
    faults: ["RoleGone", "AccessDenied"],
    tests: ["the nodes' role is gone", "Slipway may no longer create node groups"],
  },
  {
    breaks: "KMS key gone or denied",
    faults: ["KmsKeyDisabled", "KmsKeyDeletionPending", "KmsKeyGone", "KmsKeyDenied"],
    tests: [
      "the KMS key of the secrets is disabled",
      "the KMS key of the secrets is about to be deleted",
      "the KMS key of the secrets is gone",
      "the cluster may no longer use its KMS key",
    ],
  },
  {
    breaks: "a zone-bound volume cannot follow its pod",
    faults: ["InsufficientInstanceCapacity"],
    tests: ["a zone-bound volume cannot follow its pod"],
  },
  {
    breaks: "a webhook without endpoints",
    faults: ["WebhookWithoutEndpoints"],
    tests: ["a webhook has lost its endpoints", "a webhook loses its endpoints when the work begins"],
  },
  {
    breaks: "a policy engine blocks new nodes",
    faults: ["WebhookRejectsPods"],
    tests: ["a policy engine rejects what new nodes need", "a policy engine rejects new pods"],
  },
  {
    breaks: "user data wrong: nodes never join (NodeCreationFailure)",
    faults: ["NodesNeverJoin", "NodesNeverReady"],
    tests: [
      "user data wrong: nodes never join",
      "nodes join and never become Ready",
      "the nodes of a new cluster never join",
    ],
  },
  {
    breaks: "launch template deleted or mismatched",
    faults: ["LaunchTemplateGone", "LaunchTemplateChanged"],
    tests: [
      "the launch template is gone",
      "the launch template is deleted when the work begins",
      "the launch template was changed behind EKS's back",
    ],
  },
  { breaks: "AMI missing", faults: ["AmiGone"], tests: ["the AMI is missing"] },
  {
    breaks: "no capacity (AsgInstanceLaunchFailures)",
    faults: ["InsufficientInstanceCapacity"],
    tests: ["the zone has no capacity"],
  },
  { breaks: "instance quota", faults: ["InstanceQuota"], tests: ["instance quota reached"] },
  {
    breaks: "add-on ConfigurationConflict",
    faults: ["AddonConflict", "AddonUpdateFails", "AddonCreationFails"],
    tests: [
      "an add-on's fields were changed by hand: they are kept",
      "an add-on's update fails",
      "an add-on of a new cluster cannot be created",
    ],
  },
  {
    breaks: "add-on InsufficientNumberOfReplicas (DEGRADED)",
    faults: ["PodsSlowToReady", "AddonHealthIssue"],
    tests: ["an add-on has too few replicas after its update", "an add-on is DEGRADED after its update"],
  },
  {
    breaks: "a whole group cordoned early, too little capacity",
    faults: ["GroupCordoned"],
    tests: ["somebody cordons a whole group while it is replaced"],
  },
  {
    breaks: "an autoscaler scales up during scale-down",
    faults: ["AutoscalerScalesUp"],
    tests: ["an autoscaler scales up during the scale-down"],
  },
  {
    breaks: "a node group stuck UPDATING",
    faults: ["NodegroupStuckUpdating"],
    tests: ["a node group stuck UPDATING"],
  },
  {
    breaks: "a node group behind the control plane: UpdateClusterVersion refused",
    faults: ["NodegroupBehind"],
    tests: ["a node group behind the control plane"],
  },
  {
    breaks: "throttling (429) at mass start",
    faults: ["Throttle", "KubernetesThrottled"],
    tests: ["throttling at mass start", "EKS throttles for hours"],
  },
  {
    breaks: "a false unhealthy signal on many nodes at once",
    faults: ["NodeSick"],
    tests: ["a false unhealthy signal on all new nodes at once", "test/scenario/nodes/remediation.test.ts"],
  },
  {
    breaks: "more than 20 % unhealthy in a small group",
    faults: ["NodeSick"],
    tests: [
      "new nodes fall silent after they were Ready",
      "test/scenario/nodes/eks-repair.test.ts",
      "test/scenario/nodes/remediation.test.ts",
    ],
  },
  {
    breaks: "a stale insight after the fix",
    faults: ["StaleInsights", "DeprecatedApiInUse"],
    tests: ["an insight stays red after the fix", "a deprecated API is in use"],
  },
  {
    breaks: "a CloudTrail event late, twice, missing",
    faults: ["CloudTrailEventLate", "CloudTrailEventTwice", "CloudTrailEventMissing"],
    tests: [
      "CloudTrailEventLate: what CloudTrail says of an upgrade",
      "CloudTrailEventTwice: what CloudTrail says of an upgrade",
      "CloudTrailEventMissing: what CloudTrail says of an upgrade",
      "test/scenario/drift.test.ts",
    ],
  },
  {
    breaks: "CloudTrail events out of order",
    faults: ["CloudTrailEventOvertaken"],
    tests: ["CloudTrail events out of order", "test/scenario/drift-events.test.ts"],
  },
  {
    breaks: "an update in progress although the status says ACTIVE",
    faults: ["StatusActiveDuringUpdate"],
    tests: ["EKS says ACTIVE while the update runs"],
  },
];

/** The table of docs/faults.md. */
export function fieldTable(): string {
  const rows = FIELD.map(
    ({ breaks, faults, tests }) =>
      `| ${breaks} | ${faults.map((name) => `\`${name}\``).join(", ")} | ${tests.join("; ")} |`,
  );
  return ["| what breaks | fault | tested as |", "|---|---|---|", ...rows].join("\n");
}
