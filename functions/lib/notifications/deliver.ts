import * as z from "zod";
import { iso } from "../../../core/clock.ts";
import { isRetryable, RetryableError, SlipwayError } from "../../../core/errors.ts";
import { type NotificationChannel, updates } from "../../../core/notifications/channel.ts";
import { deliveryOf, type Message, type Told } from "../../../core/notifications/message.ts";
import type { TaskContext } from "../task.ts";
import { CHANNEL_HEALTH, type ChannelHealth, toldIn } from "./channels.ts";
import { sendMessage } from "./send.ts";

const REMEMBERED_MS = 30 * 86_400_000;
/** Longer than a delivery takes; a process that died in the middle leaves its turn for so long. */
const TURN_MS = 90_000;

const record = z.object({
  told: z
    .object({
      order: z.array(z.number()),
      kind: z.enum(["progress", "person", "end"]),
      messageId: z.string().optional(),
    })
    .optional(),
  /** Somebody is sending, until then. */
  turn: z.number().optional(),
});

/**
 * Tells a channel a message, once, and never an older one after a newer. Two events of one key at the same moment
 * (a delivery that comes twice) take turns:
 *
 *   take turn ── read what was told ── send or change ── remember, give the turn back
 *                                      ^crash: the turn ends by itself, and the event comes again: told twice at worst
 *
 * Throws RetryableError for another's turn and for a channel that does not answer: the bus delivers again. What the
 * channel refuses for good is noted with it and acknowledged.
 */
export async function deliver(
  context: TaskContext,
  channel: NotificationChannel,
  message: Message,
): Promise<"posted" | "updated" | "skipped" | "refused"> {
  const { store, runtime, log } = context;
  const { name } = channel.metadata;
  const now = runtime.clock.now();
  const collection = toldIn(name);
  let mine = false;
  let told: Told | undefined;
  await store.updateDocument(collection, message.key, (current) => {
    const parsed = record.safeParse(current);
    const { turn, told: before } = parsed.success ? parsed.data : {};
    mine = turn === undefined || turn <= now;
    told = before as Told | undefined;
    if (!mine || deliveryOf(message, told, updates(channel.target)).action === "skip") return undefined;
    return { value: { ...(told ? { told } : {}), turn: now + TURN_MS }, expiresAt: now + REMEMBERED_MS };
  });
  const delivery = deliveryOf(message, told, updates(channel.target));
  if (delivery.action === "skip") return "skipped";
  if (!mine)
    throw new RetryableError(`another message about ${message.key} is on its way`, { code: "NotSettled" });
  try {
    const before = delivery.action === "update" ? delivery.messageId : undefined;
    const messageId = await sendMessage(runtime, channel, message, before);
    await remember({ order: message.order, kind: message.kind, ...(messageId ? { messageId } : {}) });
    await note(context, name, { ok: true, at: iso(now) });
    return before === undefined ? "posted" : "updated";
  } catch (error) {
    await remember(told);
    if (!(error instanceof SlipwayError)) throw error;
    await note(context, name, {
      ok: false,
      at: iso(now),
      problem: error.message,
      ...(error.remedy ? { remedy: error.remedy } : {}),
    });
    if (isRetryable(error)) throw error;
    log.error("a notification channel refuses", { channel: name, code: error.code, problem: error.message });
    return "refused";
  }

  async function remember(value: Told | undefined): Promise<void> {
    await store.updateDocument(collection, message.key, () => ({
      value: value ? { told: value } : {},
      expiresAt: now + REMEMBERED_MS,
    }));
  }
}

/** How the channel is; written only when it changes, since every event tells of it. */
async function note({ store }: TaskContext, name: string, health: ChannelHealth): Promise<void> {
  await store.updateDocument(CHANNEL_HEALTH, name, (current) => {
    const before = current as ChannelHealth | undefined;
    const same = before?.ok === health.ok && before.problem === health.problem;
    return same ? undefined : { value: health };
  });
}
