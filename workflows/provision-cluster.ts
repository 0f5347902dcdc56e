import type { WorkflowDeclaration } from "../core/declaration.ts";
import { verification } from "./fragments/checks.ts";
import { cleanup } from "./fragments/cleanup.ts";
import { createAddons } from "./fragments/create-addons.ts";
import { grantAccess } from "./fragments/grant-access.ts";
import { loop } from "./fragments/loop.ts";
import { nodeAlarms } from "./fragments/node-alarms.ts";
import { untilActive } from "./fragments/nodegroup.ts";
import { operationMachine } from "./fragments/operation.ts";
import { eksBusyRetry } from "./fragments/retry.ts";
import { awaitStack, startStack } from "./fragments/stack.ts";
import { catchTo, choose, eks, expr, failure, gate, run, service, wait } from "./fragments/states.ts";
import { capabilities, fargateProfiles, identityProviders, podIdentities } from "./fragments/workloads.ts";

/** Where failures go once something may have been created. */
const failTo = "Cleanup";

/** VPC and roles. */
const stack = {
  StackNeeded: choose(
    [
      {
        when: "$foundation.needed",
        assign: { polls: 0, stackName: expr("$foundation.stackName") },
        next: "CreateStack",
      },
    ],
    { next: "PlanCluster" },
  ),
  CreateStack: service("cloudformation", "CloudFormation", "createStack", expr("$foundation.request"), {
    output: {},
    // Ours, when the answer to this very call was lost; its tag tells.
    catches: [{ ErrorEquals: ["CloudFormation.AlreadyExistsException"], Next: "WaitForFoundationStack" }],
    failTo,
    next: "WaitForFoundationStack",
  }),
  ...awaitStack({ id: "Foundation", next: "PlanCluster", failTo }),
};

const cluster = {
  CreateCluster: eks(
    "createCluster",
    expr(
      "$merge([$requests.cluster, {'ClientRequestToken': $hash($operationId & ':' & $string($attempt) & ':cluster', 'SHA-256')}])",
    ),
    {
      assign: { polls: 0 },
      output: {},
      // Ours, when the answer to this very call was lost; DescribeCluster tells by the tag.
      catches: [catchTo("DescribeCluster", ["Eks.ResourceInUseException"], { polls: 0 })],
      failTo,
      next: "WaitForCluster",
    },
  ),
  WaitForCluster: wait("$polls = 0 ? 240 : 45", "DescribeCluster"),
  DescribeCluster: eks(
    "describeCluster",
    { Name: expr("$cluster") },
    {
      assign: { polls: expr("$polls + 1") },
      output: {
        status: expr("$states.result.Cluster.Status"),
        ours: expr("$lookup($states.result.Cluster.Tags, 'slipway.dev/operation') = $operationId"),
        issues: expr(
          "$exists($states.result.Cluster.Health.Issues) ? $states.result.Cluster.Health.Issues : []",
        ),
      },
      failTo,
      next: "ClusterActive",
    },
  ),
  ClusterActive: choose(
    [
      {
        when: "$states.input.ours != true",
        assign: {
          failure: failure("ClusterExists", {
            message: "'a cluster ' & $cluster & ' exists that this operation did not create'",
            remedy: "Choose another metadata.name, or delete that cluster.",
          }),
        },
        next: failTo,
      },
      { when: "$states.input.status = 'ACTIVE'", next: "RecordCluster" },
      {
        when: "$states.input.status != 'CREATING' or $polls >= 80",
        assign: {
          failure: failure("ClusterFailed", {
            message:
              "'the cluster ' & $cluster & ' is ' & $states.input.status & $join($map($states.input.issues, function($i) { ': ' & $i.Code & ' ' & $i.Message }))",
            remedy: "Mend what EKS names, then retry the operation.",
            step: "$requests.clusterStep",
            detail: "{'issues': $states.input.issues}",
          }),
        },
        next: failTo,
      },
    ],
    { next: "WaitForCluster" },
  ),
  RecordCluster: run(
    "record-steps",
    {
      ended: [
        { step: expr("$requests.clusterStep"), message: expr("'The cluster ' & $cluster & ' is ACTIVE'") },
      ],
    },
    { failTo, next: "IdentityNeeded" },
  ),
};

/** The OIDC provider and the roles that trust it: they need the issuer, which only the cluster knows. */
const identity = {
  IdentityNeeded: choose([{ when: "$requests.identityStep != ''", next: "PlanIdentityStack" }], {
    next: "PlanContents",
  }),
  ...startStack({
    id: "Identity",
    payload: { kind: "identity", begins: expr("$requests.identityStep") },
    next: "WaitForIdentityStack",
    failTo,
  }),
  ...awaitStack({ id: "Identity", next: "RecordIdentity", failTo }),
  RecordIdentity: run(
    "record-steps",
    {
      ended: [{ step: expr("$requests.identityStep"), message: "The OIDC provider and its roles are there" }],
    },
    { failTo, next: "PlanContents" },
  ),
  PlanContents: run(
    "plan-contents",
    {},
    {
      assign: { requests: expr("$states.result.Payload"), index: 0 },
      output: {},
      failTo,
      next: "NextAccess",
    },
  ),
};

const access = {
  NextAccess: choose(
    [
      {
        when: "$index < $count($requests.access)",
        assign: { item: expr("$requests.access[$index]"), index: expr("$index + 1") },
        next: "CreateAccess",
      },
    ],
    { assign: { index: 0 }, next: "NextPolicy" },
  ),
  CreateAccess: eks("createAccessEntry", expr("$item"), {
    output: {},
    catches: [{ ErrorEquals: ["Eks.ResourceInUseException"], Next: "NextAccess" }],
    failTo,
    next: "NextAccess",
  }),
  NextPolicy: choose(
    [
      {
        when: "$index < $count($requests.policies)",
        assign: { item: expr("$requests.policies[$index]"), index: expr("$index + 1") },
        next: "AssociatePolicy",
      },
    ],
    { next: "GrantNeeded" },
  ),
  AssociatePolicy: eks("associateAccessPolicy", expr("$item"), { output: {}, failTo, next: "NextPolicy" }),
  GrantNeeded: choose([{ when: "$count($requests.access) > 0", next: "BecomeAdmin" }], {
    next: "StartPodIdentities",
  }),
  ...grantAccess({ granter: "$requests.granter", next: "StartPodIdentities", failTo }),
};

/** Launch templates are there before the groups that use them; machines of our own groups start meanwhile. */
const groupStacks = {
  ...loop({ id: "GroupStacks", list: "$requests.stacks", first: "PlanGroupStack", next: "StartTemplates" }),
  ...startStack({
    id: "Group",
    payload: { kind: "nodegroup", group: expr("$item.group"), begins: expr("$item.begins") },
    next: "NextGroupStacks",
    failTo,
  }),
  ...loop({
    id: "Templates",
    list: "$requests.templateStacks",
    first: "WaitForTemplateStack",
    next: "StartNodegroups",
    assign: { stackName: expr("$requests.templateStacks[$index]") },
  }),
  ...awaitStack({ id: "Template", next: "NextTemplates", failTo }),
};

/** Groups of our own: their stack, then their machines as Ready nodes. */
const selfManaged = {
  ...loop({
    id: "OwnGroups",
    list: "$requests.selfManaged",
    first: "WaitForOwnStack",
    next: "StartProfiles",
    assign: { stackName: expr("$requests.selfManaged[$index].stackName"), ready: 0 },
  }),
  ...awaitStack({ id: "Own", next: "SuspendNeeded", failTo }),
  SuspendNeeded: choose(
    [{ when: "$count($item.suspend) > 0", assign: { polls: 0 }, next: "SuspendProcesses" }],
    { assign: { polls: 0 }, next: "MachinesReady" },
  ),
  SuspendProcesses: service(
    "autoscaling",
    "AutoScaling",
    "suspendProcesses",
    {
      AutoScalingGroupName: expr("$stackOutputs.AutoScalingGroup"),
      ScalingProcesses: expr("$item.suspend"),
    },
    { output: {}, failTo, next: "MachinesReady" },
  ),
  MachinesReady: run(
    "machines-ready",
    {
      step: expr("$item.step"),
      name: expr("$item.name"),
      autoScalingGroup: expr("$stackOutputs.AutoScalingGroup"),
      polls: expr("$polls"),
      ready: expr("$ready"),
    },
    {
      assign: { polls: expr("$polls + 1"), ready: expr("$states.result.Payload.ready") },
      failTo,
      next: "MachinesAreReady",
    },
  ),
  MachinesAreReady: choose([{ when: "$states.input.state = 'waiting'", next: "WaitForMachines" }], {
    next: "RecordOwnGroup",
  }),
  WaitForMachines: wait("$states.input.waitSeconds", "MachinesReady"),
  RecordOwnGroup: run(
    "record-steps",
    {
      ended: [
        {
          step: expr("$item.step"),
          message: expr("$item.name & ' has ' & $string($ready) & ' Ready nodes'"),
        },
      ],
    },
    { failTo, next: "NextOwnGroups" },
  ),
};

/** All groups are asked for first and awaited afterwards, so that they are made at the same time. */
const nodegroups = {
  StartNodegroups: run(
    "record-steps",
    { started: expr("[$requests.nodegroups.step]") },
    { assign: { index: 0 }, failTo, next: "NextToCreate" },
  ),
  NextToCreate: choose(
    [
      {
        when: "$index < $count($requests.nodegroups)",
        assign: { group: expr("$requests.nodegroups[$index]"), index: expr("$index + 1") },
        next: "CreateNodegroup",
      },
    ],
    { assign: { index: 0 }, next: "NextToAwait" },
  ),
  CreateNodegroup: eks(
    "createNodegroup",
    expr(
      "$merge([$group.request, {'ClientRequestToken': $hash($operationId & ':' & $string($attempt) & ':' & $group.name, 'SHA-256')}])",
    ),
    {
      retry: eksBusyRetry.filter((retrier) => !retrier.ErrorEquals.includes("Eks.ResourceInUseException")),
      output: {},
      catches: [{ ErrorEquals: ["Eks.ResourceInUseException"], Next: "NextToCreate" }],
      failTo,
      next: "NextToCreate",
    },
  ),
  NextToAwait: choose(
    [
      {
        when: "$index < $count($requests.nodegroups)",
        assign: { group: expr("$requests.nodegroups[$index]"), index: expr("$index + 1"), polls: 0 },
        next: "WaitForGroup",
      },
    ],
    { next: "StartOwnGroups" },
  ),
  ...untilActive({ id: "Group", name: "$group.name", next: "NodesReady", failTo }),
  NodesReady: run(
    "nodes-ready",
    {
      step: expr("$group.step"),
      green: expr("$group.name"),
      size: expr("$group.size"),
      polls: expr("$polls"),
      ready: expr("$ready"),
      bake: false,
    },
    {
      assign: { polls: expr("$polls + 1"), ready: expr("$states.result.Payload.ready") },
      failTo,
      next: "NodesAreReady",
    },
  ),
  NodesAreReady: choose([{ when: "$states.input.state = 'waiting'", next: "WaitForNodes" }], {
    next: "RecordNodegroup",
  }),
  WaitForNodes: wait("$states.input.waitSeconds", "NodesReady"),
  RecordNodegroup: run(
    "record-steps",
    {
      ended: [
        {
          step: expr("$group.step"),
          message: expr("$group.name & ' has ' & $string($group.size) & ' Ready nodes'"),
        },
      ],
    },
    { failTo, next: "NextToAwait" },
  ),
};

/** The types were turned on with the cluster; what is left is how long the logs are kept. */
const logging = {
  LoggingNeeded: choose(
    [
      { when: "$requests.retentionDays > 0", next: "CreateLogGroup" },
      { when: "$requests.loggingStep != ''", next: "RecordLogging" },
    ],
    { assign: { polls: 0 }, next: "Verify" },
  ),
  CreateLogGroup: service(
    "cloudwatchlogs",
    "CloudWatchLogs",
    "createLogGroup",
    { LogGroupName: expr("$requests.logGroup") },
    {
      output: {},
      // EKS makes it itself with the first log line.
      catches: [{ ErrorEquals: ["CloudWatchLogs.ResourceAlreadyExistsException"], Next: "SetRetention" }],
      failTo,
      next: "SetRetention",
    },
  ),
  SetRetention: service(
    "cloudwatchlogs",
    "CloudWatchLogs",
    "putRetentionPolicy",
    { LogGroupName: expr("$requests.logGroup"), RetentionInDays: expr("$requests.retentionDays") },
    { output: {}, failTo, next: "RecordLogging" },
  ),
  RecordLogging: run(
    "record-steps",
    { ended: [{ step: expr("$requests.loggingStep"), message: "Control-plane logs are on" }] },
    { assign: { polls: 0 }, failTo, next: "Verify" },
  ),
};

/**
 * A cluster from its ClusterConfig: VPC and roles in one stack where the file brings none, the cluster, identities,
 * access, the add-ons that nodes need, node groups of both kinds, Fargate profiles, the other add-ons, identity
 * providers, capabilities, logs. A failure removes what was created.
 */
const definition = operationMachine({
  comment: "Creates a cluster as its ClusterConfig says",
  startAt: "Gate",
  states: {
    Gate: gate("PlanProvision"),
    PlanProvision: run(
      "plan-provision",
      {},
      { assign: { foundation: expr("$states.result.Payload") }, next: "StackNeeded" },
    ),
    ...stack,
    PlanCluster: run(
      "plan-cluster",
      {},
      { assign: { requests: expr("$states.result.Payload") }, output: {}, failTo, next: "CreateCluster" },
    ),
    ...cluster,
    ...identity,
    ...access,
    ...podIdentities("StartAddonsBefore"),
    ...createAddons({ id: "AddonsBefore", list: "addonsBefore", next: "StartGroupStacks" }),
    ...groupStacks,
    ...nodegroups,
    ...selfManaged,
    ...fargateProfiles("StartAddonsAfter"),
    ...createAddons({ id: "AddonsAfter", list: "addonsAfter", next: "StartProviders" }),
    ...identityProviders("StartCapabilities"),
    ...capabilities("PlanAlarms"),
    ...nodeAlarms("LoggingNeeded"),
    ...logging,
    ...verification("Done"),

    Cleanup: { Type: "Pass", Assign: { cause: expr("$failure") }, Next: "PlanCleanup" },
    ...cleanup({ scope: "created", next: "CleanedUp", failTo: "NotCleanedUp" }),
    // What failed first is what the operation reports.
    CleanedUp: { Type: "Pass", Assign: { failure: expr("$cause") }, Next: "Failed" },
    NotCleanedUp: run(
      "note",
      { message: expr("'Not everything could be removed: ' & $failure.Error & ' ' & $failure.Cause") },
      {
        assign: { failure: expr("$cause") },
        catches: [{ ErrorEquals: ["States.ALL"], Next: "CleanedUp" }],
        failTo: "",
        next: "Failed",
      },
    ),
  },
});

export const provisionCluster: WorkflowDeclaration = {
  name: "provision-cluster",
  purpose: "Creates a cluster with its network, roles, node groups and add-ons",
  definition,
};
