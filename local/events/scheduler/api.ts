import type { CreateScheduleInput, UpdateScheduleInput } from "@aws-sdk/client-scheduler";
import { parseSchedule, ScheduleError } from "../../../core/schedule/parse.ts";
import { timeZone } from "../../../core/schedule/time-zone.ts";
import { AwsError, type Scope, type ServiceHandlers } from "../../aws/contract.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { checkText, page, validation } from "../bus/api-errors.ts";
import type { Place } from "../place.ts";
import {
  type GroupDocument,
  groupKey,
  type ScheduleDocument,
  type Scheduler,
  scheduleArn,
  scheduleKey,
} from "./scheduler.ts";

type SchedulerHandlers = ServiceHandlers<typeof import("@aws-sdk/client-scheduler")>;

const NAME = /^[0-9a-zA-Z-_.]+$/;
const MAX_WINDOW_MINUTES = 1440;

const placeOf = ({ account, region }: Scope): Place => ({ account, region });
const notFound = (what: string) => new AwsError("ResourceNotFoundException", what, { status: 404 });
const conflict = (what: string) => new AwsError("ConflictException", what, { status: 409 });

const groupArn = ({ place, name }: Pick<GroupDocument, "place" | "name">): string =>
  `arn:aws:scheduler:${place.region}:${place.account}:schedule-group/${name}`;

function checkExpression(expression: string | undefined): string {
  const text = checkText(expression, "scheduleExpression", 256);
  try {
    parseSchedule(text, "scheduler");
    return text;
  } catch (error) {
    if (error instanceof ScheduleError) throw validation(`Invalid Schedule Expression ${text}.`);
    throw error;
  }
}

function windowMinutes(window: CreateScheduleInput["FlexibleTimeWindow"]): number {
  if (window?.Mode === "OFF") {
    if (window.MaximumWindowInMinutes !== undefined)
      throw validation("MaximumWindowInMinutes must not be set when the flexible time window is OFF.");
    return 0;
  }
  const minutes = window?.MaximumWindowInMinutes;
  if (window?.Mode !== "FLEXIBLE" || minutes === undefined || minutes < 1 || minutes > MAX_WINDOW_MINUTES)
    throw validation(
      `A flexible time window needs MaximumWindowInMinutes between 1 and ${MAX_WINDOW_MINUTES}.`,
    );
  return minutes;
}

/** The document of a request; every setting that is not given takes its default, at an update too. */
function document(
  input: CreateScheduleInput | UpdateScheduleInput,
  place: Place,
  now: number,
  createdAt: number,
): ScheduleDocument {
  const name = checkText(input.Name, "name", 64, NAME);
  const expression = checkExpression(input.ScheduleExpression);
  const zone = input.ScheduleExpressionTimezone ?? "UTC";
  if (!timeZone(zone)) throw validation(`Invalid Schedule Expression Timezone ${zone}.`);
  const target = input.Target;
  const start = input.StartDate?.getTime();
  const end = input.EndDate?.getTime();
  if (start !== undefined && end !== undefined && start >= end)
    throw validation("StartDate must come before EndDate.");
  if (end !== undefined && end <= now) throw validation("The EndDate you specify must be in the future.");
  return {
    place,
    group: input.GroupName ?? "default",
    name,
    expression,
    timeZone: zone,
    state: input.State ?? "ENABLED",
    ...(input.Description === undefined ? {} : { description: input.Description }),
    target: {
      ...target,
      Arn: checkText(target?.Arn, "target.arn", 1600),
      RoleArn: checkText(target?.RoleArn, "target.roleArn", 1600),
    },
    windowMinutes: windowMinutes(input.FlexibleTimeWindow),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    afterCompletion: input.ActionAfterCompletion ?? "NONE",
    createdAt,
    modifiedAt: now,
  };
}

const described = (s: ScheduleDocument) => ({
  Arn: scheduleArn(s),
  Name: s.name,
  GroupName: s.group,
  ScheduleExpression: s.expression,
  ScheduleExpressionTimezone: s.timeZone,
  State: s.state,
  ...(s.description === undefined ? {} : { Description: s.description }),
  Target: s.target,
  FlexibleTimeWindow:
    s.windowMinutes === 0
      ? { Mode: "OFF" as const }
      : { Mode: "FLEXIBLE" as const, MaximumWindowInMinutes: s.windowMinutes },
  ...(s.start === undefined ? {} : { StartDate: new Date(s.start) }),
  ...(s.end === undefined ? {} : { EndDate: new Date(s.end) }),
  ActionAfterCompletion: s.afterCompletion,
  CreationDate: new Date(s.createdAt),
  LastModificationDate: new Date(s.modifiedAt),
});

/** EventBridge Scheduler's API. */
export function schedulerHandlers(kernel: Kernel, scheduler: Scheduler): SchedulerHandlers {
  const group = (place: Place, name: string): GroupDocument => {
    const found = scheduler.groups.get(groupKey(place, name));
    if (found) return found;
    // The default group is there from the beginning.
    if (name === "default") return { place, name, createdAt: 0 };
    throw notFound(`Schedule group ${name} does not exist.`);
  };
  const existing = (scope: Scope, groupName: string | undefined, name: string | undefined) => {
    const place = placeOf(scope);
    const found = scheduler.schedules.get(
      scheduleKey(place, group(place, groupName ?? "default").name, checkText(name, "name", 64)),
    );
    if (!found) throw notFound(`Schedule ${name} does not exist.`);
    return found;
  };
  const schedulesOf = (place: Place) =>
    [...scheduler.schedules.values()]
      .filter((s) => s.place.account === place.account && s.place.region === place.region)
      .sort((a, b) => (scheduleArn(a) < scheduleArn(b) ? -1 : 1));
  return {
    CreateSchedule(input, scope) {
      const place = placeOf(scope);
      const now = kernel.clock.now();
      const schedule = document(input, place, now, now);
      group(place, schedule.group);
      if (scheduler.schedules.has(scheduleKey(place, schedule.group, schedule.name)))
        throw conflict(`Schedule ${schedule.name} already exists.`);
      scheduler.put(schedule);
      return { ScheduleArn: scheduleArn(schedule) };
    },

    UpdateSchedule(input, scope) {
      const before = existing(scope, input.GroupName, input.Name);
      scheduler.put(document(input, before.place, kernel.clock.now(), before.createdAt));
      return { ScheduleArn: scheduleArn(before) };
    },

    GetSchedule: (input, scope) => described(existing(scope, input.GroupName, input.Name)),

    DeleteSchedule(input, scope) {
      const schedule = existing(scope, input.GroupName, input.Name);
      scheduler.delete(scheduleKey(schedule.place, schedule.group, schedule.name));
      return {};
    },

    ListSchedules(input, scope) {
      const place = placeOf(scope);
      if (input.GroupName !== undefined) group(place, input.GroupName);
      const all = schedulesOf(place).filter(
        (s) =>
          (input.GroupName === undefined || s.group === input.GroupName) &&
          s.name.startsWith(input.NamePrefix ?? "") &&
          (input.State === undefined || s.state === input.State),
      );
      const { items, next } = page(all, input.NextToken, input.MaxResults);
      return {
        Schedules: items.map((s) => {
          const { Arn, Name, GroupName, State, CreationDate, LastModificationDate } = described(s);
          return {
            Arn,
            Name,
            GroupName,
            State,
            CreationDate,
            LastModificationDate,
            Target: { Arn: s.target.Arn },
          };
        }),
        ...next,
      };
    },

    CreateScheduleGroup(input, scope) {
      const name = checkText(input.Name, "name", 64, NAME);
      const place = placeOf(scope);
      if (name === "default" || scheduler.groups.has(groupKey(place, name)))
        throw conflict(`Schedule group ${name} already exists.`);
      const created = { place, name, createdAt: kernel.clock.now() };
      scheduler.groups.set(groupKey(place, name), created);
      tag(scheduler, groupArn(created), input.Tags ?? []);
      return { ScheduleGroupArn: groupArn(created) };
    },

    GetScheduleGroup(input, scope) {
      const found = group(placeOf(scope), checkText(input.Name, "name", 64));
      return describedGroup(found);
    },

    ListScheduleGroups(input, scope) {
      const place = placeOf(scope);
      const groups = [
        group(place, "default"),
        ...[...scheduler.groups.values()].filter(
          (g) => g.place.account === place.account && g.place.region === place.region,
        ),
      ]
        .filter((g) => g.name.startsWith(input.NamePrefix ?? ""))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const { items, next } = page(groups, input.NextToken, input.MaxResults);
      return { ScheduleGroups: items.map(describedGroup), ...next };
    },

    DeleteScheduleGroup(input, scope) {
      const place = placeOf(scope);
      const name = checkText(input.Name, "name", 64);
      if (name === "default") throw validation("The default schedule group cannot be deleted.");
      const found = group(place, name);
      for (const s of schedulesOf(place))
        if (s.group === name) scheduler.delete(scheduleKey(place, name, s.name));
      scheduler.groups.delete(groupKey(place, name));
      scheduler.tags.delete(groupArn(found));
      return {};
    },

    TagResource(input) {
      tag(scheduler, checkText(input.ResourceArn, "resourceArn", 1011), input.Tags ?? []);
      return {};
    },

    UntagResource(input) {
      const arn = checkText(input.ResourceArn, "resourceArn", 1011);
      const kept = Object.entries(scheduler.tags.get(arn) ?? {}).filter(([k]) => !input.TagKeys?.includes(k));
      scheduler.tags.set(arn, Object.fromEntries(kept));
      return {};
    },

    ListTagsForResource(input) {
      const tags = scheduler.tags.get(checkText(input.ResourceArn, "resourceArn", 1011)) ?? {};
      return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  };
}

const describedGroup = (group: GroupDocument) => ({
  Arn: groupArn(group),
  Name: group.name,
  State: "ACTIVE" as const,
  CreationDate: new Date(group.createdAt),
  LastModificationDate: new Date(group.createdAt),
});

function tag(
  scheduler: Scheduler,
  arn: string,
  tags: readonly { Key: string | undefined; Value: string | undefined }[],
): void {
  if (tags.length === 0) return;
  const all = { ...scheduler.tags.get(arn) };
  for (const { Key, Value } of tags) if (Key !== undefined) all[Key] = Value ?? "";
  scheduler.tags.set(arn, all);
}
