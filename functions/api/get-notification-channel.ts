import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { api } from "../lib/api/http.ts";
import { CHANNELS, channelNotFound } from "../lib/notifications/channels.ts";
import { channelView } from "../lib/notifications/view.ts";

/** `GET /v1/notification-channels/{channel}`. */
export const handler = api(routes.getChannel, async ({ path, runtime }) => {
  const name = path.channel ?? "";
  const store = storeOf(runtime);
  const stored = await store.getDocument(CHANNELS, name);
  if (!stored) throw channelNotFound(name);
  return { status: 200, body: await channelView(store, stored) };
});
