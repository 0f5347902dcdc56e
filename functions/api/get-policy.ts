import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { notFound, policyView } from "../lib/api/documents.ts";
import { api } from "../lib/api/http.ts";
import { POLICIES } from "../lib/policies.ts";

/** `GET /v1/policies/{policy}`. */
export const handler = api(routes.getPolicy, async ({ path, runtime }) => {
  const name = path.policy ?? "";
  const stored = await storeOf(runtime).getDocument(POLICIES, name);
  if (!stored) throw notFound("policy", name);
  return { status: 200, body: policyView(stored) };
});
