import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { hasRole } from "../../core/access/access.ts";
import { routes } from "../../core/api/routes.ts";
import { InvalidInputError } from "../../core/errors.ts";
import { ACCESS } from "../lib/api/access.ts";
import { api } from "../lib/api/http.ts";

/** `PUT /v1/access`: whoever writes it must stay admin, so that nobody locks everybody out by a slip. */
export const handler = api(routes.putAccess, async ({ body, requester, runtime }) => {
  if (!hasRole(body, requester, "admin", undefined))
    throw new InvalidInputError([
      {
        field: "bindings",
        message: `${requester} would not be admin any more`,
        remedy: "Let the one who takes over write it, or keep yourself in it.",
      },
    ]);
  await storeOf(runtime).updateDocument(ACCESS.collection, ACCESS.name, () => ({ value: body }));
  return { status: 200, body };
});
