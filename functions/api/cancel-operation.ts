import { routes } from "../../core/api/routes.ts";
import { requestControl } from "../lib/api/control.ts";
import { api } from "../lib/api/http.ts";

/** `POST /v1/operations/{operation}/cancel`: takes effect at the next gate of the workflow. */
export const handler = api(routes.cancelOperation, async ({ path, body, requester, runtime }) => ({
  status: 200,
  body: await requestControl(runtime, path.operation ?? "", {
    request: "cancel",
    by: requester,
    reason: body.reason,
  }),
}));
