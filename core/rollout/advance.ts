import { iso } from "../clock.ts";
import { IN_WORK, type Member, type MemberCounts, noted, type RolloutRecord, type WaveRecord } from "./record.ts";

/**
 * What the workflow of a rollout does next. It asks again after each step, so that a run that was killed anywhere
 * goes on with the same question.
 */
export type RolloutStep =
  /** Start the open members of the wave and follow those in work. */
  | { readonly do: "run"; readonly wave: number }
  /** Follow members in work to their end; start nothing. */
  | { readonly do: "settle"; readonly wave: number }
  | { readonly do: "wait"; readonly seconds: number }
  /** Look at the finished members of the wave. */
  | { readonly do: "check"; readonly wave: number }
  /** Wait for a person. */
  | { readonly do: "hold"; readonly for: "pause" | "approval" }
  | { readonly do: "end" };

/** The members of the present wave, as counted from their documents. */
export interface WaveFacts {
  readonly counts: MemberCounts;
  /** Succeeded members that have not been looked at after the bake. */
  readonly unchecked: number;
  /** Indexes of the members that failed. */
  readonly failed: readonly number[];
}

export interface Advance {
  readonly record: RolloutRecord;
  readonly step: RolloutStep;
  /** What is told on the bus, by detail type. */
  readonly events: readonly { readonly type: string; readonly wave?: string; readonly message: string }[];
}

/** True when more clusters have failed than the rollout bears: nothing is started any more. */
export function overBudget(record: Pick<RolloutRecord, "waves" | "toleratedTotal">): boolean {
  const total = record.waves.reduce((sum, wave) => sum + wave.failed.length, 0);
  return (
    record.waves.some((wave) => wave.failed.length > wave.tolerated) ||
    (record.toleratedTotal !== undefined && total > record.toleratedTotal)
  );
}

/** Whether a member may begin now; otherwise the word that says why not. */
export function mayStart(
  record: Pick<RolloutRecord, "waves" | "toleratedTotal" | "control" | "stopping" | "wave" | "status">,
  member: Pick<Member, "wave">,
): "yes" | "paused" | "stopped" {
  if (record.stopping !== undefined || record.control.request === "abort" || overBudget(record)) return "stopped";
  if (member.wave !== record.wave || record.waves[member.wave]?.phase !== "Running") return "stopped";
  return record.control.request === "pause" ? "paused" : "yes";
}

/** Seconds that a wait lasts at most: what people ask for meanwhile is seen after it. */
const LONGEST_WAIT = 900;

/**
 * The next step of a rollout, and the record after it. Pure: `now` in milliseconds since the epoch.
 *
 *   Pending ─ (approval) ─ Running ─ Baking ─ Checking ─ Succeeded ─ next wave
 *                             └────────────────── Failed: nothing more is started
 *
 * The last wave is not baked: nothing waits for it, and each member was looked at when its operations had ended.
 */
export function advance(before: RolloutRecord, facts: WaveFacts, now: number): Advance {
  const at = iso(now);
  const events: { type: string; wave?: string; message: string }[] = [];
  let record = withFailures(before, facts.failed);
  const current = (): WaveRecord => record.waves[record.wave] as WaveRecord;
  const setWave = (change: Partial<WaveRecord>): void => {
    const index = record.wave;
    record = { ...record, waves: record.waves.map((w, i) => (i === index ? { ...w, ...change } : w)) };
  };
  const tell = (type: string, message: string, wave?: string): void => {
    record = noted(record, at, message);
    events.push({ type, message, ...(wave === undefined ? {} : { wave }) });
  };
  const done = (step: RolloutStep): Advance => ({ record, step, events });

  if (record.endedAt !== undefined) return done({ do: "end" });
  if (record.startedAt === undefined) {
    record = { ...record, startedAt: at };
    tell("Rollout Started", `started: ${record.members} clusters in ${record.waves.length} waves`);
  }
  const inWork = [...IN_WORK].reduce((sum, status) => sum + facts.counts[status], 0);

  if (record.stopping === undefined && record.control.request === "abort") {
    const { by, reason, running } = record.control;
    record = { ...record, stopping: "Aborted", status: "Running" };
    tell(
      "Rollout Aborting",
      `aborted by ${by ?? "somebody"}${reason ? `: ${reason}` : ""}; clusters in work ${running === "finish" ? "finish" : "end at their next safe point"}`,
    );
  }
  if (record.stopping === undefined && overBudget(record)) {
    const wave = current();
    const message = budgetMessage(record);
    record = {
      ...record,
      stopping: "Failed",
      status: "Running",
      error: {
        code: "TooManyFailures",
        message,
        remedy:
          "Look at the clusters that failed, mend what is common to them, and start a rollout for those that are left.",
      },
    };
    setWave({ phase: "Failed", endedAt: at });
    tell("Wave Failed", `${wave.name}: ${message}`, wave.name);
  }
  if (record.stopping !== undefined) {
    if (inWork > 0) return done({ do: "settle", wave: record.wave });
    record = { ...record, status: record.stopping, endedAt: at };
    tell(`Rollout ${record.stopping}`, record.stopping === "Failed" ? "failed" : "aborted");
    return done({ do: "end" });
  }
  if (record.control.request === "pause") {
    if (record.status !== "Paused") {
      record = { ...record, status: "Paused" };
      tell("Rollout Paused", `paused by ${record.control.by ?? "somebody"}`);
    }
    return done({ do: "hold", for: "pause" });
  }

  for (;;) {
    const wave = current();
    const last = record.wave === record.waves.length - 1;
    if (wave.phase === "Pending") {
      const needed = record.spec.approvals === "perWave" && record.wave > 0;
      if (needed && !record.approvals.some((approval) => approval.wave === record.wave)) {
        if (record.status !== "AwaitingApproval") {
          record = { ...record, status: "AwaitingApproval" };
          tell("Rollout Awaiting Approval", `wave ${wave.name} waits for approval`, wave.name);
        }
        return done({ do: "hold", for: "approval" });
      }
      setWave({ phase: "Running", startedAt: at });
      record = { ...record, status: "Running" };
      tell(
        "Wave Started",
        `${wave.name}: ${wave.size} clusters, ${wave.maxConcurrent} at a time`,
        wave.name,
      );
      return done({ do: "run", wave: record.wave });
    }
    if (record.status !== "Running") record = { ...record, status: "Running" };
    if (wave.phase === "Running") {
      if (facts.counts.Pending + inWork > 0) return done({ do: "run", wave: record.wave });
      if (last || facts.counts.Succeeded === 0) {
        endWave();
        if (record.endedAt !== undefined) return done({ do: "end" });
        return done({ do: "wait", seconds: 0 });
      }
      setWave({ phase: "Baking", bakeUntil: iso(now + wave.bakeMinutes * 60_000) });
      tell("Wave Baking", `${wave.name}: bakes for ${wave.bakeMinutes} minutes`, wave.name);
      continue;
    }
    if (wave.phase === "Baking") {
      const left = Math.ceil((Date.parse(wave.bakeUntil ?? at) - now) / 1000);
      if (left > 0) return done({ do: "wait", seconds: Math.min(left, LONGEST_WAIT) });
      setWave({ phase: "Checking" });
      continue;
    }
    if (wave.phase === "Checking" && facts.unchecked > 0) return done({ do: "check", wave: record.wave });
    endWave();
    if (record.endedAt !== undefined) return done({ do: "end" });
    // The facts are of the wave that has just ended: ask again with those of the next.
    return done({ do: "wait", seconds: 0 });
  }

  function endWave(): void {
    const wave = current();
    const { Failed: failed, Waiting: left } = facts.counts;
    setWave({ phase: "Succeeded", endedAt: at });
    tell(
      "Wave Succeeded",
      `${wave.name}: done${failed > 0 ? `, ${failed} failed (${wave.tolerated} tolerated)` : ""}${left > 0 ? `, ${left} left waiting` : ""}`,
      wave.name,
    );
    if (record.wave < record.waves.length - 1) {
      record = { ...record, wave: record.wave + 1 };
      return;
    }
    record = { ...record, status: "Succeeded", endedAt: at };
    tell("Rollout Succeeded", "succeeded");
  }
}

function budgetMessage(record: RolloutRecord): string {
  const wave = record.waves.find((one) => one.failed.length > one.tolerated);
  if (wave) return `${wave.failed.length} of ${wave.size} clusters failed, ${wave.tolerated} are tolerated`;
  const total = record.waves.reduce((sum, one) => sum + one.failed.length, 0);
  return `${total} clusters failed in all waves, ${record.toleratedTotal} are tolerated`;
}

/** What the members' documents say counts; what the record knew already stays. */
function withFailures(record: RolloutRecord, failed: readonly number[]): RolloutRecord {
  const wave = record.waves[record.wave];
  if (!wave || failed.every((index) => wave.failed.includes(index))) return record;
  const all = [...new Set([...wave.failed, ...failed])].sort((a, b) => a - b);
  return {
    ...record,
    waves: record.waves.map((one, index) => (index === record.wave ? { ...one, failed: all } : one)),
  };
}
