import { routes } from "../../core/api/routes.ts";
import { decide } from "../lib/api/control.ts";
import { api } from "../lib/api/http.ts";
import { contextOf } from "../lib/api/operations.ts";
import { replanned } from "../lib/api/replan.ts";

/** `POST /v1/operations/{operation}/approve`: not by its requester. It begins, or waits for its window. */
export const handler = api(routes.approveOperation, async ({ path, body, requester, runtime }) => ({
  status: 200,
  body: await decide(
    runtime,
    path.operation ?? "",
    { decision: "approved", by: requester, reason: body.reason, digest: body.digest },
    replanned(contextOf(runtime)),
  ),
}));
