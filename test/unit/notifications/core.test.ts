import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { notificationChannelSchema } from "../../../core/notifications/channel.ts";
import { type BusEvent, eventMessage } from "../../../core/notifications/event-message.ts";
import { asSlack, asSns, asTeams, asText } from "../../../core/notifications/formats.ts";
import { compareOrder, deliveryOf, type Message } from "../../../core/notifications/message.ts";
import { operationMessage } from "../../../core/notifications/operation-message.ts";
import { webhookUrl } from "../../../core/notifications/webhook.ts";
import { OPERATION_STATUSES, type Operation } from "../../../core/operation/types.ts";
import { member, plain } from "../../../core/text.ts";

const cluster = { account: "111122223333", region: "eu-west-1", name: "prod-1" };
const operation = (over: Partial<Operation> = {}): Operation => ({
  id: "op-01M7WA33V00000000000000XYZ",
  type: "upgrade-cluster",
  cluster,
  status: "Running",
  requester: "arn:aws:sts::111122223333:assumed-role/PlatformAdmin/alice",
  reason: "quarterly",
  overrides: [],
  request: {},
  plan: {
    type: "upgrade-cluster",
    cluster,
    toVersion: "1.35",
    phases: [],
    findings: [],
    expectedSeconds: 60,
    disruption: { nodesReplaced: 0, maxUnavailable: "1", surgeNodes: 0 },
    digest: "3f9a3f9a3f9a",
  },
  createdAt: "2026-11-20T09:00:00.000Z",
  attempt: 1,
  control: {},
  revision: 3,
  ...over,
});
const URL_BASE = "https://slipway.example.com";

describe("the message of an operation", () => {
  it.each(OPERATION_STATUSES)("has words for %s", (status) => {
    const message = operationMessage(operation({ status }), URL_BASE);
    expect(message?.title).toMatch(/^Upgrade of prod-1 to 1\.35 /);
    expect(message?.lines[0]).toBe("PlatformAdmin/alice asked for it: quarterly");
  });

  it("says what waits for approval, and how to see it and approve", () => {
    const message = operationMessage(
      operation({
        status: "AwaitingApproval",
        awaiting: {
          for: "approval",
          since: "2026-11-20T09:00:00Z",
          reason: "the policy wants a second person",
        },
      }),
      URL_BASE,
    );
    expect(message).toMatchObject({
      kind: "person",
      title: "Upgrade of prod-1 to 1.35 waits for approval",
      details:
        "slipway describe operation op-01M7WA33V00000000000000XYZ --endpoint https://slipway.example.com",
    });
    expect(message?.lines).toContain("the policy wants a second person");
    expect(message?.next).toContain("slipway approve op-01M7WA33V00000000000000XYZ");
  });

  it("says what failed, why and what next", () => {
    const error = {
      code: "NodegroupFailed",
      message: "no subnet",
      remedy: "Make one.",
      step: "1.35/nodegroup/a",
    };
    const message = operationMessage(operation({ status: "Failed", error }), undefined);
    expect(message).toMatchObject({ kind: "end", tone: "bad", next: "Make one." });
    expect(message?.lines[1]).toBe("NodegroupFailed in 1.35/nodegroup/a: no subnet");
    expect(message?.details).toBe("slipway describe operation op-01M7WA33V00000000000000XYZ");
  });

  it("leaves to a rollout what the rollout tells, but for failures and approvals", () => {
    const of = (status: Operation["status"]) =>
      operationMessage(operation({ status, rollout: "ro-1" }), undefined);
    expect([of("Running"), of("Succeeded")]).toEqual([undefined, undefined]);
    expect([of("Failed")?.kind, of("AwaitingApproval")?.kind]).toEqual(["end", "person"]);
  });
});

describe("the message of an event", () => {
  const event = (detailType: string, detail: unknown, source = "slipway.node"): BusEvent => ({
    source,
    detailType,
    time: 1_795_165_964_000,
    detail,
  });

  it.each([
    ["slipway.drift", "Drift Loop", "person"],
    ["slipway.drift", "Drift Remediated", "end"],
    ["slipway.node", "Escalated", "person"],
    ["slipway.node", "Breaker Opened", "person"],
    ["slipway.node", "Remediation Started", "progress"],
    ["slipway.rollout", "Support Ending", "person"],
    ["slipway.rollout", "Channel Blocked", "person"],
  ])("%s %s is %s", (source, detailType, kind) => {
    expect(eventMessage(event(detailType, { cluster, node: "ip-1" }, source), undefined)?.kind).toBe(kind);
  });

  it("tells a drift with the field, both values and who did it; what is acted on is progress", () => {
    const detail = {
      cluster,
      id: "d-1",
      field: "vpc.publicAccessCIDRs",
      mode: "report",
      desired: ["10.0.0.0/8"],
      actual: ["0.0.0.0/0"],
      actor: "arn:aws:sts::111122223333:assumed-role/PlatformAdmin/bob",
      call: "UpdateClusterConfig",
    };
    const message = eventMessage(event("Drift Detected", detail, "slipway.drift"), URL_BASE);
    expect(message?.lines).toEqual([
      'vpc.publicAccessCIDRs is ["0.0.0.0/0"] and should be ["10.0.0.0/8"].',
      "Changed by arn:aws:sts::111122223333:assumed-role/PlatformAdmin/bob with UpdateClusterConfig.",
    ]);
    expect(message?.kind).toBe("end");
    const remediated = { ...detail, mode: "remediate" };
    expect(eventMessage(event("Drift Detected", remediated, "slipway.drift"), undefined)?.kind).toBe(
      "progress",
    );
  });

  it("is none for what nobody has to know, others' sources, and what has no cluster", () => {
    for (const [detailType, detail, source] of [
      ["Remediation Skipped", { cluster }, "slipway.node"],
      ["constructor", { cluster }, "slipway.node"],
      ["Escalated", { cluster }, "aws.ec2"],
      ["Escalated", {}, "slipway.node"],
      ["Escalated", { cluster: { ...cluster, account: "../../x" } }, "slipway.node"],
      ["Rollout Started", { rolloutId: "a/b" }, "slipway.rollout"],
    ] as const)
      expect(eventMessage(event(detailType, detail, source), undefined), detailType).toBeUndefined();
  });

  it("tells a rollout under one key", () => {
    const of = (status: string) =>
      eventMessage(
        event(
          `Rollout ${status}`,
          { rolloutId: "ro-1", name: "q4", status, message: "3 of 4" },
          "slipway.rollout",
        ),
        undefined,
      );
    expect(of("Running")).toMatchObject({ key: "rollout/ro-1", kind: "progress" });
    expect(of("Succeeded")).toMatchObject({ key: "rollout/ro-1", kind: "end", tone: "good" });
    expect(of("Paused")?.kind).toBe("person");
  });

  it("never throws and never grows, whatever comes", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("slipway.drift", "slipway.node", "slipway.rollout"),
        fc.constantFrom("Drift Detected", "Escalated", "Rollout Paused", "__proto__"),
        fc.anything({ withBigInt: false, withNullPrototype: true }),
        (source, detailType, extra) => {
          const detail = {
            cluster,
            rolloutId: "ro-1",
            message: extra,
            field: extra,
            actual: extra,
            actor: extra,
            remedy: extra,
          };
          const message = eventMessage(event(detailType, detail, source), URL_BASE);
          if (!message) return;
          for (const made of [
            JSON.stringify(asSlack(message)),
            JSON.stringify(asTeams(message)),
            asText(message),
          ])
            expect(made.length).toBeLessThan(12_000);
        },
      ),
    );
  });
});

const hostile =
  "<!channel> <https://evil.example|click> [x](javascript:alert(1)) **b** \u202Egnp.exe\u0000\n# h";
const message: Message = {
  key: "operation/x",
  kind: "end",
  tone: "bad",
  order: [1],
  title: plain(hostile, 140),
  lines: [plain(hostile, 500), plain("x".repeat(1_000_000), 900)],
  next: "Do it.",
  details: "slipway describe operation x --endpoint https://slipway.example.com",
  attributes: { event: "Operation Failed", empty: "" },
};

describe("formats", () => {
  it("take out what people cannot see", () => {
    const shown = plain(hostile, 500);
    for (const hidden of ["\u0000", "\n", "\u202E"]) expect(shown).not.toContain(hidden);
    expect(plain("a".repeat(50), 10)).toHaveLength(10);
    expect(plain({ toString: () => "x" }, 10)).toBe("");
  });

  it("leave nothing for Slack to read as a mention, a link or markup", () => {
    const { text, blocks } = asSlack(message) as { text: string; blocks: { text?: { type: string } }[] };
    expect(text).not.toMatch(/[<>]/);
    for (const block of blocks) if (block.text) expect(block.text.type).toBe("plain_text");
  });

  it("leave nothing for Teams to read as markdown", () => {
    const card = JSON.stringify(asTeams(message));
    expect(card).not.toContain('"TextBlock"');
    expect(card).toContain("TextRun");
  });

  it("tell the command that shows more, in every channel", () => {
    for (const told of [asText(message), JSON.stringify(asSlack(message)), JSON.stringify(asTeams(message))])
      expect(told).toContain(`Details: ${message.details}`);
  });

  it("give SNS a subject that it takes, and no empty attribute", () => {
    const { subject, attributes } = asSns({ ...message, title: `Überraschung ${"y".repeat(200)}` });
    expect(subject).toMatch(/^[\x21-\x7e][\x20-\x7e]{0,99}$/);
    expect(attributes).toEqual({ event: "Operation Failed" });
  });
});

describe("what is told again", () => {
  const at = (order: number[], kind: Message["kind"] = "end") => ({ ...message, order, kind });

  it("nothing that is not newer", () => {
    expect(deliveryOf(at([3]), { order: [3], kind: "end" }, true).action).toBe("skip");
    expect(deliveryOf(at([2]), { order: [3], kind: "end" }, false).action).toBe("skip");
  });

  it("changes the message where the channel can, and is silent about progress where it cannot", () => {
    const told = { order: [1], kind: "progress", messageId: "7.1" } as const;
    expect(deliveryOf(at([2], "progress"), told, true)).toEqual({ action: "update", messageId: "7.1" });
    expect(deliveryOf(at([2], "progress"), told, false).action).toBe("skip");
    expect(deliveryOf(at([2], "person"), undefined, false).action).toBe("post");
  });

  it("in any order of arrival the newest stays", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1 }), (orders) => {
        let told: { order: readonly number[]; kind: Message["kind"]; messageId: string } | undefined;
        let posts = 0;
        for (const order of orders) {
          const next = at([order]);
          const { action } = deliveryOf(next, told, true);
          if (action === "skip") continue;
          if (action === "post") posts++;
          told = { order: next.order, kind: next.kind, messageId: "1" };
        }
        expect(posts).toBe(1);
        expect(told?.order).toEqual([Math.max(...orders)]);
      }),
    );
  });

  it("orders are compared from the left", () => {
    expect(compareOrder([1, 9], [2])).toBeLessThan(0);
    expect(compareOrder([2], [2, 0])).toBe(0);
  });
});

describe("the address of a webhook", () => {
  it.each([
    ["slack-webhook", "https://hooks.slack.com/services/T0/B0/x"],
    ["teams-webhook", "https://contoso.webhook.office.com/webhookb2/x"],
    ["teams-webhook", "https://prod-12.westeurope.logic.azure.com:443/workflows/x/triggers/manual?sig=y"],
  ] as const)("%s %s is called", (type, url) => {
    expect(new URL(webhookUrl(type, ` ${url}\n`)).hostname).toBe(new URL(url).hostname);
  });

  it.each([
    "http://hooks.slack.com/services/x",
    "https://169.254.169.254/latest/meta-data",
    "https://localhost/x",
    "https://hooks.slack.com.evil.example/x",
    "https://hooks.slack.com@evil.example/x",
    "https://evil.example/?u=hooks.slack.com",
    "https://hooks.slack.com:8443/x",
    "https://xhooks.slack.com/x",
    "file:///etc/passwd",
    "not an address",
    "",
  ])("%s is refused", (url) => {
    expect(() => webhookUrl("slack-webhook", url)).toThrow(/the address of the webhook/);
  });
});

describe("the document of a channel", () => {
  const document = (target: object) => ({
    apiVersion: "slipway.dev/v1",
    kind: "NotificationChannel",
    metadata: { name: "ops" },
    target,
  });
  it.each([
    [{ type: "slack-webhook", secret: "https://hooks.slack.com/services/T0/B0/x" }, false],
    [{ type: "slack-webhook", secret: "ssm:/slipway/ops" }, true],
    [{ type: "slack-webhook", secret: "ssm:/other/ops" }, false],
    [{ type: "teams-webhook", secret: "secretsmanager:slipway/teams" }, true],
    [{ type: "slack-bot", secret: "xoxb-1234", conversation: "C0123456789" }, false],
    [{ type: "slack-bot", secret: "ssm:/slipway/bot", conversation: "#ops" }, false],
    [{ type: "sns", topicArn: "arn:aws:sns:eu-west-1:111122223333:slipway-ops" }, true],
    [{ type: "sns", topicArn: "arn:aws:sns:eu-west-1:111122223333:payments" }, false],
    [{ type: "webhook", url: "https://example.com" }, false],
  ])("%j: %s", (target, ok) => {
    expect(notificationChannelSchema.safeParse(document(target)).success).toBe(ok);
  });
});

describe("members", () => {
  it("are own ones", () => {
    expect(member({ a: { b: 1 } }, "a", "b")).toBe(1);
    expect(member({}, "constructor", "name")).toBeUndefined();
    expect(member(JSON.parse('{"__proto__": {"x": 1}}'), "x")).toBeUndefined();
  });
});
