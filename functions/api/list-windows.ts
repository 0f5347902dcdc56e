import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { maintenanceWindowSchema } from "../../core/policy/windows.ts";
import { api } from "../lib/api/http.ts";
import { WINDOWS } from "../lib/policies.ts";
import { windowView } from "../lib/windows.ts";

/** `GET /v1/windows`. */
export const handler = api(routes.listWindows, async ({ query, runtime }) => {
  const { items, nextToken } = await storeOf(runtime).listDocuments(WINDOWS, {
    limit: query.limit ?? 50,
    ...(query.nextToken ? { nextToken: query.nextToken } : {}),
  });
  const now = runtime.clock.now();
  const views = items.map(({ value, revision }) =>
    windowView(maintenanceWindowSchema.parse(value), revision, now),
  );
  return { status: 200, body: { items: views, ...(nextToken ? { nextToken } : {}) } };
});
