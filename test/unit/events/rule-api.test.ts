import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FUNCTION, operation, PLACE, SCOPE, type World, world } from "./support.ts";

const FILE = join(import.meta.dirname, "../../../../shared/cases/event-patterns.json");
const found = existsSync(FILE);
if (!found) console.warn(`SKIPPED: ${FILE} is missing, TestEventPattern is not tried with validated cases`);

interface Case {
  readonly name: string;
  readonly event: unknown;
  readonly pattern: unknown;
  readonly rawEvent?: string;
  readonly rawPattern?: string;
  readonly expect: "match" | "nomatch" | "invalid" | "invalid-event";
  readonly error?: { readonly code: string; readonly message: string };
}
const cases: Case[] = found ? JSON.parse(readFileSync(FILE, "utf8")).cases : [];

/** Calls an operation, whether it answers at once or later. */
async function call<I, O>(
  handler: ((input: I, scope: typeof SCOPE) => O | Promise<O>) | undefined,
  input: I,
  scope = SCOPE,
): Promise<Awaited<O>> {
  return await operation(handler)(input, scope);
}

describe.skipIf(!found)("TestEventPattern", () => {
  const { eventbridge } = world().events;
  it.each(cases.map((c) => [c.name, c] as const))("%s", async (_, testCase) => {
    const answer = call(eventbridge.TestEventPattern, {
      EventPattern: testCase.rawPattern ?? JSON.stringify(testCase.pattern),
      Event: testCase.rawEvent ?? JSON.stringify(testCase.event),
    });
    switch (testCase.expect) {
      case "invalid":
        await expect(answer).rejects.toMatchObject({
          code: "InvalidEventPatternException",
          ...(testCase.error ? { message: testCase.error.message } : {}),
        });
        break;
      case "invalid-event":
        await expect(answer).rejects.toMatchObject({ code: "ValidationException" });
        break;
      default:
        expect((await answer).Result).toBe(testCase.expect === "match");
    }
  });
});

const order = { Source: "shop", DetailType: "Order", Detail: '{"state":"new","lines":[{"sku":"a"}]}' };
const PATTERN = JSON.stringify({ source: ["shop"] });

async function ruleWith(w: World, target: object): Promise<void> {
  await call(w.events.eventbridge.PutRule, { Name: "r", EventPattern: PATTERN });
  await call(w.events.eventbridge.PutTargets, {
    Rule: "r",
    Targets: [{ Id: "t", Arn: FUNCTION, ...target }],
  });
}

async function payloadOf(target: object, entry: object = order): Promise<unknown> {
  const w = world();
  await ruleWith(w, target);
  w.events.putEvents([entry], PLACE);
  await w.kernel.clock.until(w.kernel.clock.sleep(1000));
  return w.delivered[0]?.payload;
}

describe("the input of a target", () => {
  const transformer = (InputTemplate: string, InputPathsMap = {}) => ({
    InputTransformer: { InputTemplate, InputPathsMap },
  });
  it.each<[string, object, unknown]>([
    ["a constant", { Input: '{"a":1}' }, { a: 1 }],
    ["a part", { InputPath: "$.detail.lines[0].sku" }, "a"],
    ["a part with an odd name", { InputPath: "$['detail-type']" }, "Order"],
    ["nothing at the path", { InputPath: "$.detail.none" }, null],
    [
      "values in an object",
      transformer('{"state":<state>,"lines":<lines>,"text":"it is <state>!","none":<none>}', {
        state: "$.detail.state",
        lines: "$.detail.lines",
        none: "$.detail.none",
      }),
      { state: "new", lines: [{ sku: "a" }], text: "it is new!", none: null },
    ],
    [
      "a text",
      transformer('"order <state>: <lines>"', { state: "$.detail.state", lines: "$.detail.lines" }),
      'order new: [{"sku":"a"}]',
    ],
    [
      "words of EventBridge",
      transformer(
        '{"rule":"<aws.events.rule-name>","arn":<aws.events.rule-arn>,"at":<aws.events.event.ingestion-time>}',
      ),
      { rule: "r", arn: "arn:aws:events:eu-west-1:111122223333:rule/r", at: "2026-11-20T09:00:00Z" },
    ],
  ])("can be %s", async (_, target, expected) => {
    expect(await payloadOf(target)).toEqual(expected);
  });

  it("can be the event, whole or without its detail", async () => {
    const whole = (await payloadOf({})) as Record<string, unknown>;
    const { detail: _, id: __, ...rest } = whole;
    const template = '{"all":<aws.events.event.json>,"rest":<aws.events.event>}';
    const got = (await payloadOf(transformer(template))) as { all: object; rest: object };
    const { id: _id, ...all } = whole;
    expect(got.all).toMatchObject(all);
    expect(got.rest).toMatchObject(rest);
    expect(got.rest).not.toHaveProperty("detail");
  });

  it("keeps quotes of the event from breaking the template", async () => {
    const target = transformer('{"text":"<state>"}', { state: "$.detail.state" });
    expect(await payloadOf(target, { ...order, Detail: JSON.stringify({ state: '","x":"\\' }) })).toEqual({
      text: '","x":"\\',
    });
  });

  it.each<[object, string]>([
    [{ Input: "{}", InputPath: "$" }, "Only one of Input, InputPath, or InputTransformer"],
    [{ Input: "{" }, "JSON syntax error in input"],
    [{ InputPath: "detail" }, "Invalid JsonPath"],
    [transformer('{"a":<b>}'), "contains invalid placeholder b"],
    [transformer('{"a":<aws.x>}', { "aws.x": "$.detail" }), "reserved name"],
  ])("is refused: %j", async (target, message) => {
    await expect(ruleWith(world(), target)).rejects.toMatchObject({
      code: "ValidationException",
      message: expect.stringContaining(message),
    });
  });
});

describe("PutEvents", () => {
  it.each<[object, string]>([
    [{ Source: undefined }, "InvalidArgument"],
    [{ DetailType: "" }, "InvalidArgument"],
    [{ Detail: undefined }, "InvalidArgument"],
    [{ Detail: "[1]" }, "MalformedDetail"],
    [{ Detail: "{" }, "MalformedDetail"],
  ])("refuses %j alone and takes the others", async (change, code) => {
    const { eventbridge } = world().events;
    const result = await call(eventbridge.PutEvents, { Entries: [order, { ...order, ...change }] });
    expect(result.FailedEntryCount).toBe(1);
    expect(result.Entries?.[0]).toEqual({ EventId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(result.Entries?.[1]).toMatchObject({ ErrorCode: code });
  });

  it("takes events of AWS from users, who play AWS, and refuses them from roles", async () => {
    const { eventbridge } = world().events;
    const put = eventbridge.PutEvents as (input: object, scope: object) => unknown;
    const from = (type: string) => ({ ...SCOPE, principal: { ...SCOPE.principal, type } });
    const Entries = [{ ...order, Source: "aws.health" }];
    expect(await put({ Entries }, from("IAMUser"))).toMatchObject({ FailedEntryCount: 0 });
    expect(await put({ Entries }, from("AssumedRole"))).toMatchObject({
      FailedEntryCount: 1,
      Entries: [{ ErrorCode: "NotAuthorizedForSourceException" }],
    });
  });

  it("refuses a request that is too large, in number or in bytes", async () => {
    const { eventbridge } = world().events;
    const put = (Entries: object[]) => call(eventbridge.PutEvents, { Entries });
    await expect(put([])).rejects.toMatchObject({ code: "ValidationException" });
    await expect(put(Array.from({ length: 11 }, () => order))).rejects.toMatchObject({
      code: "ValidationException",
    });
    const large = { ...order, Detail: JSON.stringify({ x: "é".repeat(300_000) }) };
    expect((await put([large])).FailedEntryCount).toBe(0);
    await expect(put([large, large])).rejects.toMatchObject({
      message: "Total size of the entries in the request is over the limit.",
    });
  });
});

describe("rules and buses", () => {
  it("have the life cycle of AWS", async () => {
    const { eventbridge: e } = world().events;
    await call(e.CreateEventBus, { Name: "own" });
    await expect(call(e.CreateEventBus, { Name: "own" })).rejects.toMatchObject({
      code: "ResourceAlreadyExistsException",
    });
    const { RuleArn } = await call(e.PutRule, { Name: "r", EventBusName: "own", EventPattern: PATTERN });
    expect(RuleArn).toBe("arn:aws:events:eu-west-1:111122223333:rule/own/r");
    expect(await call(e.DescribeRule, { Name: "r", EventBusName: "own" })).toEqual({
      Name: "r",
      Arn: RuleArn,
      EventPattern: PATTERN,
      State: "ENABLED",
      EventBusName: "own",
      CreatedBy: PLACE.account,
    });
    await expect(call(e.DescribeRule, { Name: "r" })).rejects.toMatchObject({
      code: "ResourceNotFoundException",
      message: "Rule r does not exist on EventBus default.",
    });
    await call(e.PutTargets, { Rule: "r", EventBusName: "own", Targets: [{ Id: "t", Arn: FUNCTION }] });
    expect(await call(e.ListTargetsByRule, { Rule: "r", EventBusName: "own" })).toEqual({
      Targets: [{ Id: "t", Arn: FUNCTION }],
    });
    await expect(call(e.DeleteRule, { Name: "r", EventBusName: "own" })).rejects.toMatchObject({
      message: "Rule can't be deleted since it has targets.",
    });
    const removed = await call(e.RemoveTargets, { Rule: "r", EventBusName: "own", Ids: ["t", "none"] });
    expect(removed).toMatchObject({ FailedEntryCount: 1, FailedEntries: [{ TargetId: "none" }] });
    await call(e.DeleteRule, { Name: "r", EventBusName: "own" });
    await call(e.DeleteRule, { Name: "r", EventBusName: "own" });
    expect((await call(e.ListRules, { EventBusName: "own" })).Rules).toEqual([]);
    expect((await call(e.ListEventBuses, {})).EventBuses?.map((bus) => bus.Name)).toEqual(["default", "own"]);
    await call(e.DeleteEventBus, { Name: "own" });
    await expect(call(e.DescribeEventBus, { Name: "own" })).rejects.toMatchObject({
      message: "Event bus own does not exist.",
    });
    await expect(call(e.DeleteEventBus, { Name: "default" })).rejects.toMatchObject({
      message: "Cannot delete event bus default.",
    });
  });

  it("are listed in pages", async () => {
    const { eventbridge: e } = world().events;
    for (const Name of ["c", "a", "b"]) await call(e.PutRule, { Name, EventPattern: PATTERN });
    const first = await call(e.ListRules, { Limit: 2 });
    expect(first.Rules?.map((rule) => rule.Name)).toEqual(["a", "b"]);
    const second = await call(e.ListRules, { Limit: 2, NextToken: first.NextToken });
    expect(second.Rules?.map((rule) => rule.Name)).toEqual(["c"]);
    expect(second.NextToken).toBeUndefined();
    await expect(call(e.ListRules, { NextToken: "nonsense" })).rejects.toMatchObject({
      code: "ValidationException",
    });
  });

  it("of one place are not seen from another", async () => {
    const w = world();
    await ruleWith(w, {});
    const elsewhere = { ...PLACE, region: "us-east-1" };
    await expect(
      call(w.events.eventbridge.DescribeRule, { Name: "r" }, { ...SCOPE, ...elsewhere }),
    ).rejects.toThrow("does not exist");
    w.events.putEvents([order], elsewhere);
    await w.kernel.clock.until(w.kernel.clock.sleep(1000));
    expect(w.delivered).toEqual([]);
  });

  it("do nothing while disabled", async () => {
    const w = world();
    await ruleWith(w, {});
    await call(w.events.eventbridge.DisableRule, { Name: "r" });
    w.events.putEvents([order], PLACE);
    await call(w.events.eventbridge.EnableRule, { Name: "r" });
    w.events.putEvents([order], PLACE);
    await w.kernel.clock.until(w.kernel.clock.sleep(1000));
    expect(w.delivered).toHaveLength(1);
  });

  it.each<[object, string]>([
    [{ Name: "r" }, "Parameter(s) EventPattern or ScheduleExpression must be specified."],
    [{ Name: "r", EventPattern: "{}" }, "Event pattern is not valid. Reason: Empty objects are not allowed"],
    [{ Name: "r", ScheduleExpression: "rate(1 minutes)" }, "Parameter ScheduleExpression is not valid."],
    [{ Name: "r!", EventPattern: PATTERN }, "regular expression pattern"],
    [{ Name: "r", EventBusName: "none", EventPattern: PATTERN }, "Event bus none does not exist."],
    [{ Name: "r", EventPattern: JSON.stringify({ a: ["x".repeat(4100)] }) }, "less than or equal to 4096"],
  ])("are refused: %j", async (input, message) => {
    const put = call(world().events.eventbridge.PutRule, input as { Name: string });
    await expect(put).rejects.toThrow(message);
  });

  it("send events on to another bus, and no further", async () => {
    const w = world();
    const { eventbridge: e } = w.events;
    const own = await call(e.CreateEventBus, { Name: "own" });
    const back = "arn:aws:events:eu-west-1:111122223333:event-bus/default";
    await ruleWith(w, { Arn: own.EventBusArn });
    await call(e.PutRule, { Name: "on", EventBusName: "own", EventPattern: PATTERN });
    await call(e.PutTargets, {
      Rule: "on",
      EventBusName: "own",
      Targets: [
        { Id: "f", Arn: FUNCTION },
        { Id: "back", Arn: back },
      ],
    });
    const seen: string[] = [];
    w.events.onEvent((event, bus) => seen.push(`${bus.name} ${event.id}`));
    const { Entries } = w.events.putEvents([order], PLACE);
    await w.kernel.clock.until(w.kernel.clock.sleep(5000));
    const id = Entries[0]?.EventId;
    expect(seen).toEqual([`default ${id}`, `own ${id}`]);
    expect(w.delivered).toHaveLength(1);
  });

  it("show reads of the API only to rules that ask for them", async () => {
    const w = world();
    await ruleWith(w, {});
    await call(w.events.eventbridge.PutRule, {
      Name: "r",
      EventPattern: JSON.stringify({ source: ["aws.eks"] }),
    });
    const read = {
      Source: "aws.eks",
      DetailType: "AWS API Call via CloudTrail",
      Detail: '{"readOnly":true}',
    };
    w.events.putEvents([read], PLACE);
    await w.kernel.clock.until(w.kernel.clock.sleep(1000));
    expect(w.delivered).toEqual([]);
    await call(w.events.eventbridge.PutRule, {
      Name: "r",
      EventPattern: JSON.stringify({ source: ["aws.eks"] }),
      State: "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
    });
    w.events.putEvents([read], PLACE);
    await w.kernel.clock.until(w.kernel.clock.sleep(1000));
    expect(w.delivered).toHaveLength(1);
  });
});

describe("a rule with a schedule", () => {
  it("runs on time until it is disabled", async () => {
    const w = world();
    const { eventbridge: e } = w.events;
    await call(e.PutRule, { Name: "r", ScheduleExpression: "rate(5 minutes)" });
    await call(e.PutTargets, { Rule: "r", Targets: [{ Id: "t", Arn: FUNCTION }] });
    await w.kernel.clock.until(w.kernel.clock.sleep(11 * 60_000));
    expect(w.delivered.map(({ payload }) => (payload as { time: string }).time)).toEqual([
      "2026-11-20T09:05:00Z",
      "2026-11-20T09:10:00Z",
    ]);
    expect(w.delivered[0]?.payload).toMatchObject({
      "detail-type": "Scheduled Event",
      source: "aws.events",
      resources: ["arn:aws:events:eu-west-1:111122223333:rule/r"],
      detail: {},
    });
    await call(e.DisableRule, { Name: "r" });
    await w.kernel.clock.until(w.kernel.clock.sleep(60 * 60_000));
    expect(w.delivered).toHaveLength(2);
  });
});
