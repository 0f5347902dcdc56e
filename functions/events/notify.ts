import * as z from "zod";
import { eventMessage } from "../../core/notifications/event-message.ts";
import type { Message } from "../../core/notifications/message.ts";
import { operationMessage } from "../../core/notifications/operation-message.ts";
import { listener } from "../lib/listener.ts";
import { allChannels } from "../lib/notifications/channels.ts";
import { deliver } from "../lib/notifications/deliver.ts";
import { recipients } from "../lib/notifications/recipients.ts";
import type { TaskContext } from "../lib/task.ts";

const event = z.object({
  source: z.string(),
  "detail-type": z.string().max(200),
  time: z.string().max(40),
  detail: z.unknown(),
});

const operationDetail = z.object({ operationId: z.string().regex(/^op-[0-9A-HJKMNP-TV-Z]{26}$/) });

/**
 * Tells people what happens, from the events of Slipway's own bus. Of an operation the event is a hint: the message
 * shows what the store says now. One channel's trouble does not keep a message from the others; the event is
 * delivered again as long as one of them does not answer.
 */
export const handler = listener("notify", event, async (given, context) => {
  const all = await allChannels(context.store);
  const message = all.length > 0 ? await messageOf(given, context) : undefined;
  if (!message) return;
  const channels = await recipients(context, all, message.cluster);
  const outcomes = await Promise.allSettled(channels.map((channel) => deliver(context, channel, message)));
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
});

async function messageOf(
  given: z.output<typeof event>,
  { store, runtime }: TaskContext,
): Promise<Message | undefined> {
  const endpoint = runtime.config.apiUrl;
  if (given.source === "slipway.operation") {
    const parsed = operationDetail.safeParse(given.detail);
    const operation = parsed.success ? await store.getOperation(parsed.data.operationId) : undefined;
    return operation && operationMessage(operation, endpoint);
  }
  return eventMessage(
    {
      source: given.source,
      detailType: given["detail-type"],
      time: Date.parse(given.time),
      detail: given.detail,
    },
    endpoint,
  );
}
