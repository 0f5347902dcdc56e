import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { policyView } from "../lib/api/documents.ts";
import { api } from "../lib/api/http.ts";
import { POLICIES } from "../lib/policies.ts";

/** `GET /v1/policies`. */
export const handler = api(routes.listPolicies, async ({ query, runtime }) => {
  const { items, nextToken } = await storeOf(runtime).listDocuments(POLICIES, {
    limit: query.limit ?? 50,
    ...(query.nextToken ? { nextToken: query.nextToken } : {}),
  });
  return { status: 200, body: { items: items.map(policyView), ...(nextToken ? { nextToken } : {}) } };
});
