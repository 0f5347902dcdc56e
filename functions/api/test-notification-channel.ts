import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { SlipwayError } from "../../core/errors.ts";
import { detailsCommand, type Message } from "../../core/notifications/message.ts";
import { plain } from "../../core/text.ts";
import { api } from "../lib/api/http.ts";
import { channelNamed, channelNotFound } from "../lib/notifications/channels.ts";
import { sendMessage } from "../lib/notifications/send.ts";

/** `POST /v1/notification-channels/{channel}/test`: what goes wrong is the answer, not an error of the request. */
export const handler = api(routes.testChannel, async ({ path, requester, runtime }) => {
  const name = path.channel ?? "";
  const channel = await channelNamed(storeOf(runtime), name);
  if (!channel) throw channelNotFound(name);
  const message: Message = {
    key: `test/${name}`,
    kind: "end",
    tone: "info",
    order: [runtime.clock.now()],
    title: `Test of the notification channel ${name}`,
    lines: [
      `${plain(requester, 200)} sent it. Messages of this installation (${runtime.config.stage}) will come here.`,
    ],
    details: detailsCommand("get channels", runtime.config.apiUrl),
    attributes: { event: "Test", stage: runtime.config.stage, tone: "info" },
  };
  try {
    await sendMessage(runtime, channel, message);
    return { status: 200, body: { name, delivered: true } };
  } catch (error) {
    if (!(error instanceof SlipwayError)) throw error;
    const { message: problem, remedy } = error;
    return { status: 200, body: { name, delivered: false, problem, ...(remedy ? { remedy } : {}) } };
  }
});
