import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Behaviour, createRig, type Event, FunctionError, REGION } from "./rig.ts";

const FILE = join(import.meta.dirname, "../../../../shared/cases/asl-jsonata.json");
const present = existsSync(FILE);
if (!present) console.warn(`SKIPPED: the validated ASL cases are not at ${FILE}`);

interface Case {
  readonly name: string;
  readonly type: string;
  readonly start: string;
  readonly definition: object;
  readonly input: unknown;
  readonly lambdas: Readonly<Record<string, string>>;
  readonly placeholders: readonly { readonly regex: string; readonly replacement: string }[];
  readonly expect: {
    readonly status: string;
    readonly output?: unknown;
    readonly error?: string;
    readonly cause?: unknown;
    readonly historyTypes?: readonly string[];
    readonly history?: readonly Record<string, unknown>[];
    readonly historyUnordered?: boolean;
  };
}

/** What the functions of the cases do (`meta.lambdas` of the file). */
const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  id: (event) => event,
  echo: () => ({ Return: "HelloWorld" }),
  raise: () => {
    throw new FunctionError("Exception", "Some exception was raised.");
  },
  raise_custom: () => {
    throw new FunctionError("CustomException", "");
  },
  wait60: async (event, rig) => {
    await rig.kernel.clock.sleep(60_000);
    return event;
  },
  large: () => "x".repeat(257 * 1024),
  bytes_str: () => "HelloWorld!",
};

const IGNORED_MEMBERS = new Set([
  "stackTrace",
  "requestId",
  "SdkHttpMetadata",
  "SdkResponseMetadata",
  "timestamp",
]);
/** Words that stand for any value in the snapshots. */
const WORDS = new Set(["timestamp", "date", "datetime", "start-date", "stop-date", "snf_role_arn"]);

/** The snapshots parsed every text that begins with a bracket; cause texts inside them included. */
function normalise(value: unknown): unknown {
  if (typeof value === "string" && /^[[{]/.test(value)) {
    try {
      return normalise(JSON.parse(value));
    } catch {
      return value;
    }
  }
  if (Array.isArray(value)) return value.map(normalise);
  if (typeof value === "object" && value !== null && !(value instanceof Date))
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => !IGNORED_MEMBERS.has(name))
        .map(([name, item]) => [name, normalise(item)]),
    );
  return value;
}

function toPattern(text: string): RegExp {
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/<[a-zA-Z_:0-9-]+>/g, "[\\s\\S]+?")}$`);
}

/** Compares with wildcards; returns the paths that differ. */
function differences(actual: unknown, expected: unknown, at = "$"): string[] {
  if (typeof expected === "string") {
    if (WORDS.has(expected)) return [];
    const text = typeof actual === "string" ? actual : JSON.stringify(actual);
    if (text === expected || toPattern(expected).test(text ?? "")) return [];
    return [`${at}: ${text} is not ${expected}`];
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length)
      return [`${at}: ${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`];
    return expected.flatMap((item, i) => differences(actual[i], item, `${at}[${i}]`));
  }
  if (typeof expected === "object" && expected !== null) {
    if (typeof actual !== "object" || actual === null)
      return [`${at}: ${JSON.stringify(actual)} is no object`];
    const names = new Set([...Object.keys(actual), ...Object.keys(expected)]);
    return [...names].flatMap((name) =>
      differences(
        (actual as Record<string, unknown>)[name],
        (expected as Record<string, unknown>)[name],
        `${at}.${name}`,
      ),
    );
  }
  return actual === expected ? [] : [`${at}: ${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`];
}

/**
 * The snapshots of Parallel states lost the event that closes the state (their ids leave its place free) and the
 * ids of the events inside; the events inside are sorted. Both sides are brought to that form.
 */
function unordered(events: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  return events
    .filter((event) => event.type !== "ParallelStateFailed" && event.type !== "ParallelStateSucceeded")
    .map(({ id, previousEventId, ...rest }) => rest)
    .sort((a, b) => (JSON.stringify(a.type) < JSON.stringify(b.type) ? -1 : 1));
}

const cases: readonly Case[] = present ? JSON.parse(readFileSync(FILE, "utf8")).cases : [];

describe.skipIf(!present)("cases validated against Step Functions", () => {
  it.each(cases.map((one) => [one.name, one] as const))("%s", async (_, one) => {
    const functions = Object.fromEntries(
      Object.entries(one.lambdas).map(([name, behaviour]) => [name, BEHAVIOURS[behaviour] ?? (() => null)]),
    );
    const rig = createRig({ functions });
    const ended = await rig.run(one.definition, one.input, { type: one.type });
    const { status, output, error, cause } = one.expect;
    expect(ended.status).toBe(status);
    expect(ended.error).toBe(error);
    expect(differences(normalise(ended.cause), normalise(cause), "cause")).toEqual([]);
    if (output !== undefined)
      expect(differences(normalise(ended.output), normalise(output), "output")).toEqual([]);
    if (one.type === "EXPRESS") return;
    const events = await rig.history(ended.executionArn);
    compareHistory(events, one);
  });
});

function compareHistory(events: readonly Event[], one: Case): void {
  const { historyTypes, history, historyUnordered } = one.expect;
  const types = events.map((event) => event.type);
  if (historyTypes) {
    if (historyUnordered)
      expect(unordered(events).map((event) => event.type)).toEqual([...historyTypes].sort());
    else expect(types).toEqual(historyTypes);
  }
  if (!history) return;
  const normalised = events.map((event) => normalise(event) as Record<string, unknown>);
  const wanted = history.map((event) => normalise(event) as Record<string, unknown>);
  if (historyUnordered) {
    expect(differences(unordered(normalised), unordered(wanted), "history")).toEqual([]);
    const closing = (list: readonly Record<string, unknown>[]) =>
      list
        .filter((event) => /^(Parallel|Pass|Execution)/.test(String(event.type)))
        .filter((event) => event.type !== "ParallelStateFailed")
        .map(({ id, previousEventId, type }) => ({ id, previousEventId, type }));
    expect(closing(normalised)).toEqual(closing(wanted));
    return;
  }
  expect(differences(normalised, wanted, "history")).toEqual([]);
  expect(REGION).toBe("us-east-1");
}
