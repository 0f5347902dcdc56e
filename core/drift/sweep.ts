import * as z from "zod";
import { sha256 } from "../plan/sha256.ts";

const iso = z.string();

/** Where a cluster stands with looks: a document of `drift-looks` under the cluster's key. */
export const lookStateSchema = z.object({
  /** ISO 8601; absent: never. */
  lookedAt: iso.optional(),
  /** ISO 8601: a look was asked for, by an event or by a cluster that was at work. */
  dueAt: iso.optional(),
  /** Writes that events told of in the last hour or two, oldest first. */
  changes: z.array(z.unknown()).default([]),
  /** Raised by each request for a look: one that came while a look was made is not lost. */
  requests: z.number().default(0),
  /** The `requests` that the last look began with. */
  seen: z.number().default(0),
  /** Names the execution that looks next: one at a time, however many ask. */
  round: z.number().default(0),
  /** Calls of AWS that the last look made, about. */
  calls: z.number().optional(),
  /** Fields in drift that are not ignored. */
  open: z.number().default(0),
  /** Why the cluster could not be looked at; since when, and how often. */
  failure: z
    .object({
      code: z.string(),
      message: z.string(),
      remedy: z.string().optional(),
      since: iso,
      count: z.number(),
    })
    .optional(),
});
export type LookState = z.infer<typeof lookStateSchema>;

/** Every cluster is looked at this often although nothing told of a change. */
export const SWEEP_EVERY_MS = 3_600_000;

export interface Candidate {
  readonly key: string;
  /** Account and region: the limits of EKS are theirs. */
  readonly place: string;
  readonly state: LookState;
}

/** The workflow that was started for it may be about to look: only what it missed is the sweep's. */
const OVERDUE_MS = 60_000;

/** A cluster that has never been looked at is taken to need so many calls. */
const UNKNOWN_CALLS = 30;

const time = (at: string | undefined): number => (at === undefined ? 0 : Date.parse(at));

/**
 * Clusters to look at in a run: those that are due first, the longest waiting ahead; then the share of this run of
 * those that nobody looked at for an hour, the longest unseen ahead. So 1,000 clusters are spread over the runs of
 * an hour, in whatever order they came.
 */
export function chosen(
  candidates: readonly Candidate[],
  run: { readonly now: number; readonly everyMs: number },
): Candidate[] {
  const { now, everyMs } = run;
  const due = candidates
    .filter(({ state }) => state.dueAt !== undefined && time(state.dueAt) <= now - OVERDUE_MS)
    .toSorted((a, b) => time(a.state.dueAt) - time(b.state.dueAt));
  const taken = new Set(due.map(({ key }) => key));
  const stale = candidates
    .filter(
      ({ key, state }) =>
        !taken.has(key) &&
        state.dueAt === undefined &&
        time(state.lookedAt) <= now - SWEEP_EVERY_MS + everyMs,
    )
    // Those that nobody ever looked at are mixed: neighbours are of one region, which is asked for only so much.
    .map((candidate) => ({ candidate, order: sha256(candidate.key) }))
    .toSorted(
      (a, b) =>
        time(a.candidate.state.lookedAt) - time(b.candidate.state.lookedAt) || (a.order < b.order ? -1 : 1),
    )
    .map(({ candidate }) => candidate);
  const share = Math.ceil((candidates.length * everyMs) / SWEEP_EVERY_MS);
  return [...due, ...stale.slice(0, share)];
}

/** Calls per second that Slipway allows itself of EKS in one account and region, while nobody objects. */
export const FULL_RATE = 5;
const LEAST_RATE = 0.25;
/** A bucket holds what comes in over so many seconds. */
const BURST_SECONDS = 240;

/** The bucket of one account and region: a document of `drift-rates` under `ACCOUNT:REGION`. */
export const bucketSchema = z.object({ tokens: z.number(), rate: z.number(), at: z.number() });
export type Bucket = z.infer<typeof bucketSchema>;

export const fullBucket = (now: number): Bucket => ({
  tokens: FULL_RATE * BURST_SECONDS,
  rate: FULL_RATE,
  at: now,
});

/** The bucket as of now: filled by its rate, which recovers by a tenth with each run that was not throttled. */
export function refilled(bucket: Bucket, now: number): Bucket {
  const seconds = Math.max(0, (now - bucket.at) / 1000);
  const rate = Math.min(FULL_RATE, bucket.rate + FULL_RATE * 0.1 * Math.min(1, seconds / 300));
  return { tokens: Math.min(rate * BURST_SECONDS, bucket.tokens + bucket.rate * seconds), rate, at: now };
}

/** After a throttled call: half the rate, and nothing more for now. */
export const throttled = (bucket: Bucket): Bucket => ({
  ...bucket,
  tokens: 0,
  rate: Math.max(LEAST_RATE, bucket.rate / 2),
});

export const expectedCalls = ({ calls }: LookState): number => calls ?? UNKNOWN_CALLS;

/** When to look again at a cluster that could not be looked at: later each time, up to an hour. */
export const afterFailure = (count: number, now: number): number =>
  now + Math.min(SWEEP_EVERY_MS, 300_000 * 2 ** (count - 1));
