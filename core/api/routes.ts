import * as z from "zod";
import { driftRoutes } from "./routes/drift.ts";
import { nodesRoutes } from "./routes/nodes.ts";
import { notificationsRoutes } from "./routes/notifications.ts";
import { rollbackRoutes } from "./routes/rollback.ts";
import { rolloutsRoutes } from "./routes/rollouts.ts";
import { type ApiRoute, boolean, control, dryRun, integer, paging, started } from "./routes/route.ts";
import { windowsRoutes } from "./routes/windows.ts";
import * as schema from "./schemas.ts";

export type { ApiRoute } from "./routes/route.ts";

/** The routes of the API. */
export const routes = {
  applyCluster: {
    id: "apply-cluster",
    method: "PUT",
    path: "/v1/clusters/{cluster}",
    summary: "Make a cluster as its ClusterConfig says, or change it to that",
    query: dryRun.extend({
      prune: boolean.optional().meta({ description: "Delete what is no longer in the file." }),
      reason: z
        .string()
        .min(1)
        .max(1024)
        .optional()
        .meta({ description: "Why; recorded with the operation." }),
      ignoreWindow: boolean
        .optional()
        .meta({ description: "Begin outside of the cluster's windows; needs a reason." }),
      override: z
        .string()
        .max(1024)
        .regex(/^[A-Z][A-Z0-9_]{2,63}(,[A-Z][A-Z0-9_]{2,63})*$/, "codes of checks, with commas between them")
        .transform((codes) => codes.split(","))
        .optional()
        .meta({ description: "Codes of findings that may pass; needs a reason." }),
    }),
    body: "cluster-file",
    responses: {
      ...started,
      200: {
        description: "The plan: of a dry run, or one without phases when nothing has to change.",
        schema: schema.Plan,
      },
    },
  },
  adoptCluster: {
    id: "adopt-cluster",
    method: "POST",
    path: "/v1/clusters/{cluster}/adopt",
    summary: "Write the ClusterConfig of a cluster that exists, and manage it from now on",
    query: dryRun,
    body: schema.AdoptRequest,
    responses: {
      200: { description: "What was written (dry run), or is managed already.", schema: schema.Adoption },
      201: { description: "The cluster is managed.", schema: schema.Adoption },
      202: {
        description: "It was managed already; Slipway gets the access that it lacked.",
        schema: schema.Adoption,
      },
    },
  },
  listClusters: {
    id: "list-clusters",
    method: "GET",
    path: "/v1/clusters",
    summary: "Clusters that Slipway manages",
    query: z.strictObject(paging),
    responses: { 200: { description: "A page of clusters.", schema: schema.ClusterList } },
  },
  getCluster: {
    id: "get-cluster",
    method: "GET",
    path: "/v1/clusters/{cluster}",
    summary: "One cluster with its live state",
    responses: { 200: { description: "The cluster.", schema: schema.Cluster } },
  },
  deleteCluster: {
    id: "delete-cluster",
    method: "DELETE",
    path: "/v1/clusters/{cluster}",
    summary: "Delete a cluster and everything that Slipway created for it",
    query: dryRun,
    responses: started,
  },
  upgradeCluster: {
    id: "upgrade-cluster",
    method: "POST",
    path: "/v1/clusters/{cluster}/upgrades",
    summary: "Upgrade control plane, add-ons and nodes, one minor version after the other",
    query: dryRun,
    body: schema.UpgradeRequest,
    responses: started,
  },
  rotateNodegroup: {
    id: "rotate-nodegroup",
    method: "POST",
    path: "/v1/clusters/{cluster}/nodegroups/{nodegroup}/rotations",
    summary: "Replace the nodes of a node group, blue/green",
    query: dryRun,
    body: schema.RotationRequest,
    responses: started,
  },
  updateAddons: {
    id: "update-addons",
    method: "POST",
    path: "/v1/clusters/{cluster}/addon-updates",
    summary: "Bring add-ons to the versions chosen for the cluster's Kubernetes version",
    query: dryRun,
    body: schema.AddonUpdateRequest,
    responses: started,
  },
  checkCluster: {
    id: "check-cluster",
    method: "POST",
    path: "/v1/clusters/{cluster}/checks",
    summary: "Run the pre-flight checks and change nothing",
    body: schema.CheckRequest,
    responses: { 200: { description: "The findings.", schema: schema.CheckResult } },
  },
  listOperations: {
    id: "list-operations",
    method: "GET",
    path: "/v1/operations",
    summary: "Operations, newest first",
    query: z.strictObject({
      ...paging,
      cluster: z.string().max(200).optional(),
      status: z.string().max(32).optional(),
    }),
    responses: { 200: { description: "A page of operations.", schema: schema.OperationList } },
  },
  getOperation: {
    id: "get-operation",
    method: "GET",
    path: "/v1/operations/{operation}",
    summary: "One operation with its steps",
    responses: { 200: { description: "The operation.", schema: schema.Operation } },
  },
  listOperationEvents: {
    id: "list-operation-events",
    method: "GET",
    path: "/v1/operations/{operation}/events",
    summary: "Events of an operation after a cursor, waiting for the next one",
    query: z.strictObject({
      after: integer(0, 999_999_999).optional().meta({ description: "Events with a higher number only." }),
      wait: integer(0, 20)
        .optional()
        .meta({ description: "Seconds to wait for an event before answering with none." }),
      limit: integer(1, 500).optional(),
    }),
    responses: { 200: { description: "Events and the next cursor.", schema: schema.OperationEvents } },
  },
  pauseOperation: control("pause", "Stop at the next safe point"),
  resumeOperation: {
    ...control("resume", "Go on after a pause, or begin outside of the window"),
    body: schema.ResumeRequest,
  },
  cancelOperation: control("cancel", "End at the next safe point"),
  retryOperation: {
    id: "retry-operation",
    method: "POST",
    path: "/v1/operations/{operation}/retry",
    summary: "Run an operation that failed again, from what the cluster is now",
    body: schema.RetryRequest,
    responses: { 202: { description: "The operation, running again.", schema: schema.Operation } },
  },
  runDoctor: {
    id: "run-doctor",
    method: "POST",
    path: "/v1/doctor",
    summary:
      "Check this installation and the managed accounts: identity, permissions, events, access, quotas",
    body: schema.DoctorRequest,
    responses: { 200: { description: "What was found.", schema: schema.DoctorReport } },
  },
  getOpenApi: {
    id: "get-openapi",
    method: "GET",
    path: "/openapi.json",
    summary: "This document",
    responses: { 200: { description: "OpenAPI 3.1." } },
  },
  ...rollbackRoutes,
  ...driftRoutes,
  ...nodesRoutes,
  ...rolloutsRoutes,
  ...windowsRoutes,
  ...notificationsRoutes,
} as const satisfies Record<string, ApiRoute>;
