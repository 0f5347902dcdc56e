import * as permissions from "../../adapters/permissions.ts";
import { type ApiRoute, routes } from "../../core/api/routes.ts";
import type { FunctionDeclaration, Grant, RouteDeclaration } from "../../core/declaration.ts";
import { driftGrants } from "../platform/drift.ts";
import { nodesGrants } from "../platform/nodes.ts";
import { notificationsGrants } from "../platform/notifications.ts";
import { rollbackGrants } from "../platform/rollback.ts";
import { rolloutsGrants } from "../platform/rollouts.ts";
import { asksAccess, plansAgain, windowsGrants } from "../platform/windows.ts";

/** API Gateway gives up after 30 s, so a function has a second less. */
const TIMEOUT_SECONDS = 29;

const {
  readStore,
  listStore,
  readManyFromStore,
  deleteFromStore,
  searchStore,
  operationLog,
  snapshot,
  clusterState,
  auditLog,
  startWorkflows,
  letTasksGoOn,
  eksCluster,
  eksNodegroups,
  eksAddons,
} = permissions;

/** Take the lease, store the operation, start its workflow; give the lease back where that fails. */
const startsOperation: readonly Grant[] = [
  ...operationLog,
  deleteFromStore,
  startWorkflows,
  ...permissions.mayWait,
];
const changesCluster: readonly Grant[] = [...startsOperation, searchStore, ...snapshot];

/** What the function of a route may do. */
const grants: Readonly<Record<keyof typeof routes, readonly Grant[]>> = {
  applyCluster: [
    ...startsOperation,
    searchStore,
    ...permissions.live,
    permissions.stacks,
    permissions.existingResources,
    ...snapshot,
  ],
  adoptCluster: [...startsOperation, searchStore, ...permissions.live],
  listClusters: [readStore, searchStore, eksCluster],
  getCluster: [readStore, searchStore, eksCluster, ...eksNodegroups, ...eksAddons, permissions.eksUpdates],
  deleteCluster: [...startsOperation, searchStore, ...clusterState],
  upgradeCluster: [...changesCluster, ...auditLog],
  rotateNodegroup: [...changesCluster, permissions.stacks],
  updateAddons: changesCluster,
  checkCluster: [searchStore, ...snapshot, ...auditLog],
  listOperations: [listStore, readManyFromStore, searchStore],
  getOperation: [readStore, listStore],
  listOperationEvents: [readStore, listStore],
  pauseOperation: operationLog,
  // What was paused while it waited begins, planned anew.
  resumeOperation: [...plansAgain, deleteFromStore, letTasksGoOn],
  cancelOperation: [...operationLog, deleteFromStore, letTasksGoOn, permissions.bus],
  retryOperation: [
    ...startsOperation,
    ...snapshot,
    ...auditLog,
    ...permissions.live,
    permissions.stacks,
    permissions.existingResources,
  ],
  // It looks for the probe that it put on the bus.
  runDoctor: [readStore, searchStore, ...permissions.doctor, permissions.managedAccounts],
  getOpenApi: [],
  ...rollbackGrants,
  ...driftGrants,
  ...nodesGrants,
  ...rolloutsGrants,
  ...windowsGrants,
  ...notificationsGrants,
};

const declared = Object.entries(routes) as [keyof typeof routes, ApiRoute][];

/** The functions behind the API, one per route, each in the file of its name. */
export const apiFunctions: readonly FunctionDeclaration[] = declared.map(([key, route]) => {
  // Plans look at nodes, pods and budgets too; the doctor asks whether it may.
  const kubernetes =
    ["runDoctor", "listNodes", "remediateNode"].includes(key) ||
    clusterState.every((grant) => grants[key].includes(grant));
  return {
    name: `api-${route.id}`,
    module: `functions/api/${route.id}.ts`,
    purpose: route.summary,
    timeoutSeconds: TIMEOUT_SECONDS,
    // The facts of 10,000 pods take little of it; a page of 500 pods, parsed, takes some 50 MB.
    memoryMB: kubernetes ? 1024 : 512,
    kubernetes,
    grants: permissions.inAnyAccount(
      // Who may is asked of the store for each, but for the document that describes the API.
      key === "getOpenApi" ? grants[key] : [...asksAccess, ...grants[key]],
      kubernetes,
    ),
  };
});

/** The routes of the HTTP API. */
export const apiRoutes: readonly RouteDeclaration[] = declared.map(([, route]) => ({
  method: route.method,
  path: route.path,
  function: `api-${route.id}`,
}));
