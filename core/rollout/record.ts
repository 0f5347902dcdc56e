import * as z from "zod";
import { rolloutSchema } from "./schema.ts";

/** How a rollout stands. The last three are ends. */
export const ROLLOUT_STATUSES = [
  "Pending",
  "Running",
  "Paused",
  "AwaitingApproval",
  "Succeeded",
  "Failed",
  "Aborted",
] as const;
export type RolloutStatus = (typeof ROLLOUT_STATUSES)[number];

export const ROLLOUT_ENDED: ReadonlySet<RolloutStatus> = new Set(["Succeeded", "Failed", "Aborted"]);

/**
 * How a member stands. `Waiting`: it was still waiting at the wave's deadline and was left behind. `Skipped`: there
 * was nothing to do. `Cancelled`: it never began, or ended at a safe point, because the rollout ended before.
 */
export const MEMBER_STATUSES = [
  "Pending",
  "Starting",
  "Running",
  "Succeeded",
  "Skipped",
  "Failed",
  "Waiting",
  "Cancelled",
] as const;
export type MemberStatus = (typeof MEMBER_STATUSES)[number];

/** Statuses of a member that is in work: it has a place among the concurrent ones. */
export const IN_WORK: ReadonlySet<MemberStatus> = new Set(["Starting", "Running"]);

export const WAVE_PHASES = ["Pending", "Running", "Baking", "Checking", "Succeeded", "Failed"] as const;
export type WavePhase = (typeof WAVE_PHASES)[number];

const problem = z.object({ code: z.string(), message: z.string(), remedy: z.string() });

const wave = z.object({
  name: z.string(),
  /** Members from this index on. */
  first: z.number(),
  size: z.number(),
  phase: z.enum(WAVE_PHASES),
  bakeMinutes: z.number(),
  maxConcurrent: z.number(),
  /** Failures of this wave that do not stop the rollout. */
  tolerated: z.number(),
  /** ISO 8601. */
  startedAt: z.string().optional(),
  bakeUntil: z.string().optional(),
  endedAt: z.string().optional(),
  /** Indexes of the members that failed. */
  failed: z.array(z.number()),
  /** Nobody got through, since all that had work to do were left waiting: the next wave needs somebody's word. */
  unproven: z.boolean().optional(),
});

/** A rollout as it is stored: `rollouts`, by its id. Its members are documents of their own. */
export const rolloutRecordSchema = z.object({
  id: z.string(),
  spec: rolloutSchema,
  status: z.enum(ROLLOUT_STATUSES),
  requester: z.string(),
  createdAt: z.string(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  /** Runs of the workflow; one that was killed is followed by another. */
  attempt: z.number(),
  executionArn: z.string().optional(),
  members: z.number(),
  /** Failures of all waves that do not stop it; absent: only the waves' own count. */
  toleratedTotal: z.number().optional(),
  waves: z.array(wave),
  /** The wave that is in work. */
  wave: z.number(),
  control: z.object({
    request: z.enum(["pause", "abort"]).optional(),
    by: z.string().optional(),
    at: z.string().optional(),
    reason: z.string().optional(),
    /** With `abort`: what becomes of clusters in work. */
    running: z.enum(["cancel", "finish"]).optional(),
  }),
  /** Who let which wave begin. */
  approvals: z.array(z.object({ wave: z.number(), by: z.string(), at: z.string() })),
  /** Why it cannot go on, once that is known; clusters in work come to their end before it ends. */
  stopping: z.enum(["Failed", "Aborted"]).optional(),
  error: problem.optional(),
  /** Since when it waits for a person. */
  heldSince: z.string().optional(),
  /** What happened, oldest first; the last hundred. */
  log: z.array(z.object({ at: z.string(), message: z.string() })),
  /** What is still to be told on the bus: stored with the change that it is about, so that none gets lost. */
  outbox: z.array(z.object({ type: z.string(), message: z.string(), wave: z.string().optional() })),
});
export type RolloutRecord = z.infer<typeof rolloutRecordSchema>;
export type WaveRecord = RolloutRecord["waves"][number];

const memberOperation = z.object({
  /** Chosen before it is started, so that it is started once. */
  id: z.string(),
  request: z.record(z.string(), z.unknown()),
  /** As last seen; absent before it was stored. */
  status: z.string().optional(),
});

/** A cluster of a rollout: `rollout/<id>/<wave>`, by its index. */
export const memberSchema = z.object({
  index: z.number(),
  wave: z.number(),
  ref: z.object({ account: z.string(), region: z.string(), name: z.string() }),
  status: z.enum(MEMBER_STATUSES),
  /** One after the other; what is to be done is fixed when the member begins. */
  operations: z.array(memberOperation),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  /** Codes and subjects that blocked before: they say nothing about what the rollout did. */
  known: z.array(z.string()).optional(),
  /** Times that the gate was looked at without an answer since it was last sure. */
  unsure: z.number().optional(),
  /** When the cluster was found well after the bake. */
  checkedAt: z.string().optional(),
  /** What it waits for, or why it was left, skipped or cancelled. */
  reason: z.string().optional(),
  error: problem.optional(),
});
export type Member = z.infer<typeof memberSchema>;
export type MemberProblem = z.infer<typeof problem>;

const LOG_LENGTH = 100;
const MESSAGE_LENGTH = 500;

/** Adds to the log of a rollout. */
export const noted = (record: RolloutRecord, at: string, message: string): RolloutRecord => ({
  ...record,
  log: [...record.log, { at, message: message.slice(0, MESSAGE_LENGTH) }].slice(-LOG_LENGTH),
});

/** How many members have each status. */
export type MemberCounts = Readonly<Record<MemberStatus, number>>;

export function countMembers(members: readonly Pick<Member, "status">[]): MemberCounts {
  const counts = Object.fromEntries(MEMBER_STATUSES.map((status) => [status, 0])) as Record<
    MemberStatus,
    number
  >;
  for (const { status } of members) counts[status]++;
  return counts;
}
