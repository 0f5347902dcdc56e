import { routes } from "../../core/api/routes.ts";
import { decide } from "../lib/api/control.ts";
import { api } from "../lib/api/http.ts";

/** `POST /v1/operations/{operation}/reject`: it ends as Cancelled. Its requester may take it back like this, too. */
export const handler = api(routes.rejectOperation, async ({ path, body, requester, runtime }) => ({
  status: 200,
  body: await decide(runtime, path.operation ?? "", {
    decision: "rejected",
    by: requester,
    reason: body.reason,
  }),
}));
