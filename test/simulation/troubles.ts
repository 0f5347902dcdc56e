/** A fault of docs/faults.md as the simulation draws it. */
export interface FaultKind {
  readonly name: string;
  /** It strikes for as long as it is there. */
  readonly lasting?: boolean;
  readonly subjects?: "nodegroup";
}

export const FAULT_KINDS: readonly FaultKind[] = [
  { name: "Throttle" },
  { name: "ServiceFault" },
  { name: "ClusterCreationFails" },
  { name: "ClusterHealthIssue", lasting: true },
  { name: "ControlPlaneUpgradeFails" },
  { name: "ControlPlaneUpgradeSlow" },
  { name: "ControlPlaneSubnetWithoutIps" },
  { name: "StatusActiveDuringUpdate" },
  { name: "InsightsBlockUpgrade" },
  { name: "DeprecatedApiInUse", lasting: true },
  { name: "InsightUnknown", lasting: true },
  { name: "StaleInsights", lasting: true },
  { name: "InsightsRefreshFails" },
  { name: "NodegroupHealthIssue", lasting: true, subjects: "nodegroup" },
  { name: "NodegroupStuckUpdating", lasting: true, subjects: "nodegroup" },
  { name: "AddonConflict" },
  { name: "AddonCreationFails" },
  { name: "AddonUpdateFails" },
  { name: "AddonHealthIssue", lasting: true },
  { name: "SubnetWithoutIps", subjects: "nodegroup" },
  { name: "SubnetGone", subjects: "nodegroup" },
  { name: "InstanceQuota", subjects: "nodegroup" },
  { name: "InsufficientInstanceCapacity", subjects: "nodegroup" },
  { name: "NodesNeverJoin", subjects: "nodegroup" },
  { name: "NodesNeverReady", subjects: "nodegroup" },
  { name: "RoleGone" },
  { name: "StackFails" },
  { name: "StackDeleteFails" },
  { name: "EvictionError" },
  { name: "WebhookRejectsPods" },
  { name: "PodsSlowToReady" },
  { name: "KubernetesUnavailable" },
  { name: "KubernetesThrottled" },
];
