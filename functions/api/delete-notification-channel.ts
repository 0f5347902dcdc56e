import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { api } from "../lib/api/http.ts";
import { CHANNEL_HEALTH, CHANNELS, channelNotFound } from "../lib/notifications/channels.ts";

/** `DELETE /v1/notification-channels/{channel}`. */
export const handler = api(routes.deleteChannel, async ({ path, runtime }) => {
  const name = path.channel ?? "";
  const store = storeOf(runtime);
  if (!(await store.getDocument(CHANNELS, name))) throw channelNotFound(name);
  await store.deleteDocument(CHANNELS, name);
  await store.deleteDocument(CHANNEL_HEALTH, name);
  return { status: 200, body: { name } };
});
