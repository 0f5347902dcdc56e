import type { Http, HttpAnswer, HttpRequest } from "../adapters/http.ts";

/**
 * Where messages to services outside of AWS end on the embedded platform: nothing leaves the machine. A test says what
 * a service answers, and looks at what it was sent.
 */
export interface Outbox {
  /** Everything that was sent, oldest first; the newest thousand. */
  readonly sent: readonly HttpRequest[];
  /** Secrets by their references, as Parameter Store and Secrets Manager would hold them. */
  readonly secrets: Map<string, string>;
  /** What answers from now on. By default Slack's API as it answers, and 200 from every webhook. */
  answer(how: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>): void;
  readonly http: Http;
  readonly readSecret: (reference: string) => Promise<string>;
}

const MOST = 1_000;

/** Slack's answers to a bot: the number of a message is the place at which it was sent. */
function friendly({ url, body }: HttpRequest, count: number): HttpAnswer {
  if (!url.startsWith("https://slack.com/api/")) return { status: 200, headers: {}, body: "ok" };
  const { ts } = JSON.parse(body) as { ts?: string };
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ok: true, ts: ts ?? `1795165964.${String(count).padStart(6, "0")}` }),
  };
}

export function createOutbox(): Outbox {
  const sent: HttpRequest[] = [];
  const secrets = new Map<string, string>();
  let count = 0;
  let how: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer> = (request) => friendly(request, count);
  return {
    sent,
    secrets,
    answer(other) {
      how = other;
    },
    async http(request) {
      count++;
      sent.push(request);
      if (sent.length > MOST) sent.shift();
      return how(request);
    },
    async readSecret(reference) {
      return secrets.get(reference) ?? missing(reference);
    },
  };
}

/** Without a secret of its own a channel of the embedded platform gets one that leads nowhere. */
const missing = (reference: string): string =>
  reference.includes("teams")
    ? "https://local.webhook.office.com/webhookb2/nowhere"
    : reference.includes("webhook")
      ? "https://hooks.slack.com/services/T000/B000/nowhere"
      : "xoxb-nowhere";
