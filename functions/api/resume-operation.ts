import { routes } from "../../core/api/routes.ts";
import { resume } from "../lib/api/control.ts";
import { api } from "../lib/api/http.ts";
import { contextOf } from "../lib/api/operations.ts";
import { replanned } from "../lib/api/replan.ts";

/** `POST /v1/operations/{operation}/resume`: withdraws a pause, or lets it begin outside of its window. */
export const handler = api(routes.resumeOperation, async ({ path, body, requester, runtime }) => ({
  status: 200,
  body: await resume(
    runtime,
    path.operation ?? "",
    { by: requester, reason: body.reason, now: body.now },
    replanned(contextOf(runtime)),
  ),
}));
