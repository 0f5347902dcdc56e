import { routes } from "../../core/api/routes.ts";
import { changeHandler } from "../lib/api/change.ts";

/** `POST /v1/clusters/{cluster}/addon-updates`. */
export const handler = changeHandler(routes.updateAddons, "update-addons", ({ body }) => ({
  request: body.addons ? { addons: body.addons } : {},
  reason: body.reason,
  overrides: body.overrides,
}));
