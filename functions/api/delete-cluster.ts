import { routes } from "../../core/api/routes.ts";
import { changeHandler } from "../lib/api/change.ts";

/** `DELETE /v1/clusters/{cluster}`. */
export const handler = changeHandler(routes.deleteCluster, "delete-cluster", () => ({ request: {} }));
