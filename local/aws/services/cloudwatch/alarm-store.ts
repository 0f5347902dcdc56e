import type { PutCompositeAlarmInput, PutMetricAlarmInput } from "@aws-sdk/client-cloudwatch";
import type { Events } from "../../../events/events.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { Scope } from "../../contract.ts";
import { type AlarmState, parseAlarmRule } from "./alarm-rule.ts";

type Place = Pick<Scope, "account" | "region">;
export type MetricConfig = Omit<PutMetricAlarmInput, "Tags" | "AlarmName">;
export type CompositeConfig = Omit<PutCompositeAlarmInput, "Tags" | "AlarmName">;

interface StateValue {
  readonly value: AlarmState;
  readonly reason: string;
  readonly reasonData?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly suppressedBy?: "Alarm" | "WaitPeriod" | "ExtensionPeriod";
  readonly suppressedReason?: string;
}

interface Common extends Place {
  readonly name: string;
  readonly arn: string;
  readonly configuredAt: number;
  tags: Record<string, string>;
  state: StateValue;
}
export type MetricAlarmDocument = Common & { readonly kind: "metric"; readonly config: MetricConfig };
export type CompositeAlarmDocument = Common & {
  readonly kind: "composite";
  readonly config: CompositeConfig;
};
export type AlarmDocument = MetricAlarmDocument | CompositeAlarmDocument;

const TIMER = "cloudwatch.suppression";
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** `2026-11-20T09:12:44.105+0000`. */
const stamp = (ms: number): string => new Date(ms).toISOString().replace("Z", "+0000");

/** `Friday 20 November, 2026 09:12:44 UTC`. */
const spoken = (ms: number): string => {
  const at = new Date(ms);
  const time = at.toISOString().slice(11, 19);
  return `${DAYS[at.getUTCDay()]} ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}, ${at.getUTCFullYear()} ${time} UTC`;
};

/**
 * Alarms and what follows from their states, kept in `kernel.durable`. A change of state puts the event
 * `CloudWatch Alarm State Change` on the default bus (aws-facts 4.3); setting the same state again puts nothing. A
 * composite alarm with a suppressor goes through:
 *
 *     OK -> ALARM (Alarm)                            the suppressor is in ALARM
 *     OK -> ALARM (WaitPeriod) -> ALARM              ... was not within the wait period: released, ALARM -> ALARM
 *     ALARM (Alarm) -> ALARM (ExtensionPeriod) -> ALARM   the suppressor has ended
 */
export function createAlarmStore(parts: { readonly kernel: Kernel; readonly events: Events }) {
  const { kernel, events } = parts;
  const { clock, timers } = kernel;
  const alarms = kernel.durable.map<AlarmDocument>("cloudwatch.alarms");
  const keyOf = (place: Place, name: string): string => `${place.account}/${place.region}/${name}`;
  const nameOf = (reference: string): string =>
    reference.startsWith("arn:") ? reference.split(":").slice(6).join(":") : reference;
  const find = (place: Place, name: string): AlarmDocument | undefined => alarms.get(keyOf(place, name));
  const within = (place: Place): AlarmDocument[] =>
    [...alarms.values()]
      .filter((alarm) => alarm.account === place.account && alarm.region === place.region)
      .sort((a, b) => (a.name < b.name ? -1 : 1));

  function announce(alarm: AlarmDocument, previous: StateValue): void {
    const detail = {
      alarmName: alarm.name,
      state: stateOf(alarm.state),
      previousState: stateOf(previous),
      configuration: configurationOf(alarm),
    };
    events.putEvents(
      [
        {
          Source: "aws.cloudwatch",
          DetailType: "CloudWatch Alarm State Change",
          Resources: [alarm.arn],
          Detail: JSON.stringify(detail),
        },
      ],
      { account: alarm.account, region: alarm.region },
    );
  }

  /** Sets a state; the alarms that are made of this one follow. */
  function become(alarm: AlarmDocument, next: Omit<StateValue, "at">): void {
    const previous = alarm.state;
    if (previous.value === next.value && previous.suppressedBy === next.suppressedBy) return;
    alarm.state = { ...next, at: clock.now() };
    alarms.touch(keyOf(alarm, alarm.name));
    announce(alarm, previous);
    if (previous.value !== next.value) follow(alarm);
  }

  /** Composite alarms that name the alarm, in their rule or as suppressor. */
  function follow(changed: AlarmDocument): void {
    for (const alarm of within(changed)) {
      if (alarm.kind !== "composite" || alarm === changed) continue;
      if (parseAlarmRule(alarm.config.AlarmRule ?? "").children.includes(changed.name))
        evaluate(alarm, changed);
      if (nameOf(alarm.config.ActionsSuppressor ?? "") === changed.name) suppressorChanged(alarm, changed);
    }
  }

  function evaluate(alarm: CompositeAlarmDocument, trigger?: AlarmDocument): void {
    const rule = parseAlarmRule(alarm.config.AlarmRule ?? "");
    const holds = rule.holds((name) => find(alarm, name)?.state.value ?? "INSUFFICIENT_DATA");
    const value: AlarmState = holds ? "ALARM" : "OK";
    if (value === alarm.state.value) return;
    const cause = trigger
      ? `${trigger.arn} transitioned to ${trigger.state.value} at ${spoken(trigger.state.at)}`
      : "The alarm was configured";
    const reasonData = JSON.stringify({
      triggeringAlarms: trigger
        ? [{ arn: trigger.arn, state: { value: trigger.state.value, timestamp: stamp(trigger.state.at) } }]
        : [],
    });
    become(alarm, { value, reason: cause, reasonData, ...suppression(alarm, value) });
  }

  const suppressorOf = (alarm: CompositeAlarmDocument): AlarmDocument | undefined =>
    alarm.config.ActionsSuppressor === undefined
      ? undefined
      : find(alarm, nameOf(alarm.config.ActionsSuppressor));

  const byAlarm = (suppressor: AlarmDocument) =>
    ({
      suppressedBy: "Alarm",
      suppressedReason: `Actions suppressed by ${suppressor.arn} that transitioned to ALARM at ${spoken(suppressor.state.at)}`,
    }) as const;

  /** What holds the actions of an alarm that has just changed. */
  function suppression(alarm: CompositeAlarmDocument, value: AlarmState): Partial<StateValue> {
    const suppressor = suppressorOf(alarm);
    const key = keyOf(alarm, alarm.name);
    timers.cancel(TIMER, key);
    if (!suppressor || value !== "ALARM") return {};
    if (suppressor.state.value === "ALARM") return byAlarm(suppressor);
    const wait = alarm.config.ActionsSuppressorWaitPeriod ?? 0;
    if (wait === 0) return {};
    timers.set(TIMER, key, clock.now() + wait * 1000);
    return {
      suppressedBy: "WaitPeriod",
      suppressedReason: `Actions suppressed by the wait period of ${wait} seconds`,
    };
  }

  function suppressorChanged(alarm: CompositeAlarmDocument, suppressor: AlarmDocument): void {
    if (alarm.state.value !== "ALARM") return;
    const { at: _, suppressedBy, suppressedReason: __, ...state } = alarm.state;
    const key = keyOf(alarm, alarm.name);
    if (suppressor.state.value === "ALARM") {
      if (suppressedBy === undefined) return;
      timers.cancel(TIMER, key);
      become(alarm, { ...state, ...byAlarm(suppressor) });
      return;
    }
    if (suppressedBy !== "Alarm") return;
    const extension = alarm.config.ActionsSuppressorExtensionPeriod ?? 0;
    if (extension === 0) become(alarm, state);
    else {
      timers.set(TIMER, key, clock.now() + extension * 1000);
      become(alarm, {
        ...state,
        suppressedBy: "ExtensionPeriod",
        suppressedReason: `Actions suppressed by the extension period of ${extension} seconds`,
      });
    }
  }

  timers.on(TIMER, (key) => {
    const alarm = alarms.get(key);
    if (alarm?.kind !== "composite" || alarm.state.suppressedBy === undefined) return;
    const { at: _, suppressedBy: __, suppressedReason: ___, ...state } = alarm.state;
    become(alarm, state);
  });

  function put(
    place: Place,
    name: string,
    of: { kind: "metric"; config: MetricConfig } | { kind: "composite"; config: CompositeConfig },
    tags: Record<string, string>,
  ): void {
    const { account, region } = place;
    const known = find(place, name);
    const document = {
      ...of,
      account,
      region,
      name,
      arn: `arn:aws:cloudwatch:${region}:${account}:alarm:${name}`,
      configuredAt: clock.now(),
      // Tags of a request count for a new alarm only.
      tags: known?.tags ?? tags,
      state: known?.state ?? {
        value: "INSUFFICIENT_DATA",
        reason: "Unchecked: Initial alarm creation",
        at: clock.now(),
      },
    } as AlarmDocument;
    alarms.set(keyOf(place, name), document);
    if (document.kind === "composite") evaluate(document);
  }

  return {
    find,
    within,
    all: () => [...alarms.values()],
    put,
    become,
    touch: (alarm: AlarmDocument) => alarms.touch(keyOf(alarm, alarm.name)),
    remove(alarm: AlarmDocument) {
      timers.cancel(TIMER, keyOf(alarm, alarm.name));
      alarms.delete(keyOf(alarm, alarm.name));
    },
  };
}

export type AlarmStore = ReturnType<typeof createAlarmStore>;

const stateOf = (state: StateValue) => ({
  value: state.value,
  reason: state.reason,
  // Absent in initial states.
  ...(state.reasonData === undefined ? {} : { reasonData: state.reasonData }),
  timestamp: stamp(state.at),
  ...(state.suppressedBy === undefined
    ? {}
    : { actionsSuppressedBy: state.suppressedBy, actionsSuppressedReason: state.suppressedReason }),
});

function configurationOf(alarm: AlarmDocument): object {
  const { config } = alarm;
  const description = config.AlarmDescription === undefined ? {} : { description: config.AlarmDescription };
  if (alarm.kind === "composite") {
    const composite = alarm.config;
    return {
      alarmRule: composite.AlarmRule,
      ...description,
      ...(composite.ActionsSuppressor === undefined
        ? {}
        : {
            actionsSuppressor: composite.ActionsSuppressor,
            actionsSuppressorWaitPeriod: composite.ActionsSuppressorWaitPeriod,
            actionsSuppressorExtensionPeriod: composite.ActionsSuppressorExtensionPeriod,
          }),
    };
  }
  const metric = alarm.config;
  return {
    ...description,
    metrics: [
      {
        id: "m1",
        metricStat: {
          metric: {
            namespace: metric.Namespace,
            name: metric.MetricName,
            dimensions: Object.fromEntries(
              (metric.Dimensions ?? []).map(({ Name = "", Value = "" }) => [Name, Value]),
            ),
          },
          period: metric.Period,
          stat: metric.Statistic ?? metric.ExtendedStatistic,
        },
        returnData: true,
      },
    ],
  };
}
