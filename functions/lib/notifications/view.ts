import type { ChannelView } from "../../../core/api/routes/notifications.ts";
import { notificationChannelSchema } from "../../../core/notifications/channel.ts";
import type { Store, StoredDocument } from "../../../core/ports/store.ts";
import { CHANNEL_HEALTH, type ChannelHealth } from "./channels.ts";

/** A stored channel as the API shows it. */
export async function channelView(
  store: Store,
  { name, value, revision }: StoredDocument,
): Promise<ChannelView> {
  const health = (await store.getDocument(CHANNEL_HEALTH, name))?.value as ChannelHealth | undefined;
  return { name, channel: notificationChannelSchema.parse(value), revision, ...(health ? { health } : {}) };
}
