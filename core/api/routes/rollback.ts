import * as schema from "../schemas.ts";
import { type ApiRoute, dryRun, started } from "./route.ts";

export const rollbackRoutes = {
  rollbackCluster: {
    id: "rollback-cluster",
    method: "POST",
    path: "/v1/clusters/{cluster}/rollbacks",
    summary: "Take the last upgrade back: nodes, add-ons, control plane; within 7 days",
    query: dryRun,
    body: schema.RollbackRequest,
    responses: started,
  },
} as const satisfies Record<string, ApiRoute>;
