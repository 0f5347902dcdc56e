import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { parseClusterKey } from "../../core/cluster-ref.ts";
import { api } from "../lib/api/http.ts";
import { LOOKS, parseLook } from "../lib/drift/documents.ts";
import { driftView } from "../lib/drift/view.ts";

/** `GET /v1/drift`: the clusters of a page that are in drift or could not be looked at. */
export const handler = api(routes.listDrift, async ({ query, runtime }) => {
  const store = storeOf(runtime);
  const { limit = 100, nextToken } = query;
  const page = await store.listDocuments(LOOKS, { limit, ...(nextToken ? { nextToken } : {}) });
  const refs = page.items.flatMap(({ name, value }) => {
    const { open, failure } = parseLook(value);
    return open > 0 || failure ? (parseClusterKey(name) ?? []) : [];
  });
  const views = await Promise.all(refs.map((ref) => driftView(store, ref, false)));
  const items = views.filter(({ items, failure }) => items.length > 0 || failure);
  return { status: 200, body: { items, ...(page.nextToken ? { nextToken: page.nextToken } : {}) } };
});
