import { untilGone } from "./nodegroup.ts";
import { eksBusyRetry } from "./retry.ts";
import { choose, eks, expr, failure, run, type States, service, wait } from "./states.ts";

/**
 * Removes node groups, cluster and stack, as `plan-cleanup` found them. Enter at `PlanCleanup`. Node groups go
 * all at once; EKS refuses to delete a cluster that still has one.
 */
export const cleanup = (options: { scope: "created" | "cluster"; next: string; failTo: string }): States => {
  const { scope, next, failTo } = options;
  return {
    PlanCleanup: run(
      "plan-cleanup",
      { scope },
      {
        assign: {
          removal: expr("$states.result.Payload"),
          index: 0,
          polls: 0,
        },
        failTo,
        next: "NextToDelete",
      },
    ),
    NextToDelete: choose(
      [
        {
          when: "$index < $count($removal.nodegroups)",
          assign: { group: expr("$removal.nodegroups[$index]"), index: expr("$index + 1") },
          next: "StartToDelete",
        },
      ],
      { assign: { index: 0 }, next: "NextToGo" },
    ),
    StartToDelete: eks(
      "deleteNodegroup",
      { ClusterName: expr("$cluster"), NodegroupName: expr("$group") },
      {
        retry: eksBusyRetry,
        output: {},
        catches: [{ ErrorEquals: ["Eks.ResourceNotFoundException"], Next: "NextToDelete" }],
        failTo,
        next: "NextToDelete",
      },
    ),
    NextToGo: choose(
      [
        {
          when: "$index < $count($removal.nodegroups)",
          assign: { group: expr("$removal.nodegroups[$index]"), index: expr("$index + 1"), polls: 0 },
          next: "WaitUntilGroupGone",
        },
        { when: "$removal.cluster", next: "DeleteCluster" },
      ],
      { next: "StackLeft" },
    ),
    ...untilGone({ id: "Group", name: "$group", next: "NextToGo", failTo }),
    DeleteCluster: eks(
      "deleteCluster",
      { Name: expr("$cluster") },
      {
        retry: eksBusyRetry,
        assign: { polls: 0 },
        output: {},
        catches: [{ ErrorEquals: ["Eks.ResourceNotFoundException"], Next: "StackLeft" }],
        failTo,
        next: "WaitUntilClusterGone",
      },
    ),
    WaitUntilClusterGone: wait("$polls = 0 ? 60 : 30", "DescribeClusterGone"),
    DescribeClusterGone: eks(
      "describeCluster",
      { Name: expr("$cluster") },
      {
        assign: { polls: expr("$polls + 1") },
        output: { status: expr("$states.result.Cluster.Status") },
        catches: [{ ErrorEquals: ["Eks.ResourceNotFoundException"], Next: "StackLeft" }],
        failTo,
        next: "ClusterGone",
      },
    ),
    ClusterGone: choose(
      [
        {
          when: "$states.input.status != 'DELETING' or $polls >= 120",
          assign: {
            failure: failure("ClusterNotDeleted", {
              message: "'cluster ' & $cluster & ' could not be deleted, it is ' & $states.input.status",
              remedy: "Look at the cluster in EKS, then retry the operation.",
            }),
          },
          next: failTo,
        },
      ],
      { next: "WaitUntilClusterGone" },
    ),
    StackLeft: choose([{ when: "$removal.stack", assign: { polls: 0 }, next: "DeleteStack" }], { next }),
    DeleteStack: service(
      "cloudformation",
      "CloudFormation",
      "deleteStack",
      { StackName: expr("$removal.stackName") },
      { output: {}, failTo, next: "WaitUntilStackGone" },
    ),
    WaitUntilStackGone: wait("30", "DescribeStackGone"),
    DescribeStackGone: service(
      "cloudformation",
      "CloudFormation",
      "describeStacks",
      { StackName: expr("$removal.stackName") },
      {
        assign: { polls: expr("$polls + 1") },
        output: {
          status: expr("$states.result.Stacks[0].StackStatus"),
          reason: expr(
            "$exists($states.result.Stacks[0].StackStatusReason) ? $states.result.Stacks[0].StackStatusReason : ''",
          ),
        },
        // By name a deleted stack does not exist; CloudFormation has no code of its own for that.
        catches: [
          {
            ErrorEquals: [
              "CloudFormation.CloudFormationException",
              "CloudFormation.ValidationErrorException",
            ],
            Next: next,
          },
        ],
        failTo,
        next: "StackGone",
      },
    ),
    StackGone: choose(
      [
        { when: "$states.input.status = 'DELETE_COMPLETE'", next },
        {
          when: "$states.input.status != 'DELETE_IN_PROGRESS' or $polls >= 60",
          assign: {
            failure: failure("StackNotDeleted", {
              message:
                "'stack ' & $removal.stackName & ' could not be deleted, it is ' & $states.input.status & ' ' & $states.input.reason",
              remedy:
                "Remove what still uses its VPC (load balancers, network interfaces), then retry the operation.",
            }),
          },
          next: failTo,
        },
      ],
      { next: "WaitUntilStackGone" },
    ),
  };
};
