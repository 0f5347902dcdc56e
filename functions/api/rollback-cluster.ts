import { routes } from "../../core/api/routes.ts";
import { changeHandler } from "../lib/api/change.ts";

/** `POST /v1/clusters/{cluster}/rollbacks`. */
export const handler = changeHandler(routes.rollbackCluster, "rollback-cluster", ({ body }) => ({
  request: body.timeoutMinutes === undefined ? {} : { timeoutMinutes: body.timeoutMinutes },
  reason: body.reason,
  overrides: body.overrides,
}));
