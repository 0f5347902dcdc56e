import type { Kernel } from "../../kernel/kernel.ts";
import { AwsError, type Scope } from "../contract.ts";

export interface LogGroup {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly logGroupClass: string;
  retentionInDays?: number;
  tags: Record<string, string>;
  streams: string[];
}

export interface LogStream {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  /** Batches written so far; each is a document of its own, so that a long log is not written again and again. */
  batches: number;
  firstEventAt?: number;
  lastEventAt?: number;
}

export interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
  readonly ingestionTime: number;
}

const DAY_MS = 86_400_000;

const missing = (what: string): AwsError =>
  new AwsError("ResourceNotFoundException", `The specified log ${what} does not exist.`);

const exists = (what: string): AwsError =>
  new AwsError("ResourceAlreadyExistsException", `The specified log ${what} already exists`);

/** Log groups, streams and events, kept in `kernel.durable`, per account and region. */
export function createLogStore(kernel: Kernel) {
  const { clock } = kernel;
  const groups = kernel.durable.map<LogGroup>("logs.groups");
  const streams = kernel.durable.map<LogStream>("logs.streams");
  const batches = kernel.durable.map<readonly LogEvent[]>("logs.batches");

  const place = ({ account, region }: Scope): string => `${account}/${region}/`;
  const streamKey = (group: LogGroup, stream: string): string => `${group.arn}|${stream}`;

  /** Name of a group given by name or by ARN. */
  const nameOf = (identifier: string): string =>
    identifier.startsWith("arn:") ? identifier.split(":").slice(6).join(":").replace(/:\*$/, "") : identifier;

  function group(scope: Scope, identifier: string | undefined): LogGroup {
    const found = groups.get(place(scope) + nameOf(identifier ?? ""));
    if (!found) throw missing("group");
    return found;
  }

  function stream(of: LogGroup, name: string | undefined): LogStream {
    const found = streams.get(streamKey(of, name ?? ""));
    if (!found) throw missing("stream");
    return found;
  }

  function dropStream(of: LogGroup, name: string): void {
    const key = streamKey(of, name);
    for (let batch = 0; batch < (streams.get(key)?.batches ?? 0); batch++) batches.delete(`${key}|${batch}`);
    streams.delete(key);
  }

  return {
    group,
    stream,
    groups: (scope: Scope): LogGroup[] =>
      [...groups.entries()]
        .filter(([key]) => key.startsWith(place(scope)))
        .map(([, value]) => value)
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    streams: (of: LogGroup): LogStream[] => of.streams.map((name) => stream(of, name)),

    createGroup(
      scope: Scope,
      name: string,
      options: { logGroupClass: string; tags: Record<string, string> },
    ): void {
      const key = place(scope) + name;
      if (groups.has(key)) throw exists("group");
      groups.set(key, {
        name,
        arn: `arn:aws:logs:${scope.region}:${scope.account}:log-group:${name}`,
        createdAt: clock.now(),
        streams: [],
        ...options,
      });
    },
    touchGroup: (scope: Scope, of: LogGroup): void => groups.touch(place(scope) + of.name),
    deleteGroup(scope: Scope, name: string | undefined): void {
      const of = group(scope, name);
      for (const one of of.streams) dropStream(of, one);
      groups.delete(place(scope) + of.name);
    },

    createStream(scope: Scope, of: LogGroup, name: string): void {
      if (of.streams.includes(name)) throw exists("stream");
      of.streams.push(name);
      groups.touch(place(scope) + of.name);
      const arn = `${of.arn}:log-stream:${name}`;
      streams.set(streamKey(of, name), { name, arn, createdAt: clock.now(), batches: 0 });
    },
    deleteStream(scope: Scope, of: LogGroup, name: string): void {
      stream(of, name);
      dropStream(of, name);
      of.streams = of.streams.filter((one) => one !== name);
      groups.touch(place(scope) + of.name);
    },

    append(of: LogGroup, name: string | undefined, events: readonly Omit<LogEvent, "ingestionTime">[]): void {
      const to = stream(of, name);
      const key = streamKey(of, to.name);
      const ingestionTime = clock.now();
      batches.set(
        `${key}|${to.batches++}`,
        events.map((event) => ({ ...event, ingestionTime })),
      );
      for (const { timestamp } of events) {
        to.firstEventAt = Math.min(to.firstEventAt ?? timestamp, timestamp);
        to.lastEventAt = Math.max(to.lastEventAt ?? timestamp, timestamp);
      }
      streams.touch(key);
    },

    /** Events of a stream, oldest first, without those that the group's retention has let go. */
    events(of: LogGroup, name: string): LogEvent[] {
      const from = streams.get(streamKey(of, name));
      const oldest = of.retentionInDays === undefined ? -Infinity : clock.now() - of.retentionInDays * DAY_MS;
      const all: LogEvent[] = [];
      for (let batch = 0; batch < (from?.batches ?? 0); batch++)
        all.push(...(batches.get(`${streamKey(of, name)}|${batch}`) ?? []));
      return all.filter(({ timestamp }) => timestamp >= oldest).sort((a, b) => a.timestamp - b.timestamp);
    },
  };
}

export type LogStore = ReturnType<typeof createLogStore>;
