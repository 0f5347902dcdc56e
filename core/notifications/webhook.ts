import { TerminalError } from "../errors.ts";

/** Where incoming webhooks of each kind live; an address anywhere else is not called. */
const HOSTS: Readonly<Record<"slack-webhook" | "teams-webhook", RegExp>> = {
  "slack-webhook": /^hooks\.slack(-gov)?\.com$/,
  // Workflows of Power Automate, and connectors as long as there are any.
  "teams-webhook":
    /^([a-z0-9-]+\.webhook\.office\.com|[a-z0-9.-]+\.logic\.azure\.com|[a-z0-9.-]+\.api\.powerplatform\.com)$/,
};

/**
 * The address of a webhook from its secret. Throws TerminalError `WebhookNotAllowed` for anything but HTTPS on the
 * default port of the service's own hosts: a secret that somebody else may write must not make Slipway call into a
 * network. The message names the host at most, the path is the secret.
 */
export function webhookUrl(type: "slack-webhook" | "teams-webhook", secret: string): string {
  const refuse = (why: string): TerminalError =>
    new TerminalError(`the address of the webhook ${why}`, {
      code: "WebhookNotAllowed",
      remedy: "Store the address that Slack or Teams gave for the webhook, as it is.",
    });
  const text = secret.trim();
  if (!URL.canParse(text)) throw refuse("is no URL");
  const url = new URL(text);
  if (url.protocol !== "https:") throw refuse("does not begin with https://");
  if (url.username !== "" || url.password !== "") throw refuse("holds a user name");
  // Workflows say :443, which is what no port means, too.
  if (url.port !== "") throw refuse(`names port ${url.port}`);
  if (!HOSTS[type].test(url.hostname))
    throw refuse(`is on ${url.hostname.slice(0, 100)}, which is not one of its service's hosts`);
  return url.href;
}
