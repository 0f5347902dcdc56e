import type { Kernel } from "../../kernel/kernel.ts";
import type { Faults } from "../../world/faults.ts";
import { AwsError, type Scope, type ServiceHandlers } from "../contract.ts";
import { createLogStore, type LogEvent, type LogGroup } from "./log-store.ts";
import { createQueries } from "./logs-queries.ts";

const GROUP_NAME = /^[.\-_/#A-Za-z0-9]{1,512}$/;
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
const BATCH_LIMIT = 10_000;

const invalid = (message: string): AwsError => new AwsError("InvalidParameterException", message);

/**
 * A filter pattern of plain terms: all of them, none of those with `-`, any of those with `?`. Patterns on
 * JSON or on columns are refused, as their result would be wrong without a word.
 */
export function termFilter(pattern: string): (message: string) => boolean {
  const trimmed = pattern.trim();
  if (trimmed === "") return () => true;
  if (/^[{[%]/.test(trimmed))
    throw invalid("Only filter patterns made of terms are supported by the embedded platform");
  const terms = [...trimmed.matchAll(/([-?]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)].map(
    ([, sign = "", quoted, plain = ""]) => ({ sign, text: (quoted ?? plain).replace(/\\"/g, '"') }),
  );
  const any = terms.filter(({ sign }) => sign === "?");
  return (message) =>
    terms.every(({ sign, text }) => sign === "?" || message.includes(text) === (sign !== "-")) &&
    (any.length === 0 || any.some(({ text }) => message.includes(text)));
}

/** A page of a list; the token is the index of the next item. */
function page<T>(
  items: readonly T[],
  token: string | undefined,
  limit: number,
): { items: T[]; next?: string } {
  const from = token === undefined ? 0 : Number(token);
  if (!Number.isInteger(from) || from < 0) throw invalid("The specified nextToken is invalid.");
  const to = from + limit;
  return { items: items.slice(from, to), ...(to < items.length ? { next: String(to) } : {}) };
}

const within = ({ timestamp }: LogEvent, start: number | undefined, end: number | undefined): boolean =>
  timestamp >= (start ?? -Infinity) && timestamp < (end ?? Infinity);

/** CloudWatch Logs: groups, streams, events, plain term filters, and the usual queries of Logs Insights. */
export function createLogs({
  kernel,
  faults,
}: {
  readonly kernel: Kernel;
  readonly faults?: Faults;
}): ServiceHandlers<typeof import("@aws-sdk/client-cloudwatch-logs")> {
  const store = createLogStore(kernel);
  const groupOf = (
    scope: Scope,
    input: { logGroupName?: string | undefined; logGroupIdentifier?: string | undefined },
  ): LogGroup => store.group(scope, input.logGroupName ?? input.logGroupIdentifier);

  const describe = (group: LogGroup) => ({
    logGroupName: group.name,
    creationTime: group.createdAt,
    metricFilterCount: 0,
    arn: `${group.arn}:*`,
    logGroupArn: group.arn,
    storedBytes: 0,
    logGroupClass: group.logGroupClass as "STANDARD",
    ...(group.retentionInDays === undefined ? {} : { retentionInDays: group.retentionInDays }),
  });

  return {
    ...createQueries({ kernel, store, ...(faults ? { faults } : {}) }),
    CreateLogGroup: (input, scope) => {
      const name = input.logGroupName ?? "";
      if (!GROUP_NAME.test(name))
        throw invalid(
          `Value '${name}' at 'logGroupName' failed to satisfy constraint: [\\.\\-_/#A-Za-z0-9]+`,
        );
      store.createGroup(scope, name, {
        logGroupClass: input.logGroupClass ?? "STANDARD",
        tags: { ...input.tags },
      });
      return {};
    },
    DeleteLogGroup: (input, scope) => {
      store.deleteGroup(scope, input.logGroupName);
      return {};
    },
    DescribeLogGroups: (input, scope) => {
      const { logGroupNamePrefix: prefix = "", logGroupNamePattern: pattern = "" } = input;
      const matching = store
        .groups(scope)
        .filter(({ name }) => name.startsWith(prefix) && name.toLowerCase().includes(pattern.toLowerCase()));
      const { items, next } = page(matching, input.nextToken, input.limit ?? 50);
      return { logGroups: items.map(describe), ...(next ? { nextToken: next } : {}) };
    },
    PutRetentionPolicy: (input, scope) => {
      const group = groupOf(scope, input);
      const days = input.retentionInDays ?? 0;
      if (!RETENTION_DAYS.includes(days))
        throw invalid(`Invalid retentionInDays ${days}; one of ${RETENTION_DAYS.join(", ")}`);
      group.retentionInDays = days;
      store.touchGroup(scope, group);
      return {};
    },
    DeleteRetentionPolicy: (input, scope) => {
      const group = groupOf(scope, input);
      delete group.retentionInDays;
      store.touchGroup(scope, group);
      return {};
    },
    CreateLogStream: (input, scope) => {
      const name = input.logStreamName ?? "";
      if (!/^[^:*]{1,512}$/.test(name)) throw invalid(`Value '${name}' at 'logStreamName' is invalid`);
      store.createStream(scope, groupOf(scope, input), name);
      return {};
    },
    DeleteLogStream: (input, scope) => {
      store.deleteStream(scope, groupOf(scope, input), input.logStreamName ?? "");
      return {};
    },
    DescribeLogStreams: (input, scope) => {
      const streams = store
        .streams(groupOf(scope, input))
        .filter(({ name }) => name.startsWith(input.logStreamNamePrefix ?? ""))
        .sort((a, b) =>
          input.orderBy === "LastEventTime"
            ? (a.lastEventAt ?? 0) - (b.lastEventAt ?? 0)
            : a.name < b.name
              ? -1
              : 1,
        );
      if (input.descending) streams.reverse();
      const { items, next } = page(streams, input.nextToken, input.limit ?? 50);
      return {
        logStreams: items.map((stream) => ({
          logStreamName: stream.name,
          creationTime: stream.createdAt,
          arn: stream.arn,
          storedBytes: 0,
          ...(stream.firstEventAt === undefined ? {} : { firstEventTimestamp: stream.firstEventAt }),
          ...(stream.lastEventAt === undefined ? {} : { lastEventTimestamp: stream.lastEventAt }),
        })),
        ...(next ? { nextToken: next } : {}),
      };
    },
    PutLogEvents: (input, scope) => {
      const events = input.logEvents ?? [];
      if (events.length === 0 || events.length > BATCH_LIMIT)
        throw invalid(`a batch holds 1 to ${BATCH_LIMIT} events, not ${events.length}`);
      store.append(
        groupOf(scope, input),
        input.logStreamName,
        events.map(({ timestamp = 0, message = "" }) => ({ timestamp, message })),
      );
      return { nextSequenceToken: "unused" };
    },
    GetLogEvents: (input, scope) => {
      const group = groupOf(scope, input);
      const { name } = store.stream(group, input.logStreamName);
      const events = store
        .events(group, name)
        .filter((event) => within(event, input.startTime, input.endTime));
      const limit = input.limit ?? BATCH_LIMIT;
      // A token is a direction and the index it goes on from; the same one again means that the end is reached.
      const [, direction, index] = /^([fb])\/(\d+)$/.exec(input.nextToken ?? "") ?? [];
      const forward = direction ? direction === "f" : input.startFromHead === true;
      const at = index === undefined ? (forward ? 0 : events.length) : Number(index);
      const from = forward ? at : Math.max(0, at - limit);
      const to = forward ? Math.min(events.length, at + limit) : at;
      return {
        events: events.slice(from, to),
        nextForwardToken: `f/${to}`,
        nextBackwardToken: `b/${from}`,
      };
    },
    FilterLogEvents: (input, scope) => {
      const group = groupOf(scope, input);
      const matches = termFilter(input.filterPattern ?? "");
      const streams = (input.logStreamNames ?? group.streams).filter((name) =>
        name.startsWith(input.logStreamNamePrefix ?? ""),
      );
      const found = streams
        .flatMap((logStreamName) =>
          store.events(group, logStreamName).map((event, index) => ({
            ...event,
            logStreamName,
            eventId: `${event.timestamp}-${logStreamName}-${index}`,
          })),
        )
        .filter((event) => within(event, input.startTime, input.endTime) && matches(event.message))
        .sort((a, b) => a.timestamp - b.timestamp);
      const { items, next } = page(found, input.nextToken, input.limit ?? BATCH_LIMIT);
      return { events: items, searchedLogStreams: [], ...(next ? { nextToken: next } : {}) };
    },
    TagResource: (input, scope) => {
      const group = store.group(scope, input.resourceArn);
      Object.assign(group.tags, input.tags);
      store.touchGroup(scope, group);
      return {};
    },
    UntagResource: (input, scope) => {
      const group = store.group(scope, input.resourceArn);
      for (const key of input.tagKeys ?? []) delete group.tags[key];
      store.touchGroup(scope, group);
      return {};
    },
    ListTagsForResource: (input, scope) => ({ tags: { ...store.group(scope, input.resourceArn).tags } }),
  };
}
