import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { iso } from "../../core/clock.ts";
import { api } from "../lib/api/http.ts";
import { eventsAfter } from "../lib/api/operation-log.ts";
import { operationNamed } from "../lib/api/operations.ts";

/** `GET /v1/operations/{operation}/events`: the log after a cursor, by long polling. */
export const handler = api(routes.listOperationEvents, async ({ path, query, runtime }) => {
  const id = path.operation ?? "";
  const after = query.after ?? 0;
  const { items, status } = await eventsAfter(
    storeOf(runtime),
    runtime.clock,
    async () => (await operationNamed(runtime, id)).status,
    { id, after, waitMs: (query.wait ?? 0) * 1000, limit: query.limit ?? 100 },
  );
  return {
    status: 200,
    body: { items, next: items.at(-1)?.seq ?? after, now: iso(runtime.clock.now()), status },
  };
});
