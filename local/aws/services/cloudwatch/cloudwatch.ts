import type * as sdk from "@aws-sdk/client-cloudwatch";
import type { Events } from "../../../events/events.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import { AwsError, type Scope, type ServiceHandlers } from "../../contract.ts";
import { parseAlarmRule } from "./alarm-rule.ts";
import { type AlarmDocument, createAlarmStore } from "./alarm-store.ts";

const invalid = (message: string): AwsError => new AwsError("ValidationError", message);
const tagsOf = (tags: readonly sdk.Tag[] | undefined): Record<string, string> =>
  Object.fromEntries((tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value]));

const common = (alarm: AlarmDocument) => ({
  AlarmName: alarm.name,
  AlarmArn: alarm.arn,
  AlarmConfigurationUpdatedTimestamp: new Date(alarm.configuredAt),
  StateValue: alarm.state.value,
  StateReason: alarm.state.reason,
  ...(alarm.state.reasonData === undefined ? {} : { StateReasonData: alarm.state.reasonData }),
  StateUpdatedTimestamp: new Date(alarm.state.at),
  StateTransitionedTimestamp: new Date(alarm.state.at),
});

const suppressed = ({ state }: AlarmDocument) =>
  state.suppressedBy === undefined
    ? {}
    : { ActionsSuppressedBy: state.suppressedBy, ActionsSuppressedReason: state.suppressedReason };

/** CloudWatch, as far as alarms go. Metrics come from the world (local/world/metrics.ts), not by PutMetricData. */
export function createCloudWatch(parts: { readonly kernel: Kernel; readonly events: Events }) {
  const store = createAlarmStore(parts);
  const byArn = (scope: Scope, arn: string | undefined): AlarmDocument => {
    const alarm = store.find(scope, (arn ?? "").split(":").slice(6).join(":"));
    if (!alarm) throw new AwsError("ResourceNotFoundException", `Unknown resource ${arn}`, { status: 404 });
    return alarm;
  };
  const named = (scope: Scope, name: string | undefined): AlarmDocument => {
    const alarm = store.find(scope, name ?? "");
    // CloudWatch's own code has no suffix.
    if (!alarm) throw new AwsError("ResourceNotFound", `Unknown alarm ${name}`, { status: 404 });
    return alarm;
  };

  const handlers: ServiceHandlers<typeof sdk> = {
    PutMetricAlarm({ AlarmName = "", Tags, ...config }, scope) {
      if (config.Metrics === undefined && (config.MetricName === undefined || config.Namespace === undefined))
        throw invalid("Either MetricName or Metrics must be specified.");
      if (config.Threshold === undefined && config.ThresholdMetricId === undefined)
        throw invalid("The parameter Threshold is required.");
      store.put(scope, AlarmName, { kind: "metric", config }, tagsOf(Tags));
      return {};
    },
    PutCompositeAlarm({ AlarmName = "", Tags, ...config }, scope) {
      const { children } = parseAlarmRule(config.AlarmRule ?? "");
      const missing = children.find((name) => store.find(scope, name) === undefined);
      if (missing !== undefined) throw invalid(`AlarmRule contains an alarm that does not exist: ${missing}`);
      store.put(scope, AlarmName, { kind: "composite", config }, tagsOf(Tags));
      return {};
    },
    DescribeAlarms(input, scope) {
      const types = input.AlarmTypes ?? ["MetricAlarm"];
      const found = store
        .within(scope)
        .filter((alarm) => input.AlarmNames === undefined || input.AlarmNames.includes(alarm.name))
        .filter((alarm) => alarm.name.startsWith(input.AlarmNamePrefix ?? ""))
        .filter((alarm) => input.StateValue === undefined || alarm.state.value === input.StateValue);
      const start = input.NextToken === undefined ? 0 : Number(input.NextToken);
      const wanted = found.filter((alarm) =>
        types.includes(alarm.kind === "metric" ? "MetricAlarm" : "CompositeAlarm"),
      );
      const end = start + (input.MaxRecords ?? 50);
      const page = wanted.slice(start, end);
      return {
        MetricAlarms: page.flatMap((alarm) =>
          alarm.kind === "metric" ? [{ ...alarm.config, ...common(alarm) }] : [],
        ),
        CompositeAlarms: page.flatMap((alarm) =>
          alarm.kind === "composite" ? [{ ...alarm.config, ...common(alarm), ...suppressed(alarm) }] : [],
        ),
        ...(end < wanted.length ? { NextToken: String(end) } : {}),
      };
    },
    SetAlarmState(input, scope) {
      const alarm = named(scope, input.AlarmName);
      store.become(alarm, {
        value: input.StateValue as "OK" | "ALARM" | "INSUFFICIENT_DATA",
        reason: input.StateReason ?? "",
        ...(input.StateReasonData === undefined ? {} : { reasonData: input.StateReasonData }),
      });
      return {};
    },
    DeleteAlarms({ AlarmNames = [] }, scope) {
      const found = AlarmNames.flatMap((name) => store.find(scope, name) ?? []);
      const composite = found.filter((alarm) => alarm.kind === "composite");
      if (composite.length > 1)
        throw invalid("DeleteAlarms can delete at most one composite alarm per request.");
      for (const alarm of found) store.remove(alarm);
      return {};
    },
    TagResource(input, scope) {
      const alarm = byArn(scope, input.ResourceARN);
      Object.assign(alarm.tags, tagsOf(input.Tags));
      store.touch(alarm);
      return {};
    },
    UntagResource(input, scope) {
      const alarm = byArn(scope, input.ResourceARN);
      for (const key of input.TagKeys ?? []) delete alarm.tags[key];
      store.touch(alarm);
      return {};
    },
    ListTagsForResource(input, scope) {
      const { tags } = byArn(scope, input.ResourceARN);
      return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  };
  return { handlers, alarms: store };
}
