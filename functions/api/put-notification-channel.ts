import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { refuseOtherName } from "../lib/api/documents.ts";
import { api } from "../lib/api/http.ts";
import { CHANNELS } from "../lib/notifications/channels.ts";
import { channelView } from "../lib/notifications/view.ts";

/** `PUT /v1/notification-channels/{channel}`. What the channel was told before stays remembered. */
export const handler = api(routes.putChannel, async ({ path, body, runtime }) => {
  const name = path.channel ?? "";
  refuseOtherName(name, body.metadata.name);
  const store = storeOf(runtime);
  const stored = await store.updateDocument(CHANNELS, name, () => ({ value: body }));
  return {
    status: 200,
    body: await channelView(store, { name, value: body, revision: stored?.revision ?? 1 }),
  };
});
