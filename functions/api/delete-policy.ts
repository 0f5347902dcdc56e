import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { notFound, refuseInUse, usersOfPolicy } from "../lib/api/documents.ts";
import { api } from "../lib/api/http.ts";
import { POLICIES } from "../lib/policies.ts";

/** `DELETE /v1/policies/{policy}`: refused while a cluster's file names it. */
export const handler = api(routes.deletePolicy, async ({ path, runtime }) => {
  const name = path.policy ?? "";
  const store = storeOf(runtime);
  if (!(await store.getDocument(POLICIES, name))) throw notFound("policy", name);
  refuseInUse("policy", name, await usersOfPolicy(store, name));
  await store.deleteDocument(POLICIES, name);
  return { status: 200, body: { name } };
});
