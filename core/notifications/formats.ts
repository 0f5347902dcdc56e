import type { Message, Tone } from "./message.ts";

const MARK: Readonly<Record<Tone, string>> = { good: "✔", info: "•", attention: "!", bad: "✗" };

/** The message as text, for a mail or a pager. */
export const asText = ({ title, lines, next, details }: Message): string =>
  [title, "", ...lines, ...(next ? ["", `Next: ${next}`] : []), "", `Details: ${details}`].join("\n");

/** SNS: a subject of at most 100 characters of ASCII, the text, and attributes for filters of subscriptions. */
export function asSns(message: Message): {
  readonly subject: string;
  readonly message: string;
  readonly attributes: Readonly<Record<string, string>>;
} {
  // SNS refuses a subject with anything but printable ASCII, or one that begins with a space.
  const subject =
    message.title
      .replace(/[^\x20-\x7e]+/g, "?")
      .trim()
      .slice(0, 100) || "Slipway";
  const attributes = Object.fromEntries(
    // SNS takes ten attributes, none of them empty.
    Object.entries(message.attributes)
      .filter(([, value]) => value !== "")
      .slice(0, 10),
  );
  return { subject, message: asText(message), attributes };
}

/** Slack's control characters; beside these nothing in a text is markup of mentions or links. */
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/**
 * Slack: blocks of plain text alone, in which nothing is markup, and a short text for notifications, which Slack
 * reads as markup, so it is escaped. Links in texts are not unfolded.
 */
export function asSlack(message: Message): Readonly<Record<string, unknown>> {
  const section = (text: string) => ({ type: "section", text: { type: "plain_text", text, emoji: false } });
  const title = `${MARK[message.tone]} ${message.title}`;
  return {
    text: escaped(title),
    blocks: [
      { type: "header", text: { type: "plain_text", text: title.slice(0, 150), emoji: false } },
      ...message.lines.filter((line) => line !== "").map((line) => section(line.slice(0, 2900))),
      ...(message.next ? [section(`Next: ${message.next}`)] : []),
      section(`Details: ${message.details}`),
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

const COLOUR: Readonly<Record<Tone, string>> = {
  good: "Good",
  info: "Default",
  attention: "Warning",
  bad: "Attention",
};

/** Teams: an adaptive card of text runs, in which, unlike in text blocks, nothing is markdown. */
export function asTeams(message: Message): Readonly<Record<string, unknown>> {
  const run = (text: string, more: object = {}) => ({
    type: "RichTextBlock",
    inlines: [{ type: "TextRun", text, ...more }],
  });
  return {
    type: "message",
    attachments: [
      {
        contentType: "application/vnd.microsoft.card.adaptive",
        content: {
          $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
          type: "AdaptiveCard",
          version: "1.4",
          body: [
            run(`${MARK[message.tone]} ${message.title}`, {
              weight: "Bolder",
              size: "Medium",
              color: COLOUR[message.tone],
            }),
            ...message.lines.filter((line) => line !== "").map((line) => run(line)),
            ...(message.next ? [run(`Next: ${message.next}`)] : []),
            run(`Details: ${message.details}`),
          ],
        },
      },
    ],
  };
}
