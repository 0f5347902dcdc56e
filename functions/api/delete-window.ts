import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { notFound, refuseInUse, usersOfWindow } from "../lib/api/documents.ts";
import { api } from "../lib/api/http.ts";
import { WINDOWS } from "../lib/policies.ts";

/** `DELETE /v1/windows/{window}`: refused while a policy names it, since that would close its clusters for good. */
export const handler = api(routes.deleteWindow, async ({ path, runtime }) => {
  const name = path.window ?? "";
  const store = storeOf(runtime);
  if (!(await store.getDocument(WINDOWS, name))) throw notFound("window", name);
  refuseInUse("window", name, await usersOfWindow(store, name));
  await store.deleteDocument(WINDOWS, name);
  return { status: 200, body: { name } };
});
