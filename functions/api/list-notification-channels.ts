import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { api } from "../lib/api/http.ts";
import { CHANNELS } from "../lib/notifications/channels.ts";
import { channelView } from "../lib/notifications/view.ts";

/** `GET /v1/notification-channels`. */
export const handler = api(routes.listChannels, async ({ query, runtime }) => {
  const store = storeOf(runtime);
  const { items, nextToken } = await store.listDocuments(CHANNELS, {
    limit: query.limit ?? 50,
    ...(query.nextToken ? { nextToken: query.nextToken } : {}),
  });
  const views = await Promise.all(items.map((item) => channelView(store, item)));
  return { status: 200, body: { items: views, ...(nextToken ? { nextToken } : {}) } };
});
