import { iso } from "../clock.ts";
import {
  IN_WORK,
  type Member,
  type MemberCounts,
  noted,
  type RolloutRecord,
  type WaveRecord,
} from "./record.ts";

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
  /** The wave has ended: ask again with the facts of the next. */
  | { readonly do: "again" }
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
  if (record.stopping !== undefined || record.control.request === "abort" || overBudget(record))
    return "stopped";
  if (member.wave !== record.wave || record.waves[member.wave]?.phase !== "Running") return "stopped";
  return record.control.request === "pause" ? "paused" : "yes";
}

/** A rollout that nobody lets go on for so long is over: every rollout ends. */
const HOLD_LIMIT_DAYS = 30;
const GIVEN_UP = {
  code: "HeldTooLong",
  message: `nobody let it go on for ${HOLD_LIMIT_DAYS} days`,
  remedy: "Start a rollout for the clusters that are left, if it is still wanted.",
};

const heldTooLong = ({ heldSince }: RolloutRecord, now: number): boolean =>
  heldSince !== undefined && now - Date.parse(heldSince) >= HOLD_LIMIT_DAYS * 86_400_000;

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
  let record = withFailures(before, facts.failed);
  const current = (): WaveRecord => record.waves[record.wave] as WaveRecord;
  const setWave = (change: Partial<WaveRecord>): void => {
    const index = record.wave;
    record = { ...record, waves: record.waves.map((w, i) => (i === index ? { ...w, ...change } : w)) };
  };
  const tell = (type: string, message: string, wave?: string): void => {
    record = noted(record, at, message);
    const event = { type, message, ...(wave === undefined ? {} : { wave }) };
    record = { ...record, outbox: [...record.outbox, event] };
  };
  const goOn = (): void => {
    const { heldSince: _, ...rest } = record;
    if (record.status !== "Running" || record.heldSince !== undefined)
      record = { ...rest, status: "Running" };
  };
  const hold = (
    status: "Paused" | "AwaitingApproval",
    type: string,
    message: string,
    wave?: string,
  ): void => {
    if (record.status === status && record.heldSince !== undefined) return;
    record = { ...record, status, heldSince: at };
    tell(type, message, wave);
  };
  const done = (step: RolloutStep): Advance => ({ record, step });

  if (record.endedAt !== undefined) return done({ do: "end" });
  if (record.startedAt === undefined) {
    record = { ...record, startedAt: at };
    tell(
      "Rollout Started",
      `started: ${counted(record.members, "cluster")} in ${counted(record.waves.length, "wave")}`,
    );
  }
  const inWork = [...IN_WORK].reduce((sum, status) => sum + facts.counts[status], 0);

  if (record.stopping === undefined && heldTooLong(record, now)) {
    goOn();
    record = { ...record, stopping: "Aborted", error: GIVEN_UP };
    tell("Rollout Aborting", GIVEN_UP.message);
  }
  if (record.stopping === undefined && record.control.request === "abort") {
    const { by, reason, running } = record.control;
    goOn();
    record = { ...record, stopping: "Aborted" };
    tell(
      "Rollout Aborting",
      `aborted by ${by ?? "somebody"}${reason ? `: ${reason}` : ""}; clusters in work ${running === "finish" ? "finish" : "end at their next safe point"}`,
    );
  }
  if (record.stopping === undefined && overBudget(record)) {
    const wave = current();
    const message = budgetMessage(record);
    goOn();
    record = {
      ...record,
      stopping: "Failed",
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
    hold("Paused", "Rollout Paused", `paused by ${record.control.by ?? "somebody"}`);
    return done({ do: "hold", for: "pause" });
  }

  for (;;) {
    const wave = current();
    const last = record.wave === record.waves.length - 1;
    if (wave.phase === "Pending") {
      const unproven = record.waves[record.wave - 1]?.unproven === true;
      const needed = unproven || (record.spec.approvals === "perWave" && record.wave > 0);
      if (needed && !record.approvals.some((approval) => approval.wave === record.wave)) {
        hold(
          "AwaitingApproval",
          "Rollout Awaiting Approval",
          `${wave.name} waits for approval${unproven ? ": nobody of the wave before got through" : ""}`,
          wave.name,
        );
        return done({ do: "hold", for: "approval" });
      }
      goOn();
      setWave({ phase: "Running", startedAt: at });
      tell(
        "Wave Started",
        `${wave.name}: ${counted(wave.size, "cluster")}, ${wave.maxConcurrent} at a time`,
        wave.name,
      );
      return done({ do: "run", wave: record.wave });
    }
    goOn();
    if (wave.phase === "Running") {
      if (facts.counts.Pending + inWork > 0) return done({ do: "run", wave: record.wave });
      // Where nothing was touched there is nothing to bake.
      if (last || facts.counts.Succeeded + facts.counts.Failed === 0) {
        endWave();
        if (record.endedAt !== undefined) return done({ do: "end" });
        return done({ do: "again" });
      }
      setWave({ phase: "Baking", bakeUntil: iso(now + wave.bakeMinutes * 60_000) });
      tell("Wave Baking", `${wave.name}: bakes for ${wave.bakeMinutes} minutes`, wave.name);
      continue;
    }
    if (wave.phase === "Baking") {
      const left = Math.ceil((Date.parse(wave.bakeUntil ?? at) - now) / 1000);
      if (left > 0) return done({ do: "wait", seconds: left });
      setWave({ phase: "Checking" });
      continue;
    }
    if (wave.phase === "Checking" && facts.unchecked > 0) return done({ do: "check", wave: record.wave });
    endWave();
    if (record.endedAt !== undefined) return done({ do: "end" });
    return done({ do: "again" });
  }

  function endWave(): void {
    const wave = current();
    const { Failed: failed, Waiting: left } = facts.counts;
    const unproven = left > 0 && facts.counts.Succeeded === 0;
    setWave({ phase: "Succeeded", endedAt: at, ...(unproven ? { unproven } : {}) });
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
  if (wave)
    return `${wave.failed.length} of ${counted(wave.size, "cluster")} failed; tolerated: ${wave.tolerated}`;
  const total = record.waves.reduce((sum, one) => sum + one.failed.length, 0);
  return `${counted(total, "cluster")} failed in all waves; tolerated: ${record.toleratedTotal}`;
}

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;

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
