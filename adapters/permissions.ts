import type { Grant } from "../core/declaration.ts";

/**
 * The IAM permissions that each adapter needs, declared beside it so that a function's policy is the sum of the
 * adapters that it uses. Pure constants: stacks read them without loading an SDK.
 */

/** Slipway's table and its index. */
export const store: Grant = {
  actions: [
    "dynamodb:BatchGetItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
  ],
  resources: ["{table}", "{table}/index/GSI1"],
};

export const bus: Grant = { actions: ["events:PutEvents"], resources: ["{bus}"] };

/** Start, look at and stop the executions of Slipway's own workflows. */
export const startWorkflows: Grant = {
  actions: ["states:StartExecution"],
  resources: ["{workflows}"],
};

export const describeExecutions: Grant = {
  actions: ["states:DescribeExecution"],
  resources: ["{executions}"],
};

export const stopExecutions: Grant = {
  actions: ["states:StopExecution"],
  resources: ["{executions}"],
};

/** Answering a task token needs no resource: the token itself is the proof. */
export const answerTasks: Grant = {
  actions: ["states:SendTaskFailure", "states:SendTaskSuccess"],
  resources: ["*"],
};

const cluster = "arn:aws:eks:*:*:cluster/*";

export const eksCluster: Grant = { actions: ["eks:DescribeCluster"], resources: [cluster] };

export const eksNodegroups: Grant = {
  actions: ["eks:DescribeNodegroup", "eks:ListNodegroups"],
  resources: [cluster, "arn:aws:eks:*:*:nodegroup/*/*/*"],
};

export const eksAddons: Grant = {
  actions: ["eks:DescribeAddon", "eks:ListAddons"],
  resources: [cluster, "arn:aws:eks:*:*:addon/*/*/*"],
};

export const eksUpdates: Grant = {
  actions: ["eks:DescribeUpdate", "eks:ListUpdates"],
  resources: [cluster, "arn:aws:eks:*:*:nodegroup/*/*/*", "arn:aws:eks:*:*:addon/*/*/*"],
};

export const eksInsights: Grant = {
  actions: ["eks:DescribeInsightsRefresh", "eks:ListInsights", "eks:StartInsightsRefresh"],
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
  resources: ["arn:aws:cloudformation:*:*:stack/slipway-*/*"],
};

/** DescribeSubnets knows no resource. */
export const subnets: Grant = { actions: ["ec2:DescribeSubnets"], resources: ["*"] };

/** Everything that a snapshot reads. */
export const snapshot: readonly Grant[] = [
  eksCluster,
  eksNodegroups,
  eksAddons,
  eksUpdates,
  eksInsights,
  eksCatalogue,
  eksFargate,
  subnets,
];
