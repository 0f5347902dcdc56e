import { routes } from "../../core/api/routes.ts";
import { changeHandler } from "../lib/api/change.ts";

/** `POST /v1/clusters/{cluster}/nodegroups/{nodegroup}/rotations`. */
export const handler = changeHandler(routes.rotateNodegroup, "rotate-nodegroup", ({ body, path }) => ({
  request: { nodegroup: path.nodegroup ?? "" },
  reason: body.reason,
  overrides: body.overrides,
}));
