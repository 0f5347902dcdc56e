import { routes } from "../../core/api/routes.ts";
import { resume } from "../lib/api/control.ts";
import { api } from "../lib/api/http.ts";

/** `POST /v1/operations/{operation}/resume`: withdraws a pause, or wakes a paused workflow. */
export const handler = api(routes.resumeOperation, async ({ path, body, requester, runtime }) => ({
  status: 200,
  body: await resume(runtime, path.operation ?? "", requester, body.reason),
}));
