import type { Grant } from "../core/declaration.ts";

/**
 * The IAM permissions that each adapter needs, declared beside it so that a function's policy is the sum of what
 * it uses. Pure constants: stacks read them without loading an SDK. Placeholders: see core/grants.ts. A scenario
 * test compares them with the calls that are made, both ways (test/scenario/permissions.test.ts).
 */

const table = (action: string): Grant => ({ actions: [`dynamodb:${action}`], resources: ["{table}"] });

/** One record by its key. */
export const readStore = table("GetItem");
/** The records of one operation or cluster: its log. */
export const listStore = table("Query");
/** Several operations by their ids: those of one cluster. */
export const readManyFromStore = table("BatchGetItem");
export const writeStore = table("PutItem");
/** Leases released, task tokens taken, clusters forgotten. */
export const deleteFromStore = table("DeleteItem");
/** Lists over everything: clusters, operations by status, leases. */
export const searchStore: Grant = { actions: ["dynamodb:Query"], resources: ["{table}/index/GSI1"] };

/** Reading an operation with its log and writing into it: what most tasks do. */
export const operationLog: readonly Grant[] = [readStore, listStore, writeStore];

export const bus: Grant = { actions: ["events:PutEvents"], resources: ["{bus}"] };

/** Schedules that wake what waits (adapters/aws/scheduler.ts), and the role by which they do. */
export const wakes: readonly Grant[] = [
  {
    actions: ["scheduler:CreateSchedule", "scheduler:UpdateSchedule"],
    resources: ["arn:{partition}:scheduler:{region}:{account}:schedule/slipway-{stage}-wake/*"],
  },
  {
    actions: ["iam:PassRole"],
    resources: ["arn:{partition}:iam::{account}:role/slipway-{stage}-wake"],
    conditions: { StringEquals: { "iam:PassedToService": "scheduler.amazonaws.com" } },
  },
];

/** What starting an operation needs beside the start itself: it may have to wait, and then says so. */
export const mayWait: readonly Grant[] = [bus, readManyFromStore, ...wakes];

/** Topics that people give to notifications; the prefix keeps others' topics out. */
export const publishToTopics: Grant = {
  actions: ["sns:Publish"],
  resources: ["arn:{partition}:sns:{region}:{account}:slipway-*"],
};

/** Addresses and tokens of notification channels. */
export const readSecrets: readonly Grant[] = [
  {
    actions: ["ssm:GetParameter"],
    resources: ["arn:{partition}:ssm:{region}:{account}:parameter/slipway/*"],
  },
  {
    actions: ["secretsmanager:GetSecretValue"],
    resources: ["arn:{partition}:secretsmanager:{region}:{account}:secret:slipway/*"],
  },
];

/** Start and look at the executions of Slipway's own workflows. */
export const startWorkflows: Grant = {
  actions: ["states:StartExecution"],
  resources: ["{workflows}"],
};

export const describeExecutions: Grant = {
  actions: ["states:DescribeExecution"],
  resources: ["{executions}"],
};

/** Answering a task token knows no resource: the token itself is the proof. */
export const letTasksGoOn: Grant = { actions: ["states:SendTaskSuccess"], resources: ["*"] };
export const endTasks: Grant = { actions: ["states:SendTaskFailure"], resources: ["*"] };

const eks = (resource: string): string => `arn:{partition}:eks:{region}:{account}:${resource}`;
const cluster = eks("cluster/*");
const nodegroup = eks("nodegroup/*/*/*");
const addon = eks("addon/*/*/*");

export const eksCluster: Grant = { actions: ["eks:DescribeCluster"], resources: [cluster] };

export const eksNodegroup: Grant = { actions: ["eks:DescribeNodegroup"], resources: [nodegroup] };

export const eksNodegroups: readonly Grant[] = [
  { actions: ["eks:ListNodegroups"], resources: [cluster] },
  eksNodegroup,
];

export const eksAddon: Grant = { actions: ["eks:DescribeAddon"], resources: [addon] };

export const eksAddons: readonly Grant[] = [{ actions: ["eks:ListAddons"], resources: [cluster] }, eksAddon];

export const eksUpdates: Grant = {
  actions: ["eks:DescribeUpdate", "eks:ListUpdates"],
  resources: [cluster, nodegroup, addon],
};

/** The rollback of a control plane's version is the same action as its upgrade. */
export const eksRollBack: Grant = { actions: ["eks:UpdateClusterVersion"], resources: [cluster] };

export const eksClusterUpdate: Grant = { actions: ["eks:DescribeUpdate"], resources: [cluster] };

export const eksCancelUpdate: Grant = { actions: ["eks:CancelUpdate"], resources: [cluster] };

export const eksInsights: Grant = { actions: ["eks:ListInsights"], resources: [cluster] };

export const refreshInsights: Grant = {
  actions: ["eks:DescribeInsightsRefresh", "eks:StartInsightsRefresh"],
  resources: [cluster],
};

/** What EKS offers; these actions know no resource. */
export const eksCatalogue: Grant = {
  actions: ["eks:DescribeAddonVersions", "eks:DescribeClusterVersions"],
  resources: ["*"],
};

export const eksFargate: Grant = { actions: ["eks:ListFargateProfiles"], resources: [cluster] };

/** The stacks that Slipway makes for clusters. */
export const stacks: Grant = {
  actions: ["cloudformation:DescribeStacks"],
  resources: ["arn:{partition}:cloudformation:{region}:{account}:stack/slipway-*/*"],
};

/** Alarms by the beginning of their names, whichever there are. */
export const alarms: Grant = {
  actions: ["cloudwatch:DescribeAlarms"],
  resources: ["arn:{partition}:cloudwatch:{region}:{account}:alarm:*"],
};

/** The images that EKS publishes; DescribeImages knows no resource. */
export const eksImages: Grant = { actions: ["ec2:DescribeImages"], resources: ["*"] };

/** DescribeSubnets knows no resource. */
export const subnets: Grant = { actions: ["ec2:DescribeSubnets"], resources: ["*"] };

/** What checks read of EC2 beside the subnets; these actions know no resource. */
const ec2Checks: Grant = {
  actions: ["ec2:DescribeLaunchTemplateVersions", "ec2:DescribeSecurityGroups"],
  resources: ["*"],
};

/** Trust and managed policies of the roles of a cluster and its node groups, whatever they are called. */
const clusterRoles: Grant = {
  actions: ["iam:GetRole", "iam:ListAttachedRolePolicies"],
  resources: ["arn:{partition}:iam::{account}:role/*"],
};

const describeInsights: Grant = { actions: ["eks:DescribeInsight"], resources: [cluster] };

const rotationQuotas: Grant = {
  actions: ["servicequotas:GetServiceQuota"],
  resources: [
    "arn:{partition}:servicequotas:{region}:{account}:ec2/*",
    "arn:{partition}:servicequotas:{region}:{account}:eks/*",
  ],
};

/** The query for calls to deprecated APIs and its results, in the logs of control planes. */
export const auditLog: readonly Grant[] = [
  {
    actions: ["logs:GetQueryResults", "logs:StartQuery"],
    resources: ["arn:{partition}:logs:{region}:{account}:log-group:/aws/eks/*/cluster:*"],
  },
];

/** DescribeAutoScalingGroups knows no resource. */
export const autoScalingGroups: Grant = {
  actions: ["autoscaling:DescribeAutoScalingGroups"],
  resources: ["*"],
};

/**
 * Tags of Auto Scaling groups, of node groups alone: EKS's own and Slipway's. The tag by which Cluster Autoscaler finds
 * a group is taken away and given back during a rotation.
 */
export const autoscalerTags: readonly Grant[] = [
  autoScalingGroups,
  {
    actions: ["autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags"],
    resources: ["arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/*"],
  },
];

/** What EKS says of a cluster: enough for the state of it (`extent: "state"`); its own groups' Auto Scaling too. */
export const clusterState: readonly Grant[] = [
  autoScalingGroups,
  eksCluster,
  ...eksNodegroups,
  ...eksAddons,
  eksUpdates,
  eksCatalogue,
  eksFargate,
];

/** Every stack of the account is looked at for the tag of a cluster: DescribeStacks without a name. */
export const allStacks: Grant = {
  actions: ["cloudformation:DescribeStacks"],
  resources: ["arn:{partition}:cloudformation:{region}:{account}:stack/*/*"],
};

export const eksCapabilities: Grant = { actions: ["eks:ListCapabilities"], resources: [cluster] };

/** What files refer to and is there already: subnets, instance types. These actions know no resource. */
export const existingResources: Grant = {
  actions: ["ec2:DescribeInstanceTypes", "ec2:DescribeSubnets"],
  resources: ["*"],
};

/** Everything that a snapshot reads. */
export const snapshot: readonly Grant[] = [
  ...clusterState,
  eksInsights,
  describeInsights,
  subnets,
  ec2Checks,
  clusterRoles,
  rotationQuotas,
];

/** The source of probe events, and of nothing else. */
export const PROBE_SOURCE = "slipway.doctor";

/** What only `slipway doctor` does, in Slipway's own account and in a managed one. */
export const doctor: readonly Grant[] = [
  {
    actions: ["iam:SimulatePrincipalPolicy"],
    resources: ["arn:{partition}:iam::{account}:role/slipway-{stage}-*"],
  },
  { actions: ["cloudtrail:DescribeTrails"], resources: ["*"] },
  {
    // An organisation's trail is another account's; which, the account does not know.
    actions: ["cloudtrail:GetTrailStatus"],
    resources: ["arn:{partition}:cloudtrail:*:????????????:trail/*"],
  },
  {
    actions: ["servicequotas:GetServiceQuota"],
    resources: ["arn:{partition}:servicequotas:{region}:{account}:eks/*"],
  },
  { actions: ["eks:ListClusters"], resources: ["*"] },
  { actions: ["eks:DescribeCluster", "eks:ListNodegroups"], resources: [cluster] },
  {
    actions: ["events:PutEvents"],
    resources: ["arn:{partition}:events:{region}:{account}:event-bus/default"],
    conditions: { StringEquals: { "events:source": PROBE_SOURCE } },
  },
];

/** The role that managed-account/template.yaml makes, in any account: its trust decides, not we. */
export const managedAccounts: Grant = {
  actions: ["sts:AssumeRole"],
  resources: ["arn:{partition}:iam::????????????:role/slipway-{stage}-managed"],
};

/** The relays of managed-account/relay.yaml: the way to API servers in VPCs that Slipway is not in. */
export const relays: Grant = {
  actions: ["lambda:InvokeFunction"],
  resources: ["arn:{partition}:lambda:{region}:{account}:function:slipway-{stage}-relay-*"],
};

/** Services in which clusters and what belongs to them are. */
const OF_CLUSTERS = /^(autoscaling|cloudformation|cloudwatch|ec2|eks|servicequotas):|^iam:GetRole$/;

/**
 * The grants of a function, and what it needs beside them because clusters may be anywhere: where it does anything for
 * clusters to assume Slipway's role in another account, where it calls Kubernetes to invoke relays.
 */
export const inAnyAccount = (grants: readonly Grant[], kubernetes = false): readonly Grant[] => {
  const reaches = grants.some(({ actions }) => actions.some((action) => OF_CLUSTERS.test(action)));
  const more = [...(kubernetes || reaches ? [managedAccounts] : []), ...(kubernetes ? [relays] : [])];
  return [...grants, ...more.filter((grant) => !grants.includes(grant))];
};

const accessEntry = eks("access-entry/*/*/*/*/*");

/** Versions of add-ons; the action knows no resource. */
export const eksAddonVersions: Grant = { actions: ["eks:DescribeAddonVersions"], resources: ["*"] };

export const eksPrincipals: Grant = { actions: ["eks:ListAccessEntries"], resources: [cluster] };

/** Everything that a ClusterConfig can say of a cluster (adapters/live.ts). */
export const live: readonly Grant[] = [
  eksCluster,
  eksCapabilities,
  ...eksNodegroups,
  ...eksAddons,
  eksFargate,
  {
    actions: ["eks:ListAccessEntries", "eks:ListIdentityProviderConfigs", "eks:ListPodIdentityAssociations"],
    resources: [cluster],
  },
  { actions: ["eks:DescribeAccessEntry", "eks:ListAssociatedAccessPolicies"], resources: [accessEntry] },
  {
    actions: ["eks:DescribeIdentityProviderConfig"],
    resources: [eks("identityproviderconfig/*/*/*/*")],
  },
  { actions: ["eks:DescribePodIdentityAssociation"], resources: [eks("podidentityassociation/*/*")] },
  { actions: ["eks:DescribeFargateProfile"], resources: [eks("fargateprofile/*/*/*")] },
  subnets,
];

/** Instances with their tags; the action knows no resource. */
export const instances: Grant = { actions: ["ec2:DescribeInstances"], resources: ["*"] };

/** Instances with their tags, status checks and planned events; these actions know no resource. */
export const machines: Grant = {
  actions: ["ec2:DescribeInstanceStatus", "ec2:DescribeInstances"],
  resources: ["*"],
};
