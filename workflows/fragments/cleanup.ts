import { loop } from "./loop.ts";
import { removeNodeAlarms } from "./node-alarms.ts";
import { untilGone } from "./nodegroup.ts";
import { eksBusyRetry } from "./retry.ts";
import { choose, eks, expr, failure, run, type States, service, wait } from "./states.ts";

interface Removal {
  readonly scope: "created" | "cluster";
  readonly next: string;
  readonly failTo: string;
}

/**
 * Removes what `plan-cleanup` found. Enter at `PlanCleanup`. Capabilities and Fargate profiles first, while the
 * cluster can still end them; node groups of both kinds, all at once; the cluster, which EKS does not delete while
 * it has any of these; then the stacks that it stood on. A protected cluster is left whole.
 */
export const cleanup = ({ scope, next, failTo }: Removal): States => ({
  PlanCleanup: run(
    "plan-cleanup",
    { scope },
    {
      assign: { removal: expr("$states.result.Payload"), index: 0, polls: 0 },
      output: {},
      failTo,
      next: "MayDelete",
    },
  ),
  MayDelete: choose(
    [
      {
        when: "$removal.protected and $removal.cluster",
        assign: {
          failure: failure("DeletionProtected", {
            message: "'cluster ' & $cluster & ' has deletion protection; nothing was deleted'",
            remedy: "Turn the deletion protection of the cluster off, then retry the operation.",
          }),
        },
        next: failTo,
      },
    ],
    { next: "StartOldCapabilities" },
  ),
  ...oldCapabilities(failTo, "StartOldProfiles"),
  ...oldProfiles(failTo, "StartOldGroups"),
  ...oldGroups(failTo, "StartGroupStacksToDelete"),
  ...deleteStacks({ id: "GroupStack", list: "$removal.groupStacks", next: "ClusterLeft", failTo }),
  ClusterLeft: choose([{ when: "$removal.cluster", next: "DescribeAlarms" }], {
    next: "StartFoundationStacksToDelete",
  }),
  ...removeNodeAlarms("DeleteCluster"),
  ...oldCluster(failTo, "StartFoundationStacksToDelete"),
  ...deleteStacks({ id: "FoundationStack", list: "$removal.stacks", next, failTo }),
});

/** Polls until the description of something is not found any more. */
const gone = (options: {
  readonly id: string;
  readonly what: string;
  readonly name: string;
  readonly again: string;
  readonly failTo: string;
}) =>
  choose(
    [
      {
        when: "$states.input.status != 'DELETING' or $polls >= 120",
        assign: {
          failure: failure(`${options.id}NotDeleted`, {
            message: `'${options.what} ' & ${options.name} & ' could not be deleted, it is ' & $states.input.status`,
            remedy: `Look at the ${options.what} in EKS, then retry the operation.`,
          }),
        },
        next: options.failTo,
      },
    ],
    { next: options.again },
  );

const notFound = (next: string) => [{ ErrorEquals: ["Eks.ResourceNotFoundException"], Next: next }];

function oldCapabilities(failTo: string, next: string): States {
  const list = "$removal.capabilities";
  return {
    ...loop({ id: "OldCapabilities", list, first: "DeleteCapability", next }),
    DeleteCapability: eks(
      "deleteCapability",
      { ClusterName: expr("$cluster"), CapabilityName: expr("$item") },
      {
        retry: eksBusyRetry,
        output: {},
        catches: notFound("NextOldCapabilities"),
        failTo,
        next: "WaitUntilCapabilityGone",
      },
    ),
    WaitUntilCapabilityGone: wait("20", "DescribeCapabilityGone"),
    DescribeCapabilityGone: eks(
      "describeCapability",
      { ClusterName: expr("$cluster"), CapabilityName: expr("$item") },
      {
        assign: { polls: expr("$polls + 1") },
        output: { status: expr("$states.result.Capability.Status") },
        catches: notFound("NextOldCapabilities"),
        failTo,
        next: "CapabilityGone",
      },
    ),
    CapabilityGone: gone({
      id: "Capability",
      what: "capability",
      name: "$item",
      again: "WaitUntilCapabilityGone",
      failTo,
    }),
  };
}

/** EKS deletes one profile of a cluster at a time. */
function oldProfiles(failTo: string, next: string): States {
  return {
    ...loop({ id: "OldProfiles", list: "$removal.fargateProfiles", first: "DeleteProfile", next }),
    DeleteProfile: eks(
      "deleteFargateProfile",
      { ClusterName: expr("$cluster"), FargateProfileName: expr("$item") },
      {
        retry: eksBusyRetry,
        output: {},
        catches: notFound("NextOldProfiles"),
        failTo,
        next: "WaitUntilProfileGone",
      },
    ),
    WaitUntilProfileGone: wait("$polls = 0 ? 60 : 20", "DescribeProfileGone"),
    DescribeProfileGone: eks(
      "describeFargateProfile",
      { ClusterName: expr("$cluster"), FargateProfileName: expr("$item") },
      {
        assign: { polls: expr("$polls + 1") },
        output: { status: expr("$states.result.FargateProfile.Status") },
        catches: notFound("NextOldProfiles"),
        failTo,
        next: "ProfileGone",
      },
    ),
    ProfileGone: gone({
      id: "FargateProfile",
      what: "Fargate profile",
      name: "$item",
      again: "WaitUntilProfileGone",
      failTo,
    }),
  };
}

function oldGroups(failTo: string, next: string): States {
  const list = "$removal.nodegroups";
  return {
    ...loop({ id: "OldGroups", list, first: "StartToDelete", next: "StartOldGroupsGone" }),
    StartToDelete: eks(
      "deleteNodegroup",
      { ClusterName: expr("$cluster"), NodegroupName: expr("$item") },
      { retry: eksBusyRetry, output: {}, catches: notFound("NextOldGroups"), failTo, next: "NextOldGroups" },
    ),
    ...loop({ id: "OldGroupsGone", list, first: "WaitUntilGroupGone", next }),
    ...untilGone({ id: "Group", name: "$item", next: "NextOldGroupsGone", failTo }),
  };
}

const oldCluster = (failTo: string, next: string): States => ({
  DeleteCluster: eks(
    "deleteCluster",
    { Name: expr("$cluster") },
    {
      retry: eksBusyRetry,
      assign: { polls: 0 },
      output: {},
      catches: notFound(next),
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
      catches: notFound(next),
      failTo,
      next: "ClusterGone",
    },
  ),
  ClusterGone: gone({
    id: "Cluster",
    what: "cluster",
    name: "$cluster",
    again: "WaitUntilClusterGone",
    failTo,
  }),
});

/** Deletes stacks, all at once, and waits for each. `id` is one stack. Enter at `Start<id>sToDelete`. */
function deleteStacks(options: {
  readonly id: string;
  readonly list: string;
  readonly next: string;
  readonly failTo: string;
}): States {
  const { id, list, next, failTo } = options;
  return {
    ...loop({ id: `${id}sToDelete`, list, first: `Delete${id}`, next: `Start${id}sGone` }),
    [`Delete${id}`]: service(
      "cloudformation",
      "CloudFormation",
      "deleteStack",
      { StackName: expr("$item") },
      { output: {}, failTo, next: `Next${id}sToDelete` },
    ),
    ...loop({ id: `${id}sGone`, list, first: `WaitUntil${id}Gone`, next }),
    [`WaitUntil${id}Gone`]: wait("20", `Describe${id}Gone`),
    [`Describe${id}Gone`]: service(
      "cloudformation",
      "CloudFormation",
      "describeStacks",
      { StackName: expr("$item") },
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
            Next: `Next${id}sGone`,
          },
        ],
        failTo,
        next: `${id}Gone`,
      },
    ),
    [`${id}Gone`]: choose(
      [
        { when: "$states.input.status = 'DELETE_COMPLETE'", next: `Next${id}sGone` },
        {
          when: "$states.input.status != 'DELETE_IN_PROGRESS' or $polls >= 90",
          assign: {
            failure: failure("StackNotDeleted", {
              message:
                "'stack ' & $item & ' could not be deleted, it is ' & $states.input.status & ' ' & $states.input.reason",
              remedy:
                "Remove what still uses it (load balancers, network interfaces, roles in use), then retry the operation.",
            }),
          },
          next: failTo,
        },
      ],
      { next: `WaitUntil${id}Gone` },
    ),
  };
}
