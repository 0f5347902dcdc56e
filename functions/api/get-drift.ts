import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { clusterNamed } from "../lib/api/clusters.ts";
import { api } from "../lib/api/http.ts";
import { driftView } from "../lib/drift/view.ts";

/** `GET /v1/clusters/{cluster}/drift`: what the last look found. */
export const handler = api(routes.getDrift, async ({ path, query, runtime }) => {
  const { ref } = await clusterNamed(runtime, path.cluster ?? "");
  return { status: 200, body: await driftView(storeOf(runtime), ref, query.all ?? false) };
});
