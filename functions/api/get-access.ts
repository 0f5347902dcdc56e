import { routes } from "../../core/api/routes.ts";
import { TerminalError } from "../../core/errors.ts";
import { readAccess } from "../lib/api/access.ts";
import { api } from "../lib/api/http.ts";

/** `GET /v1/access`. */
export const handler = api(routes.getAccess, async ({ runtime }) => {
  const access = await readAccess(runtime);
  if (access) return { status: 200, body: access };
  throw new TerminalError("nobody has said who may do what: everybody whom the API lets in is admin", {
    code: "AccessNotFound",
    remedy: "Write it with PUT /v1/access (docs/access.md).",
  });
});
