import {
  CloudWatchClient,
  type CloudWatchClientConfig,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  ListTagsForResourceCommand,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
  TagResourceCommand,
} from "@aws-sdk/client-cloudwatch";
import { describe, expect, it } from "vitest";
import { parseAlarmRule } from "../../../local/aws/services/cloudwatch/alarm-rule.ts";
import { createCloudWatch } from "../../../local/aws/services/cloudwatch/cloudwatch.ts";
import { createEvents } from "../../../local/events/events.ts";
import { setUp } from "./support.ts";

/** CloudWatch's alarms through the real client, and the events that follow. */
function world() {
  const { kernel, endpoint, config } = setUp();
  const events = createEvents({ kernel, deliver: async () => {} });
  const told: { from: string; to: string; by: string | undefined; was: string | undefined }[] = [];
  events.onEvent(({ source, detail }) => {
    if (source !== "aws.cloudwatch" || detail.alarmName !== "whole") return;
    const { state, previousState } = detail as Record<
      string,
      { value: string; actionsSuppressedBy?: string }
    >;
    told.push({
      from: previousState?.value ?? "",
      to: state?.value ?? "",
      by: state?.actionsSuppressedBy,
      was: previousState?.actionsSuppressedBy,
    });
  });
  endpoint.serve("cloudwatch", createCloudWatch({ kernel, events }).handlers);
  kernel.timers.start();
  const client = new CloudWatchClient(config as CloudWatchClientConfig);
  const { clock } = kernel;
  return {
    told,
    send: <R>(command: { readonly input: object }): Promise<R> =>
      clock.until(client.send(command as never) as Promise<R>),
    pass: (seconds: number) => clock.until(clock.sleep(seconds * 1000)),
  };
}

const metric = (AlarmName: string) =>
  new PutMetricAlarmCommand({
    AlarmName,
    Namespace: "Own",
    MetricName: "x",
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    Statistic: "Sum",
    ComparisonOperator: "GreaterThanThreshold",
    Tags: [{ Key: "a", Value: "b" }],
  });
const state = (AlarmName: string, StateValue: "OK" | "ALARM") =>
  new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: "set" });

describe("alarms", () => {
  it("are put, described by name and prefix, tagged and deleted; those that are not there are not minded", async () => {
    const { send } = world();
    await send(metric("part"));
    await send(new PutCompositeAlarmCommand({ AlarmName: "whole", AlarmRule: 'ALARM("part")' }));
    const all = await send<{ MetricAlarms: { AlarmArn: string }[]; CompositeAlarms: object[] }>(
      new DescribeAlarmsCommand({
        AlarmTypes: ["MetricAlarm", "CompositeAlarm"],
        AlarmNames: ["part", "whole", "gone"],
      }),
    );
    expect([all.MetricAlarms.length, all.CompositeAlarms.length]).toEqual([1, 1]);
    const ResourceARN = all.MetricAlarms[0]?.AlarmArn ?? "";
    expect(ResourceARN).toBe("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:part");
    await send(new TagResourceCommand({ ResourceARN, Tags: [{ Key: "c", Value: "d" }] }));
    expect(await send(new ListTagsForResourceCommand({ ResourceARN }))).toMatchObject({
      Tags: [
        { Key: "a", Value: "b" },
        { Key: "c", Value: "d" },
      ],
    });
    await send(new DeleteAlarmsCommand({ AlarmNames: ["part", "whole", "gone"] }));
    expect(await send(new DescribeAlarmsCommand({}))).toMatchObject({ MetricAlarms: [] });
  });

  it("a composite alarm of one that does not exist is refused", async () => {
    const { send } = world();
    await expect(
      send(new PutCompositeAlarmCommand({ AlarmName: "whole", AlarmRule: 'ALARM("nobody")' })),
    ).rejects.toThrow(/nobody/);
  });

  it("a state that is set again tells nothing; a composite alarm follows its parts", async () => {
    const { send, told, pass } = world();
    await send(metric("part"));
    await send(
      new PutCompositeAlarmCommand({ AlarmName: "whole", AlarmRule: 'ALARM("part") AND NOT OK("part")' }),
    );
    for (const value of ["ALARM", "ALARM", "OK"] as const) await send(state("part", value));
    await pass(1);
    expect(told.map(({ from, to }) => `${from} ${to}`)).toEqual([
      "INSUFFICIENT_DATA OK",
      "OK ALARM",
      "ALARM OK",
    ]);
  });

  it("suppression begins and ends with ALARM to ALARM: wait period, the suppressor, extension period", async () => {
    const { send, told, pass } = world();
    await send(metric("part"));
    await send(metric("works"));
    await send(
      new PutCompositeAlarmCommand({
        AlarmName: "whole",
        AlarmRule: 'ALARM("part")',
        ActionsSuppressor: "works",
        ActionsSuppressorWaitPeriod: 120,
        ActionsSuppressorExtensionPeriod: 180,
      }),
    );
    await send(state("part", "ALARM"));
    await pass(60);
    await send(state("works", "ALARM"));
    await pass(600);
    await send(state("works", "OK"));
    await pass(600);
    expect(told.slice(1)).toEqual([
      { from: "OK", to: "ALARM", by: "WaitPeriod", was: undefined },
      { from: "ALARM", to: "ALARM", by: "Alarm", was: "WaitPeriod" },
      { from: "ALARM", to: "ALARM", by: "ExtensionPeriod", was: "Alarm" },
      { from: "ALARM", to: "ALARM", by: undefined, was: "ExtensionPeriod" },
    ]);
  });
});

describe("the rule of a composite alarm", () => {
  const states = (alarm: string) => (alarm === "a" ? "ALARM" : alarm === "b" ? "OK" : "INSUFFICIENT_DATA");
  it.each([
    ['ALARM("a")', true],
    ["ALARM(b)", false],
    ['ALARM("b") OR ALARM("a") AND OK("b")', true],
    ['(ALARM("b") OR ALARM("a")) AND ALARM("b")', false],
    ['NOT (OK("a") OR ALARM("b"))', true],
    ["INSUFFICIENT_DATA(c) AND TRUE", true],
    ['ALARM("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:a")', true],
  ])("%s: %s", (rule, holds) => {
    expect(parseAlarmRule(rule).holds(states)).toBe(holds);
  });
  it.each(["", "ALARM(", 'ALARM("a") ALARM("b")', "BROKEN(a)", '(ALARM("a")', "AND"])(
    "refuses %s",
    (rule) => {
      expect(() => parseAlarmRule(rule)).toThrow();
    },
  );
});
