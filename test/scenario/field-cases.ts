import type { Operation } from "../../core/operation/types.ts";
import type { FaultSpec } from "../../local/world/faults.ts";
import type { KubeObject } from "../../local/world/kubernetes-contract.ts";
import { KEY_ARN } from "../simulation/cluster.ts";
import type { ClusterShape, Work, Workload } from "../simulation/scenario.ts";

/**
 * What breaks in the field, one case each: the operation ends, says what broke in the words of who has to mend it
 * (`slipway describe operation`), leaves nothing behind, and a retry completes it once it is mended.
 */
export type CaseWork = Exclude<Work["type"], "apply" | "adopt" | "rollback">;

export interface Case {
  readonly field: string;
  readonly work: CaseWork;
  readonly fault?: FaultSpec;
  /** Others that strike with it. */
  readonly also?: readonly FaultSpec[];
  /** Objects that come into the cluster when the operation has been accepted. */
  readonly objects?: (oldNode: string) => readonly KubeObject[];
  readonly rolling?: boolean;
  readonly shape?: ClusterShape;
  /** What runs in the cluster; without it a deployment of three with a budget of one. */
  readonly workload?: Workload;
  /** The fault is there when the operation is asked for: it is refused. */
  readonly refused?: boolean;
  readonly status?: Operation["status"];
  readonly says: readonly RegExp[];
}

export const SHAPE: ClusterShape = {
  name: "demo",
  version: "1.33",
  zones: 2,
  groups: [{ name: "general", size: 2, dedicated: false, oneZone: false }],
};
const ENCRYPTED: ClusterShape = { ...SHAPE, encrypted: true };
const TEMPLATED: ClusterShape = {
  ...SHAPE,
  groups: [{ name: "general", size: 2, dedicated: false, oneZone: false, template: true }],
};
export const ROTATION = { maxUnavailable: 1, bakeSeconds: 0, drainDeadlineSeconds: 600, podGraceSeconds: 60 };

export const budget = (name: string, spec: object): KubeObject => ({
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

export const CASES: readonly Case[] = [
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
  // What teams, other tools and people do meanwhile
  {
    field: "a team brings a budget that allows 0",
    work: "upgrade",
    fault: { name: "BudgetAllowsNothing" },
    says: [/ChecksBlocked|PdbBlockedDrain/, /default\/fault-allows-nothing/],
  },
  {
    field: "a budget that allows 0 is there before",
    work: "upgrade",
    fault: { name: "BudgetAllowsNothing", args: { app: "app" } },
    refused: true,
    says: [/PDB_BLOCKS_DRAIN/, /default\/fault-allows-nothing/],
  },
  {
    field: "two budgets come to select the same pods",
    work: "upgrade",
    fault: { name: "SeveralBudgets" },
    says: [/PDB_OVERLAP|PdbBlockedDrain/, /default\/fault-(first|second)/],
  },
  {
    field: "a team brings pods that tolerate every taint",
    work: "rotate",
    fault: { name: "PodsTolerateEverything" },
    status: "RolledBack",
    says: [/DrainTimedOut|PdbBlockedDrain/, /tolerate every taint/, /general-1/],
  },
  {
    field: "a webhook has lost its endpoints",
    work: "upgrade",
    fault: { name: "WebhookWithoutEndpoints" },
    refused: true,
    says: [/WEBHOOK_ENDPOINTS/, /fault-webhook/],
  },
  {
    field: "a webhook loses its endpoints when the work begins",
    work: "rotate",
    fault: { name: "WebhookWithoutEndpoints" },
    says: [/ChecksBlocked in rotate\/checks/, /WEBHOOK_ENDPOINTS/, /no ready endpoint/],
  },
  {
    field: "somebody cordons a whole group while it is replaced",
    work: "rotate",
    fault: { name: "GroupCordoned", subject: "nodegroup/general-1" },
    status: "Succeeded",
    says: [],
  },
  {
    field: "an autoscaler scales up during the scale-down",
    work: "rotate",
    fault: { name: "AutoscalerScalesUp", subject: "nodegroup/general-1", times: 2 },
    status: "Succeeded",
    says: [],
  },
  // Things that are gone or denied
  {
    field: "a security group is gone",
    work: "upgrade",
    fault: { name: "SecurityGroupGone" },
    says: [/ChecksBlocked in 1\.34\/checks/, /SECURITY_GROUPS/, /sg-\w+.* does not exist/],
  },
  {
    field: "the KMS key of the secrets is disabled",
    work: "upgrade",
    shape: ENCRYPTED,
    fault: { name: "KmsKeyDisabled" },
    refused: true,
    says: [/CLUSTER_HEALTH/, /KmsKeyDisabled/, new RegExp(KEY_ARN), /Enable the KMS key again/],
  },
  {
    field: "the KMS key of the secrets is about to be deleted",
    work: "upgrade",
    shape: ENCRYPTED,
    fault: { name: "KmsKeyDeletionPending" },
    says: [/ChecksBlocked in 1\.34\/checks/, /KmsKeyMarkedForDeletion/, /Cancel the deletion of the KMS key/],
  },
  {
    field: "the KMS key of the secrets is gone",
    work: "upgrade",
    shape: ENCRYPTED,
    fault: { name: "KmsKeyGone" },
    refused: true,
    says: [/CLUSTER_HEALTH/, /KmsKeyNotFound/, /cannot be brought back/],
  },
  {
    field: "the cluster may no longer use its KMS key",
    work: "upgrade",
    shape: ENCRYPTED,
    fault: { name: "KmsKeyDenied" },
    says: [/ChecksBlocked in 1\.34\/checks/, /KmsGrantRevoked/, /kms:CreateGrant/],
  },
  {
    field: "Slipway may no longer create node groups",
    work: "rotate",
    fault: { name: "AccessDenied", subject: "eks/CreateNodegroup" },
    status: "RolledBack",
    says: [/AccessDenied/, /not authorized/],
  },
  {
    field: "the AMI is missing",
    work: "rotate",
    fault: { name: "AmiGone", subject: GREEN },
    status: "RolledBack",
    says: [/NodegroupFailed/, /image id .* does not exist/],
  },
  {
    field: "the launch template is gone",
    work: "upgrade",
    shape: TEMPLATED,
    fault: { name: "LaunchTemplateGone" },
    refused: true,
    says: [/LAUNCH_TEMPLATE/, /launch template \S+.* does not exist; no node can be started from it/],
  },
  {
    field: "the launch template is deleted when the work begins",
    work: "rotate",
    shape: TEMPLATED,
    fault: { name: "LaunchTemplateGone" },
    says: [/ChecksBlocked in rotate\/checks/, /LAUNCH_TEMPLATE/, /Make the template again/],
  },
  {
    field: "the launch template was changed behind EKS's back",
    work: "upgrade",
    shape: TEMPLATED,
    fault: { name: "LaunchTemplateChanged" },
    refused: true,
    says: [/NODEGROUP_HEALTH/, /Ec2LaunchTemplateVersionMismatch/, /Set the Auto Scaling group back/],
  },
  {
    field: "a zone-bound volume cannot follow its pod",
    work: "rotate",
    workload: {
      kind: "StatefulSet",
      name: "app",
      replicas: 2,
      group: undefined,
      volumes: true,
      budget: { maxUnavailable: 1 },
    },
    fault: { name: "InsufficientInstanceCapacity", subject: "zone/eu-west-1a" },
    status: "RolledBack",
    // Before any such pod has been evicted: it serves on from where it is.
    says: [/ZoneWithoutNodes/, /default\/app/, /its volume is in eu-west-1a/, /nodes?|capacity/],
  },
  // EKS
  {
    field: "a node group behind the control plane",
    work: "upgrade",
    fault: { name: "NodegroupBehind" },
    says: [/in 1\.34\/control-plane/, /must be updated to match cluster version/],
  },
  {
    field: "an insight stays red after the fix",
    work: "upgrade",
    fault: { name: "StaleInsights" },
    also: [{ name: "DeprecatedApiInUse", times: 1 }],
    status: "Succeeded",
    says: [],
  },
  // Nodes
  {
    field: "new nodes fall silent after they were Ready",
    work: "rotate",
    fault: { name: "NodeSick", subject: GREEN, args: { after: "75", condition: "Ready" } },
    status: "RolledBack",
    says: [/NodesNotReady|pods find no node/, /general-[12]/],
  },
  {
    field: "a false unhealthy signal on all new nodes at once",
    work: "rotate",
    fault: { name: "NodeSick", subject: GREEN, args: { after: "75", condition: "NetworkingReady" } },
    status: "Succeeded",
    says: [],
  },
  // Events
  ...["CloudTrailEventLate", "CloudTrailEventTwice", "CloudTrailEventMissing"].map(
    (name): Case => ({
      field: `${name}: what CloudTrail says of an upgrade`,
      work: "upgrade",
      fault: { name },
      status: "Succeeded",
      says: [],
    }),
  ),
  {
    field: "CloudTrail events out of order",
    work: "upgrade",
    fault: { name: "CloudTrailEventOvertaken" },
    status: "Succeeded",
    says: [],
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
