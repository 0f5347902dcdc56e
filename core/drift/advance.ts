import { sha256 } from "../plan/sha256.ts";
import type { DriftMode } from "../policy/drift.ts";
import {
  CLOSED,
  type ClusterChange,
  type DriftRecord,
  type Flip,
  type Observation,
  type PastDrift,
  type Resolution,
} from "./types.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** So many flips in an hour, and somebody changes it back whatever we do. */
const FLIPS_OF_A_LOOP = 3;
/** A slow fight: more remediations of one field in a day are not begun. */
const REMEDIATIONS_A_DAY = 6;
/** After so many that failed a person has to look. */
const MAX_FAILURES = 3;
const FIRST_BACKOFF_MS = 10 * 60_000;

const KEEP = { flips: 12, history: 20, remediations: 12 };

/** What became of an operation that was to bring a field back. */
export interface Attempt {
  readonly operation: string;
  readonly state: "waiting" | "running" | "succeeded" | "failed" | "rejected";
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt?: string;
}

export interface Sight {
  /** Milliseconds since the epoch: when the look was made. */
  readonly now: number;
  /** Absent: the field is as it should be. */
  readonly seen?: Observation | undefined;
  readonly mode: DriftMode;
  readonly change?: ClusterChange | undefined;
  /** Remediations of this field, newest first. */
  readonly attempts: readonly Attempt[];
  /** A person asks for it to be brought back, whatever stopped it before. */
  readonly asked?: boolean;
}

export type DriftEvent =
  | "Drift Detected"
  | "Drift Remediated"
  | "Drift Gone"
  | "Drift Loop"
  | "Drift Stopped";

export interface Advance {
  readonly record: DriftRecord | undefined;
  readonly events: readonly DriftEvent[];
  /** What is to be started for it now. */
  readonly wants?: "remediate" | "approve";
}

const iso = (ms: number): string => new Date(ms).toISOString();

export const driftId = (field: string): string => `d-${sha256(field).slice(0, 10)}`;

/**
 * What a look makes of what is known of a field. Pure and idempotent: the same sight twice changes nothing the
 * second time, so that looks may run twice and beside one another.
 */
export function advance(before: DriftRecord | undefined, sight: Sight): Advance {
  const { seen, now } = sight;
  if (!seen) return asDesired(before, sight);
  const isNew = before === undefined || CLOSED.has(before.resolution.state);
  const again = before !== undefined && !isNew && broughtBack(before, sight);
  const moved = isNew || again || before.actual !== seen.actual;
  const flip: Flip = {
    // A change before it was brought back is not the one that took it away again.
    at: sight.change && !again && within(sight.change.at, now) ? sight.change.at : iso(now),
    ...(seen.actual === undefined ? {} : { actual: seen.actual }),
    ...(sight.change ? { actor: sight.change.actor } : {}),
  };
  const change = changeOf(before, sight, moved);
  const record: DriftRecord = {
    id: driftId(seen.field),
    field: seen.field,
    class: seen.class,
    ...(seen.desired === undefined ? {} : { desired: seen.desired }),
    ...(seen.actual === undefined ? {} : { actual: seen.actual }),
    detectedAt: isNew ? iso(now) : before.detectedAt,
    seenAt: iso(now),
    mode: sight.mode,
    ...(change ? { change } : {}),
    remediable: seen.step !== undefined,
    ...(seen.remedy === undefined ? {} : { remedy: seen.remedy }),
    resolution: isNew ? { state: "open", at: iso(now) } : before.resolution,
    flips: moved ? [...(before?.flips ?? []), flip].slice(-KEEP.flips) : before.flips,
    remediations: before?.remediations ?? [],
    history: before?.history ?? [],
  };
  const decided = decide(record, before, sight, moved);
  const events: DriftEvent[] = [
    ...(moved && sight.mode !== "ignore" ? ["Drift Detected" as const] : []),
    ...decided.events,
  ];
  return { ...decided, events };
}

/** A remediation succeeded after the last flip: no look saw the field as it should be, but it was. */
const broughtBack = (before: DriftRecord, sight: Sight): boolean => {
  const last = Date.parse(before.flips.at(-1)?.at ?? before.detectedAt);
  return attemptsSince(before, sight).some(({ state, endedAt }) => {
    const ended = Date.parse(endedAt ?? "");
    // Clocks differ a little: an end that has not come yet here is for the next look.
    return state === "succeeded" && ended > last && ended <= sight.now;
  });
};

/** An event may come after the look that found its effect: then it says who did it, later. */
function changeOf(
  before: DriftRecord | undefined,
  { change }: Sight,
  moved: boolean,
): ClusterChange | undefined {
  if (moved) return change;
  if (!change || !before) return before?.change;
  // A later write that left the value as it was does not take the blame.
  return before.change ?? change;
}

const within = (at: string, now: number): boolean => {
  const time = Date.parse(at);
  return time <= now && now - time < HOUR_MS;
};

const resolved = (record: DriftRecord, resolution: Resolution): DriftRecord => {
  const { state, operation, by, reason } = record.resolution;
  const same =
    state === resolution.state &&
    operation === resolution.operation &&
    by === resolution.by &&
    reason === resolution.reason;
  return same ? record : { ...record, resolution };
};

/** Flips of the last hour: a loop is a matter of now. */
const recentFlips = ({ flips }: DriftRecord, now: number): readonly Flip[] =>
  flips.filter((flip) => now - Date.parse(flip.at) < HOUR_MS);

/** Three flips, or two remediations that did not last: events come late, so that flips may seem to be further apart. */
const isLoop = (record: DriftRecord, { now, attempts }: Sight): boolean =>
  recentFlips(record, now).length >= FLIPS_OF_A_LOOP ||
  attempts.filter(
    ({ state, endedAt }) =>
      state === "succeeded" && endedAt !== undefined && now - Date.parse(endedAt) < HOUR_MS,
  ).length >=
    FLIPS_OF_A_LOOP - 1;

/** Both sides of a fight, as far as they are known. */
export function fighters(record: DriftRecord): string[] {
  const others = record.flips.flatMap(({ actor }) => actor ?? []);
  const ours = record.remediations.length > 0 ? ["slipway/drift"] : [];
  return [...new Set([...ours, ...others])];
}

function decide(
  record: DriftRecord,
  before: DriftRecord | undefined,
  sight: Sight,
  moved: boolean,
): Omit<Advance, "events"> & { events: DriftEvent[] } {
  const { now, mode, asked = false } = sight;
  const at = iso(now);
  const end = (resolution: Omit<Resolution, "at">, events: DriftEvent[] = []) => ({
    record: resolved(record, { at, ...resolution }),
    events,
  });
  const loops = isLoop(record, sight);
  // Told once per flip, also where nothing is done about it.
  const loopEvent: DriftEvent[] = loops && moved && mode !== "ignore" ? ["Drift Loop"] : [];
  if (mode === "ignore" && !asked) return end({ state: "ignored" });
  const wants = mode === "approve" && !asked ? "approve" : "remediate";
  if (!record.remediable)
    return end({ state: "reported", reason: record.remedy ?? "Slipway cannot bring it back." }, loopEvent);
  if (mode === "report" && !asked)
    return end(
      loops ? { state: "reported", reason: "It changes again and again." } : { state: "reported" },
      loopEvent,
    );

  const [latest, ...others] = attemptsSince(record, sight);
  if (latest?.state === "running")
    return end({ state: "remediating", operation: latest.operation }, loopEvent);
  if (latest?.state === "waiting")
    return end({ state: "awaiting-approval", operation: latest.operation }, loopEvent);
  if (asked) return { ...end({ state: "open", reason: "A person asked for it." }), wants };

  const stay = (reason: string, event: DriftEvent) => {
    const told = before?.resolution.state === "stopped" && !moved;
    return end({ state: "stopped", reason }, told ? [] : [event]);
  };
  if (loops || (before?.resolution.state === "stopped" && !moved && before.resolution.reason === FIGHT))
    return stay(FIGHT, "Drift Loop");
  const today = record.remediations.filter((time) => now - Date.parse(time) < DAY_MS);
  if (today.length >= REMEDIATIONS_A_DAY) return stay(OFTEN, "Drift Loop");
  if (latest?.state === "rejected" && !moved)
    return end({ state: "reported", operation: latest.operation, reason: "Nobody wanted it brought back." });
  const failures = [latest, ...others].filter((attempt) => attempt?.state === "failed");
  if (failures.length >= MAX_FAILURES) return stay(FAILING, "Drift Stopped");
  const ended = Date.parse(failures[0]?.endedAt ?? "");
  if (failures.length > 0 && now < ended + FIRST_BACKOFF_MS * 2 ** (failures.length - 1))
    return end({ state: "open", reason: `Bringing it back failed; tried again after a while.` });
  return { ...end({ state: "open" }), wants };
}

const FIGHT =
  "Somebody changes it back: three times within an hour. It is not brought back any more until a person asks for it, or it stays away for an hour.";
const OFTEN = "It was brought back as often as it is in a day.";
const FAILING = "Bringing it back failed three times. It is not tried again until a person asks for it.";

/** Of this episode; for one that a person accepted or that ended, earlier ones say nothing. */
const attemptsSince = (record: DriftRecord, { attempts }: Sight): readonly Attempt[] =>
  attempts.filter(({ startedAt }) => Date.parse(startedAt) >= Date.parse(record.detectedAt));

function asDesired(before: DriftRecord | undefined, sight: Sight): Advance {
  if (!before || CLOSED.has(before.resolution.state)) return { record: before, events: [] };
  const at = iso(sight.now);
  const ours = attemptsSince(before, sight).find(({ state }) => state === "succeeded");
  const resolution: Resolution = ours
    ? { state: "remediated", at, operation: ours.operation }
    : { state: "gone", at };
  const event: DriftEvent[] = before.mode === "ignore" ? [] : [ours ? "Drift Remediated" : "Drift Gone"];
  return { record: closed(before, resolution), events: event };
}

/** The record of a drift that is over, with what it was in its history. */
export function closed(record: DriftRecord, resolution: Resolution): DriftRecord {
  const past: PastDrift = {
    detectedAt: record.detectedAt,
    ...(record.desired === undefined ? {} : { desired: record.desired }),
    ...(record.actual === undefined ? {} : { actual: record.actual }),
    ...(record.change ? { actor: record.change.actor } : {}),
    resolution,
  };
  return { ...record, resolution, history: [past, ...record.history].slice(0, KEEP.history) };
}

/** Notes that a remediation was started. */
export function remediating(
  record: DriftRecord,
  operation: { readonly id: string; readonly at: string; readonly held: boolean },
): DriftRecord {
  const state = operation.held ? "awaiting-approval" : "remediating";
  return {
    ...resolved(record, { state, at: operation.at, operation: operation.id }),
    remediations: operation.held
      ? record.remediations
      : [...record.remediations, operation.at].slice(-KEEP.remediations),
  };
}
