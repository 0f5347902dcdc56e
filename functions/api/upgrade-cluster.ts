import { routes } from "../../core/api/routes.ts";
import { changeHandler } from "../lib/api/change.ts";

/** `POST /v1/clusters/{cluster}/upgrades`. */
export const handler = changeHandler(routes.upgradeCluster, "upgrade-cluster", ({ body }) => ({
  request: { to: body.to, ...(body.rotations ? { rotations: body.rotations } : {}) },
  reason: body.reason,
  overrides: body.overrides,
}));
