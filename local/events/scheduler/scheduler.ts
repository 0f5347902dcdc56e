import { nextRun } from "../../../core/schedule/next-run.ts";
import { parseSchedule } from "../../../core/schedule/parse.ts";
import type { DurableMap } from "../../kernel/durable.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { DEFAULT_RETRY, type Deliveries } from "../delivery.ts";
import { type Place, seconds } from "../place.ts";

const TIMER = "events.schedule";
const INVOKE = "events.schedule-invoke";
const COMPLETE = "events.schedule-complete";

export interface ScheduleTarget {
  readonly Arn: string;
  readonly RoleArn: string;
  readonly Input?: string | undefined;
  /** What an event gets that a schedule puts on a bus. */
  readonly EventBridgeParameters?:
    | { readonly DetailType: string | undefined; readonly Source: string | undefined }
    | undefined;
  readonly DeadLetterConfig?: { readonly Arn?: string | undefined } | undefined;
  readonly RetryPolicy?:
    | {
        readonly MaximumRetryAttempts?: number | undefined;
        readonly MaximumEventAgeInSeconds?: number | undefined;
      }
    | undefined;
}

export interface ScheduleDocument {
  readonly place: Place;
  readonly group: string;
  readonly name: string;
  readonly expression: string;
  readonly timeZone: string;
  readonly state: "ENABLED" | "DISABLED";
  readonly description?: string;
  readonly target: ScheduleTarget;
  /** Invocations are spread over this many minutes after their time; 0 for none. */
  readonly windowMinutes: number;
  /** Milliseconds since the epoch. */
  readonly start?: number;
  readonly end?: number;
  readonly afterCompletion: "NONE" | "DELETE";
  readonly createdAt: number;
  readonly modifiedAt: number;
}

export interface GroupDocument {
  readonly place: Place;
  readonly name: string;
  readonly createdAt: number;
}

/** One invocation inside its flexible window. */
interface Run {
  readonly key: string;
  readonly scheduledAt: number;
}

export const groupKey = ({ account, region }: Place, group: string): string =>
  `${account}|${region}|${group}`;
export const scheduleKey = (place: Place, group: string, name: string): string =>
  `${groupKey(place, group)}|${name}`;

export const scheduleArn = (s: Pick<ScheduleDocument, "place" | "group" | "name">): string =>
  `arn:aws:scheduler:${s.place.region}:${s.place.account}:schedule/${s.group}/${s.name}`;

/** Schedules as documents, each with a timer for its next run. */
export class Scheduler {
  readonly schedules: DurableMap<ScheduleDocument>;
  readonly groups: DurableMap<GroupDocument>;
  readonly tags: DurableMap<Record<string, string>>;
  readonly #kernel: Kernel;
  readonly #deliveries: Deliveries;

  constructor(kernel: Kernel, deliveries: Deliveries) {
    this.#kernel = kernel;
    this.#deliveries = deliveries;
    this.schedules = kernel.durable.map("events.schedules");
    this.groups = kernel.durable.map("events.schedule-groups");
    this.tags = kernel.durable.map("events.schedule-tags");
    kernel.timers.on(TIMER, (key) => this.#due(key));
    kernel.timers.on(INVOKE, (_, payload) => this.#invoke(payload as Run));
    kernel.timers.on(COMPLETE, (key) => this.delete(key));
  }

  /** Stores a schedule and sets its timer. */
  put(schedule: ScheduleDocument): void {
    const key = scheduleKey(schedule.place, schedule.group, schedule.name);
    this.schedules.set(key, schedule);
    const now = this.#kernel.clock.now();
    // A rate without a start runs at once, and from there on.
    this.#arm(key, schedule, Math.max(now, schedule.start ?? now) - 1);
  }

  delete(key: string): void {
    this.schedules.delete(key);
    this.#kernel.timers.cancel(TIMER, key);
    this.#kernel.timers.cancel(COMPLETE, key);
  }

  /** Sets the timer of the next run after `after`; without one the schedule is complete. False when it is. */
  #arm(key: string, schedule: ScheduleDocument, after: number): boolean {
    const { timers } = this.#kernel;
    timers.cancel(TIMER, key);
    timers.cancel(COMPLETE, key);
    const next = nextRun(
      parseSchedule(schedule.expression, "scheduler"),
      after,
      schedule.timeZone,
      schedule.start ?? schedule.modifiedAt,
    );
    if (next === undefined || (schedule.end !== undefined && next > schedule.end)) return false;
    if (schedule.state === "ENABLED") timers.set(TIMER, key, next, null, { background: true });
    return true;
  }

  #due(key: string): void {
    const schedule = this.schedules.get(key);
    if (schedule?.state !== "ENABLED") return;
    const { clock, random, timers } = this.#kernel;
    const scheduledAt = clock.now();
    const windowMs = schedule.windowMinutes * 60_000;
    const run: Run = { key, scheduledAt };
    if (windowMs === 0) this.#invoke(run);
    else {
      // Windows may overlap: each run has its own timer.
      const at = scheduledAt + Math.floor(random() * windowMs);
      timers.set(INVOKE, `${key}|${scheduledAt}`, at, run, { background: true });
    }
    // Runs missed while the process was down are not made up for: the next one is after now.
    const more = this.#arm(key, schedule, scheduledAt);
    if (!more && schedule.afterCompletion === "DELETE")
      timers.set(COMPLETE, key, scheduledAt + windowMs, null, { background: true });
  }

  #invoke({ key, scheduledAt }: Run): void {
    const schedule = this.schedules.get(key);
    if (schedule?.state !== "ENABLED") return;
    const { target } = schedule;
    const executionId = this.#kernel.ids.uuid();
    this.#deliveries.add(
      {
        target: { arn: target.Arn, roleArn: target.RoleArn },
        payload: this.#payload(schedule, scheduledAt, executionId),
        place: schedule.place,
        retry: {
          attempts: target.RetryPolicy?.MaximumRetryAttempts ?? DEFAULT_RETRY.attempts,
          ageSeconds: target.RetryPolicy?.MaximumEventAgeInSeconds ?? DEFAULT_RETRY.ageSeconds,
        },
        ...(target.DeadLetterConfig?.Arn === undefined ? {} : { deadLetterArn: target.DeadLetterConfig.Arn }),
        attributes: {
          SCHEDULE_ARN: scheduleArn(schedule),
          SCHEDULED_TIME: seconds(scheduledAt),
          EXECUTION_ID: executionId,
        },
      },
      0,
    );
  }

  #payload(schedule: ScheduleDocument, scheduledAt: number, executionId: string): unknown {
    const { Input: input, EventBridgeParameters: event } = schedule.target;
    const filled =
      input === undefined ? undefined : jsonOrText(fillIn(input, schedule, scheduledAt, executionId));
    if (filled !== undefined && event === undefined) return filled;
    return {
      version: "0",
      id: executionId,
      "detail-type": event?.DetailType ?? "Scheduled Event",
      source: event?.Source ?? "aws.scheduler",
      account: schedule.place.account,
      time: seconds(scheduledAt),
      region: schedule.place.region,
      resources: [scheduleArn(schedule)],
      // Without an event's parameters AWS sends the empty detail as text.
      detail: event === undefined ? "{}" : (filled ?? {}),
    };
  }
}

/** Replaces the words that the Scheduler knows in a target's input. */
const fillIn = (
  input: string,
  schedule: ScheduleDocument,
  scheduledAt: number,
  executionId: string,
): string =>
  input
    .replaceAll("<aws.scheduler.schedule-arn>", scheduleArn(schedule))
    .replaceAll("<aws.scheduler.scheduled-time>", seconds(scheduledAt))
    .replaceAll("<aws.scheduler.execution-id>", executionId)
    .replaceAll("<aws.scheduler.attempt-number>", "1");

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
