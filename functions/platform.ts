import * as permissions from "../adapters/permissions.ts";
import type { FunctionDeclaration, Grant } from "../core/declaration.ts";

/** A task of the workflows, `functions/tasks/<name>.ts`. */
const task = (
  name: string,
  purpose: string,
  grants: readonly Grant[],
  options: {
    readonly kubernetes?: boolean;
    readonly memoryMB?: number;
    readonly timeoutSeconds?: number;
    /** What it does with the store; reading an operation and its log and writing both unless told otherwise. */
    readonly store?: readonly Grant[];
  } = {},
): FunctionDeclaration => ({
  name,
  module: `functions/tasks/${name}.ts`,
  purpose,
  // The states that call a task give it 300 s (workflows/fragments/states.ts): it must know its end before them.
  timeoutSeconds: options.timeoutSeconds ?? (options.kubernetes ? 240 : 60),
  memoryMB: options.memoryMB ?? 512,
  kubernetes: options.kubernetes ?? false,
  grants: [...(options.store ?? permissions.operationLog), ...grants],
});

const { bus, operationLog, readStore, listStore, writeStore, deleteFromStore, searchStore } = permissions;
const { eksCluster, eksNodegroup, eksNodegroups, eksAddon, eksUpdates } = permissions;

const tasks: readonly FunctionDeclaration[] = [
  task("begin-operation", "Marks an operation Running and binds its execution to the cluster's lease", [bus]),
  task("finish-operation", "Records how an operation ended and releases the cluster", [bus, deleteFromStore]),
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
  task("plan-addons", "Says which add-on updates of a phase are still to do", [eksAddon]),
  task("end-addon", "Looks whether an add-on is healthy on its new version", [eksAddon]),
  task("plan-green", "Decides how the rotation of a node group begins or goes on", [...eksNodegroups]),
  task("nodes-ready", "Looks whether new nodes are Ready and have been for the bake time", [eksCluster], {
    kubernetes: true,
  }),
  task(
    "drain-nodes",
    "Makes one short pass of draining a node group within limits and budgets",
    [eksCluster],
    {
      kubernetes: true,
      memoryMB: 1024,
    },
  ),
  task(
    "undo-rotation",
    "Lets the old nodes take pods again after a failed rotation",
    [eksCluster, eksNodegroup],
    {
      kubernetes: true,
    },
  ),
  task("end-rotation", "Records how a rotation ended", []),
  task("verify", "Looks whether a phase came to what it was for", permissions.clusterState, {
    kubernetes: true,
    memoryMB: 1024,
  }),
];

const listeners: readonly FunctionDeclaration[] = [
  {
    name: "on-execution-ended",
    module: "functions/events/on-execution-ended.ts",
    purpose: "Ends an operation whose execution ended without recording it",
    timeoutSeconds: 60,
    memoryMB: 256,
    kubernetes: false,
    grants: [...operationLog, deleteFromStore, bus],
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
    purpose: "Starts and ends what no event told about, and frees leases that nobody holds",
    timeoutSeconds: 240,
    memoryMB: 256,
    kubernetes: false,
    grants: [
      ...operationLog,
      searchStore,
      deleteFromStore,
      bus,
      permissions.startWorkflows,
      permissions.describeExecutions,
    ],
  },
];

const provisioning: readonly FunctionDeclaration[] = [
  task("plan-provision", "Says what a new cluster needs to stand on, as a CloudFormation template", [
    permissions.existingResources,
  ]),
  task("plan-cluster", "Makes the request for the cluster from the ClusterConfig", [
    permissions.existingResources,
    permissions.stacks,
  ]),
  task("plan-stack", "Makes the template of a part that needs to know the cluster: identities, node groups", [
    eksCluster,
    permissions.existingResources,
    permissions.stacks,
  ]),
  task(
    "plan-contents",
    "Makes the requests for everything that lives in a new cluster",
    [permissions.existingResources, permissions.stacks],
    { memoryMB: 1024, store: [readStore] },
  ),
  task(
    "machines-ready",
    "Looks whether the machines of a self-managed group are Ready nodes",
    [eksCluster, permissions.autoScalingGroups],
    { kubernetes: true },
  ),
  task(
    "grant-access",
    "Applies the ClusterRole of Slipway's functions and the file's service accounts to a new cluster",
    [eksCluster, permissions.stacks],
    { kubernetes: true, store: [readStore] },
  ),
  task("plan-access", "Says which access entries of Slipway's functions a cluster lacks", [
    eksCluster,
    permissions.eksPrincipals,
  ]),
  task(
    "plan-changes",
    "Says what is to be done next to bring a cluster to what its file says",
    [
      ...permissions.live,
      permissions.existingResources,
      permissions.eksUpdates,
      permissions.eksAddonVersions,
      permissions.stacks,
    ],
    { memoryMB: 1024 },
  ),
  task("note", "Writes a remark into the log of an operation", [], {
    store: [listStore, writeStore],
  }),
  task("plan-cleanup", "Lists what an operation created, or what a cluster consists of, for its removal", [
    eksCluster,
    ...eksNodegroups,
    permissions.eksFargate,
    permissions.eksCapabilities,
    permissions.allStacks,
  ]),
];

/** Every function of Slipway but those of the API, which functions/api/platform.ts declares. */
export const functions: readonly FunctionDeclaration[] = [...tasks, ...provisioning, ...listeners];
