import { secretsOf } from "../../../adapters/aws/secrets.ts";
import { topicsOf } from "../../../adapters/aws/sns.ts";
import { type HttpAnswer, httpOf } from "../../../adapters/http.ts";
import type { Runtime } from "../../../adapters/runtime.ts";
import { RetryableError, TerminalError } from "../../../core/errors.ts";
import type { ChannelTarget, NotificationChannel } from "../../../core/notifications/channel.ts";
import { asSlack, asSns, asTeams } from "../../../core/notifications/formats.ts";
import type { Message } from "../../../core/notifications/message.ts";
import { webhookUrl } from "../../../core/notifications/webhook.ts";
import { member } from "../../../core/text.ts";

/** A call is tried so often before the event is given back to the bus, which tries again for longer. */
const ATTEMPTS = 4;
/** No longer than this in one go: the function has a minute. */
const LONGEST_WAIT_MS = 10_000;
const SLACK = "https://slack.com/api";

/**
 * Sends a message to a channel, or changes the one with `messageId`; returns the channel's id of it where it has one.
 * 429 and 5xx are tried again with the wait that the service asks for. Throws RetryableError `ChannelBusy` when that
 * does not help, TerminalError `ChannelRefused` when trying again cannot.
 */
export async function sendMessage(
  runtime: Runtime,
  { target }: NotificationChannel,
  message: Message,
  messageId?: string,
): Promise<string | undefined> {
  switch (target.type) {
    case "sns":
      await topicsOf(runtime).publish(target.topicArn, asSns(message));
      return undefined;
    case "slack-bot":
      return await slackBot(runtime, target, message, messageId);
    case "slack-webhook":
      return await webhook(runtime, target, asSlack(message));
    case "teams-webhook":
      return await webhook(runtime, target, asTeams(message));
  }
}

const refused = (why: string, remedy: string): TerminalError =>
  new TerminalError(why, { code: "ChannelRefused", remedy });

async function webhook(
  runtime: Runtime,
  target: Extract<ChannelTarget, { type: "slack-webhook" | "teams-webhook" }>,
  body: object,
): Promise<undefined> {
  const url = webhookUrl(target.type, await secretsOf(runtime)(target.secret));
  const answer = await post(runtime, url, {}, body);
  if (answer.status >= 300)
    throw refused(
      `${new URL(url).hostname} answered ${answer.status}`,
      "Make the webhook again where it was taken away, and store its new address.",
    );
}

/** Errors of Slack that pass by themselves; it answers them with 200. */
const PASSING = new Set([
  "ratelimited",
  "internal_error",
  "fatal_error",
  "service_unavailable",
  "request_timeout",
]);
/** The message that was to be changed is not there any more: somebody deleted it. */
const GONE = new Set(["message_not_found", "cant_update_message", "edit_window_closed"]);

async function slackBot(
  runtime: Runtime,
  target: Extract<ChannelTarget, { type: "slack-bot" }>,
  message: Message,
  messageId: string | undefined,
): Promise<string | undefined> {
  const token = (await secretsOf(runtime)(target.secret)).trim();
  const headers = { authorization: `Bearer ${token}` };
  const body = { ...asSlack(message), channel: target.conversation };
  const call = async (method: string, more: object): Promise<{ error?: string; ts?: string }> => {
    const answer = await post(runtime, `${SLACK}/${method}`, headers, { ...body, ...more });
    if (answer.status >= 300) throw refused(`Slack answered ${answer.status}`, "Check the bot token.");
    const reply = json(answer.body);
    if (member(reply, "ok") === true) {
      const ts = member(reply, "ts");
      return typeof ts === "string" ? { ts } : {};
    }
    const error = member(reply, "error");
    return { error: typeof error === "string" ? error : "an answer that is not Slack's" };
  };
  const said = await call(messageId ? "chat.update" : "chat.postMessage", messageId ? { ts: messageId } : {});
  const result =
    messageId && said.error !== undefined && GONE.has(said.error) ? await call("chat.postMessage", {}) : said;
  if (result.error === undefined) return result.ts ?? messageId;
  if (PASSING.has(result.error)) throw new RetryableError(`Slack: ${result.error}`, { code: "ChannelBusy" });
  throw refused(
    `Slack: ${result.error.slice(0, 100)}`,
    "See that the token is valid, that the app has chat:write, and that it was invited into the conversation.",
  );
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function post(
  runtime: Runtime,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: object,
): Promise<HttpAnswer> {
  const http = httpOf(runtime);
  const request = {
    method: "POST",
    url,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(body),
  } as const;
  for (let attempt = 1; ; attempt++) {
    const answer = await http(request);
    if (answer.status !== 429 && answer.status < 500) return answer;
    const asked = Number(answer.headers["retry-after"]);
    const wait = Number.isFinite(asked) && asked > 0 ? asked * 1000 : 500 * 2 ** attempt;
    if (attempt >= ATTEMPTS || wait > LONGEST_WAIT_MS)
      throw new RetryableError(`${new URL(url).hostname} answered ${answer.status}`, { code: "ChannelBusy" });
    await runtime.clock.sleep(wait + Math.floor(runtime.random() * 250));
  }
}
