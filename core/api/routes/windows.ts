import * as z from "zod";
import * as schema from "../schemas.ts";
import { type ApiRoute, paging } from "./route.ts";

const decision = (verb: "approve" | "reject", summary: string) =>
  ({
    id: `${verb}-operation`,
    method: "POST",
    path: `/v1/operations/{operation}/${verb}`,
    summary,
    role: "approver",
    body: schema.ApprovalRequest,
    responses: { 200: { description: "The operation.", schema: schema.Operation } },
  }) as const satisfies ApiRoute;

const list = z.strictObject(paging);

export const windowsRoutes = {
  listWindows: {
    id: "list-windows",
    method: "GET",
    path: "/v1/windows",
    summary: "Maintenance windows that policies can name",
    query: list,
    responses: { 200: { description: "A page of windows.", schema: schema.WindowList } },
  },
  getWindow: {
    id: "get-window",
    method: "GET",
    path: "/v1/windows/{window}",
    summary: "One maintenance window, and whether it is open",
    responses: { 200: { description: "The window.", schema: schema.Window } },
  },
  putWindow: {
    id: "put-window",
    method: "PUT",
    path: "/v1/windows/{window}",
    summary: "Write a maintenance window",
    role: "admin",
    body: schema.MaintenanceWindow,
    responses: { 200: { description: "The window.", schema: schema.Window } },
  },
  deleteWindow: {
    id: "delete-window",
    method: "DELETE",
    path: "/v1/windows/{window}",
    summary: "Delete a maintenance window that no policy names",
    role: "admin",
    responses: { 200: { description: "It is gone.", schema: schema.Deleted } },
  },
  listPolicies: {
    id: "list-policies",
    method: "GET",
    path: "/v1/policies",
    summary: "Policies that clusters can name",
    query: list,
    responses: { 200: { description: "A page of policies.", schema: schema.PolicyList } },
  },
  getPolicy: {
    id: "get-policy",
    method: "GET",
    path: "/v1/policies/{policy}",
    summary: "One policy",
    responses: { 200: { description: "The policy.", schema: schema.Policy } },
  },
  putPolicy: {
    id: "put-policy",
    method: "PUT",
    path: "/v1/policies/{policy}",
    summary: "Write a policy; it counts at once for every cluster that names it",
    role: "admin",
    body: schema.AutomationPolicyDocument,
    responses: { 200: { description: "The policy.", schema: schema.Policy } },
  },
  deletePolicy: {
    id: "delete-policy",
    method: "DELETE",
    path: "/v1/policies/{policy}",
    summary: "Delete a policy that no cluster names",
    role: "admin",
    responses: { 200: { description: "It is gone.", schema: schema.Deleted } },
  },
  getClusterWindow: {
    id: "get-cluster-window",
    method: "GET",
    path: "/v1/clusters/{cluster}/window",
    summary: "Whether work that disrupts this cluster may begin now, when next, and why",
    responses: { 200: { description: "Its windows.", schema: schema.ClusterWindow } },
  },
  approveOperation: decision("approve", "Approve what an operation waits for; not by its requester"),
  rejectOperation: decision("reject", "End an operation that waits for an approval"),
  getAccess: {
    id: "get-access",
    method: "GET",
    path: "/v1/access",
    summary: "Who may do what, for which clusters",
    responses: { 200: { description: "The bindings.", schema: schema.Access } },
  },
  putAccess: {
    id: "put-access",
    method: "PUT",
    path: "/v1/access",
    summary: "Say who may do what; whoever writes it stays admin",
    role: "admin",
    body: schema.Access,
    responses: { 200: { description: "The bindings.", schema: schema.Access } },
  },
} as const satisfies Record<string, ApiRoute>;
