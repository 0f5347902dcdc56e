import { routes } from "../../core/api/routes.ts";
import { changeHandler } from "../lib/api/change.ts";

/** `POST /v1/clusters/{cluster}/nodegroups/{nodegroup}/rotations`. */
export const handler = changeHandler(routes.rotateNodegroup, "rotate-nodegroup", ({ body, path }) => {
  const { reason, overrides, ignoreWindow: _, ...change } = body;
  return {
    request: { nodegroup: path.nodegroup ?? "", ...(Object.keys(change).length > 0 ? { change } : {}) },
    reason,
    overrides,
  };
});
