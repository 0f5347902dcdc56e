import * as permissions from "../../adapters/permissions.ts";
import type { FunctionDeclaration } from "../../core/declaration.ts";
import { task } from "./declare.ts";

const { bus, operationLog, readStore, writeStore, deleteFromStore, searchStore } = permissions;
const { eksCluster, eksNodegroup, eksNodegroups, eksAddon, eksUpdates } = permissions;

/** Tasks of the workflows that upgrade, rotate and end. */
export const operationTasks: readonly FunctionDeclaration[] = [
  task("begin-operation", "Marks an operation Running and binds its execution to the cluster's lease", [
    bus,
    // The account of the cluster has to let it in before anything begins.
    permissions.managedAccounts,
  ]),
  task("finish-operation", "Records how an operation ended or what it waits for, and releases the cluster", [
    bus,
    deleteFromStore,
    ...permissions.wakes,
    ...permissions.autoscalerTags,
  ]),
  task("gate", "Lets a workflow go on, holds it while it is paused, or ends it when it is cancelled", [
    permissions.letTasksGoOn,
    permissions.endTasks,
    // A pause that was withdrawn while the token was put away.
    deleteFromStore,
  ]),
  task(
    "run-checks",
    "Runs the pre-flight checks of a phase on a fresh snapshot",
    [...permissions.snapshot, ...permissions.auditLog, permissions.refreshInsights],
    {
      kubernetes: true,
      memoryMB: 1024,
    },
  ),
  task(
    "find-update",
    "Finds out whose update is in progress after EKS refused one",
    [eksCluster, eksAddon, eksNodegroup, eksUpdates],
    { store: [readStore] },
  ),
  task("record-steps", "Records the steps that are made of AWS calls alone", []),
  task("plan-addons", "Says which add-on updates of a phase are still to do", [
    eksAddon,
    eksCluster,
    permissions.eksAddonVersions,
  ]),
  task("undo-addon", "Looks whether an add-on is well again on the version that it had before", [eksAddon]),
  task("end-addon", "Looks whether an add-on is healthy on its new version", [eksAddon]),
  task("plan-green", "Decides how the rotation of a node group begins or goes on", [
    ...eksNodegroups,
    ...permissions.autoscalerTags,
  ]),
  task(
    "plan-green-stack",
    "Decides how the rotation of a self-managed node group begins or goes on, and makes its template",
    [eksCluster, permissions.existingResources, permissions.stacks, ...permissions.autoscalerTags],
  ),
  task(
    "nodes-ready",
    "Looks whether new nodes are Ready and have been for the bake time",
    [eksCluster, eksNodegroup, ...permissions.autoscalerTags],
    {
      kubernetes: true,
    },
  ),
  task(
    "drain-nodes",
    "Makes one short pass of draining a node group within limits and budgets",
    [eksCluster, permissions.autoScalingGroups],
    {
      kubernetes: true,
      memoryMB: 1024,
    },
  ),
  task(
    "undo-rotation",
    "Lets the old nodes take pods again after a failed rotation",
    [eksCluster, eksNodegroup, ...permissions.autoscalerTags, permissions.stacks],
    {
      kubernetes: true,
    },
  ),
  task(
    "follow-nodes",
    "Restarts pods on Fargate, and waits for nodes that Karpenter or Auto Mode replaces",
    [eksCluster],
    { kubernetes: true },
  ),
  task("end-rotation", "Records how a rotation ended", [eksCluster, permissions.autoScalingGroups], {
    kubernetes: true,
  }),
  task("verify", "Looks whether a phase came to what it was for", permissions.clusterState, {
    kubernetes: true,
    memoryMB: 1024,
  }),
];

/** What keeps operations from staying open. */
export const operationListeners: readonly FunctionDeclaration[] = [
  {
    name: "on-execution-ended",
    module: "functions/events/on-execution-ended.ts",
    purpose: "Ends an operation whose execution ended without recording it",
    timeoutSeconds: 60,
    memoryMB: 256,
    kubernetes: false,
    grants: [...operationLog, deleteFromStore, bus, ...permissions.wakes, ...permissions.autoscalerTags],
  },
  {
    name: "on-doctor-probe",
    module: "functions/events/on-doctor-probe.ts",
    purpose: "Notes that a probe event of slipway doctor arrived",
    timeoutSeconds: 60,
    memoryMB: 256,
    kubernetes: false,
    grants: [writeStore],
  },
  {
    name: "sweep-operations",
    module: "functions/schedules/sweep-operations.ts",
    purpose: "Starts, wakes and ends what no event told about, and frees leases that nobody holds",
    timeoutSeconds: 240,
    memoryMB: 256,
    kubernetes: false,
    grants: [
      ...operationLog,
      searchStore,
      deleteFromStore,
      bus,
      ...permissions.wakes,
      permissions.startWorkflows,
      permissions.describeExecutions,
      ...permissions.autoscalerTags,
    ],
  },
];
