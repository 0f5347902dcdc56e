import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Rig, startRig } from "../builders/platform.ts";

const channel = (name: string, target: object, scope = "all") => ({
  apiVersion: "slipway.dev/v1",
  kind: "NotificationChannel",
  metadata: { name },
  scope,
  target,
});
const BOT = { type: "slack-bot", secret: "ssm:/slipway/bot", conversation: "C0123456789" };
const SLACK = { type: "slack-webhook", secret: "ssm:/slipway/slack-webhook" };
const TEAMS = { type: "teams-webhook", secret: "secretsmanager:slipway/teams" };

describe("notifications", () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await startRig();
  });
  afterEach(() => rig.close());

  const put = async (name: string, target: object, scope?: string): Promise<Response> =>
    rig.api("PUT", `/v1/notification-channels/${name}`, channel(name, target, scope));
  const pass = (ms: number) => rig.platform.kernel.clock.until(rig.platform.kernel.clock.sleep(ms));
  const calls = (part: string) => rig.platform.outbox.sent.filter(({ url }) => url.includes(part));
  const bodies = (part: string) =>
    calls(part).map(({ body }) => JSON.parse(body) as { text?: string; ts?: string });

  it("one message per operation that is updated, where the channel can; elsewhere the end alone", async () => {
    expect((await put("bot", BOT)).status).toBe(200);
    await put("slack", SLACK);
    await put("teams", TEAMS);
    await rig.provision({ workloads: false });

    expect(calls("chat.postMessage")).toHaveLength(1);
    const updates = bodies("chat.update");
    expect(updates.length).toBeGreaterThanOrEqual(1);
    expect(new Set(updates.map(({ ts }) => ts)).size).toBe(1);
    expect(updates.at(-1)?.text).toBe("✔ Creation of demo is done");
    expect(calls("chat.update")[0]?.headers.authorization).toBe("Bearer xoxb-nowhere");
    expect(bodies("hooks.slack.com").map(({ text }) => text)).toContain("✔ Creation of demo is done");
    expect(calls("webhook.office.com")).toHaveLength(1);
  });

  it("publishes to a topic with attributes to filter by", async () => {
    const published: { subject: string | undefined; attributes: Readonly<Record<string, string>> }[] = [];
    const { endpoint, home } = rig.platform;
    const scope = {
      ...home,
      principal: {
        type: "Root" as const,
        arn: "arn:aws:iam::111122223333:root",
        account: "111122223333",
        accessKeyId: "",
      },
    };
    await rig.platform.kernel.clock.until(
      Promise.resolve(endpoint.call("sns", "CreateTopic", { Name: "slipway-ops" }, scope)),
    );
    endpoint.onCall(({ operation, input }) => {
      const {
        TopicArn = "",
        Subject,
        MessageAttributes = {},
      } = input as {
        TopicArn?: string;
        Subject?: string;
        MessageAttributes?: Record<string, { StringValue?: string }>;
      };
      if (operation !== "Publish" || !TopicArn.endsWith("slipway-ops")) return;
      published.push({
        subject: Subject,
        attributes: Object.fromEntries(
          Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue ?? ""]),
        ),
      });
    });
    await put("topic", { type: "sns", topicArn: "arn:aws:sns:eu-west-1:111122223333:slipway-ops" });
    await rig.provision({ workloads: false });
    expect(published).toMatchObject([
      { subject: "Creation of demo is done", attributes: { status: "Succeeded", cluster: "demo" } },
    ]);
  });

  it("tells only whom the cluster's policy names, beside the channels for everything", async () => {
    await put("theirs", SLACK, "named");
    await put("others", TEAMS, "named");
    rig.clusterFile = `${rig.clusterFile.trimEnd()}\nnotifications: { channels: [theirs] }\n`;
    await rig.provision({ workloads: false });
    expect(calls("hooks.slack.com")).toHaveLength(1);
    expect(calls("webhook.office.com")).toHaveLength(0);
  });

  it("tries again where the service asks for it, and each message is there once in the end", async () => {
    await put("slack", SLACK);
    const taken: string[] = [];
    let refusals = 0;
    rig.platform.outbox.answer(({ body }) => {
      if (++refusals <= 6) return { status: 429, headers: { "retry-after": "7" }, body: "" };
      taken.push(body);
      return { status: 200, headers: {}, body: "ok" };
    });
    await rig.provision({ workloads: false });
    await pass(3_600_000);
    expect(taken.filter((body) => body.includes("Creation of demo is done"))).toHaveLength(1);
    expect((await rig.slipway("get", "channels")).stdout).toContain("delivered");
  });

  it("a channel that refuses for good is shown with what to do, and the others are told", async () => {
    await put("gone", SLACK);
    await put("teams", TEAMS);
    rig.platform.outbox.answer(({ url }) =>
      url.includes("slack")
        ? { status: 404, headers: {}, body: "no_service" }
        : { status: 200, headers: {}, body: "1" },
    );
    await rig.provision({ workloads: false });
    expect(calls("webhook.office.com")).toHaveLength(1);
    expect(calls("hooks.slack.com")).toHaveLength(1);
    expect((await rig.slipway("get", "channels")).stdout).toMatch(
      /gone .*failed .*hooks\.slack\.com answered 404/,
    );
  });

  it("calls no address outside of the service's own hosts, whatever the secret says", async () => {
    rig.platform.outbox.secrets.set("ssm:/slipway/slack-webhook", "https://169.254.169.254/latest/meta-data");
    await put("slack", SLACK);
    const run = await rig.slipway("notify", "test", "slack");
    expect(run.code).toBe(1);
    expect(run.stdout).toContain("169.254.169.254, which is not one of its service's hosts");
    expect(rig.platform.outbox.sent).toEqual([]);
  });

  it("a test message says who sent it; a channel that is not there is not found", async () => {
    await put("slack", SLACK);
    const run = await rig.slipway("notify", "test", "slack");
    expect([run.code, run.stdout]).toEqual([0, "slack: delivered\n"]);
    expect(bodies("hooks.slack.com")[0]?.text).toBe("• Test of the notification channel slack");
    expect((await rig.slipway("notify", "test", "nobody")).code).toBe(4);
    expect((await rig.api("DELETE", "/v1/notification-channels/slack")).status).toBe(200);
    expect((await rig.slipway("get", "channels")).stdout).toContain("No notification channels");
  });

  it("writes a channel from a file", async () => {
    rig.clusterFile = JSON.stringify(channel("ops", TEAMS));
    const run = await rig.slipway("apply", "-f", "cluster.yaml");
    expect([run.code, run.stdout]).toEqual([0, "NotificationChannel ops written\n"]);
    expect((await rig.slipway("get", "channels")).stdout).toMatch(/ops +teams-webhook +all/);
  });

  it("takes no address where a secret's name belongs", async () => {
    const answer = await put("slack", {
      type: "slack-webhook",
      secret: "https://hooks.slack.com/services/T/B/x",
    });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("never the address or token itself");
  });
});
