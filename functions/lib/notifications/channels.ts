import { TerminalError } from "../../../core/errors.ts";
import { type NotificationChannel, notificationChannelSchema } from "../../../core/notifications/channel.ts";
import type { Store } from "../../../core/ports/store.ts";

export const CHANNELS = "notification-channels";
export const CHANNEL_HEALTH = "notification-channels-health";
/** What a channel has been told, by its name: one document for each message. */
export const toldIn = (channel: string): string => `notifications/${channel}`;

export const channelNotFound = (name: string): TerminalError =>
  new TerminalError(`there is no notification channel ${name}`, {
    code: "ChannelNotFound",
    remedy: "List them with: slipway get channels",
  });

/** A channel by its name; undefined where there is none, or where what is stored is none any more. */
export async function channelNamed(store: Store, name: string): Promise<NotificationChannel | undefined> {
  const stored = await store.getDocument(CHANNELS, name);
  const parsed = stored && notificationChannelSchema.safeParse(stored.value);
  return parsed?.success ? parsed.data : undefined;
}

/** Every channel that there is; a document that is none (of an older release) is left out. */
export async function allChannels(store: Store): Promise<NotificationChannel[]> {
  const found: NotificationChannel[] = [];
  let nextToken: string | undefined;
  do {
    const page = await store.listDocuments(CHANNELS, { limit: 100, ...(nextToken ? { nextToken } : {}) });
    for (const { value } of page.items) {
      const parsed = notificationChannelSchema.safeParse(value);
      if (parsed.success) found.push(parsed.data);
    }
    nextToken = page.nextToken;
  } while (nextToken);
  return found;
}

/** How the last message to a channel went. */
export interface ChannelHealth {
  readonly ok: boolean;
  /** ISO 8601. */
  readonly at: string;
  readonly problem?: string;
  readonly remedy?: string;
}
