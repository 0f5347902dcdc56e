import * as permissions from "../../adapters/permissions.ts";
import { type ApiRoute, routes } from "../../core/api/routes.ts";
import type { FunctionDeclaration, Grant, RouteDeclaration } from "../../core/declaration.ts";

/** API Gateway gives up after 30 s, so a function has a second less. */
const TIMEOUT_SECONDS = 29;

const { store, snapshot, startWorkflows, answerTasks, eksCluster, eksNodegroups, eksAddons, eksCatalogue } =
  permissions;

/** What the function of a route may do beside reading and writing the store. */
const grants: Readonly<Record<keyof typeof routes, readonly Grant[]>> = {
  applyCluster: [startWorkflows, eksCluster, eksCatalogue],
  listClusters: [eksCluster],
  getCluster: [eksCluster, eksNodegroups, eksAddons],
  deleteCluster: [startWorkflows, ...snapshot],
  upgradeCluster: [startWorkflows, ...snapshot],
  rotateNodegroup: [startWorkflows, ...snapshot],
  updateAddons: [startWorkflows, ...snapshot],
  checkCluster: snapshot,
  listOperations: [],
  getOperation: [],
  listOperationEvents: [],
  pauseOperation: [],
  resumeOperation: [answerTasks],
  cancelOperation: [answerTasks],
  retryOperation: [startWorkflows, ...snapshot],
  getOpenApi: [],
};

const declared = Object.entries(routes) as [keyof typeof routes, ApiRoute][];

/** The functions behind the API, one per route, each in the file of its name. */
export const apiFunctions: readonly FunctionDeclaration[] = declared.map(([key, route]) => ({
  name: `api-${route.id}`,
  module: `functions/api/${route.id}.ts`,
  purpose: route.summary,
  timeoutSeconds: TIMEOUT_SECONDS,
  memoryMB: 512,
  // Plans look at nodes, pods and budgets too.
  kubernetes: snapshot.every((grant) => grants[key].includes(grant)),
  grants: route.id === "get-openapi" ? [] : [store, ...grants[key]],
}));

/** The routes of the HTTP API. */
export const apiRoutes: readonly RouteDeclaration[] = declared.map(([, route]) => ({
  method: route.method,
  path: route.path,
  function: `api-${route.id}`,
}));
