import { routes } from "../../core/api/routes.ts";
import { controlHandler } from "../lib/rollout/control.ts";

/** `POST /v1/rollouts/{rollout}/approve`. */
export const handler = controlHandler(routes.approveRollout, "approve");
