import * as z from "zod";
import { iso } from "../../../core/clock.ts";
import { SlipwayError } from "../../../core/errors.ts";
import { ENDED, type Operation } from "../../../core/operation/types.ts";
import { overBudget } from "../../../core/rollout/advance.ts";
import { WAITS } from "../../../core/rollout/member.ts";
import type { Member, MemberStatus, RolloutRecord } from "../../../core/rollout/record.ts";
import { requestControl } from "../api/control.ts";
import { operationError } from "../failure.ts";
import type { TaskContext } from "../task.ts";
import { failMember, memberOf, rolloutOf, updateMember } from "./records.ts";

/** Who starts the operations of a rollout. */
export const ROLLOUT_REQUESTER = "slipway/rollout";

/**
 * Which rollout a task works for. It travels under the name that all machines use for what they work for, so that
 * their states and logs need no other words.
 */
export const rolloutInput = z.object({ operationId: z.string().regex(/^ro-[0-9A-HJKMNP-TV-Z]{26}$/) });

export const memberInput = rolloutInput.extend({
  wave: z.number().int().min(0),
  index: z.number().int().min(0),
});

/** What the execution of a member does next: after `seconds` it runs the task of that name, or it ends. */
export interface MemberStep {
  readonly next: "start" | "poll" | "check" | "done" | "failed";
  readonly seconds: number;
  /** For the record of an execution that ends as failed. */
  readonly error?: string;
  readonly cause?: string;
}

const ENDS: ReadonlySet<MemberStatus> = new Set(["Succeeded", "Skipped", "Failed", "Waiting", "Cancelled"]);

export const after = (next: MemberStep["next"], seconds = 0): MemberStep => ({ next, seconds });

/** The end of a member as its execution shows it: what has failed fails, so that the Map counts it. */
export function endOf(member: Member): MemberStep | undefined {
  if (!ENDS.has(member.status)) return undefined;
  if (member.status !== "Failed") return after("done");
  return {
    ...after("failed"),
    error: member.error?.code ?? "MemberFailed",
    cause: `${member.ref.name}: ${member.error?.message ?? "failed"}`.slice(0, 1000),
  };
}

export interface MemberWork {
  readonly context: TaskContext;
  readonly rollout: RolloutRecord;
  readonly member: Member;
}

export async function memberWork(
  context: TaskContext,
  input: z.output<typeof memberInput>,
): Promise<MemberWork> {
  const [rollout, member] = await Promise.all([
    rolloutOf(context.store, input.operationId),
    memberOf(context.store, input.operationId, input.wave, input.index),
  ]);
  return { context, rollout, member };
}

const now = ({ context }: MemberWork): string => iso(context.runtime.clock.now());

/** Ends a member in one of the ways that are no failure. */
export async function endMember(
  work: MemberWork,
  status: "Succeeded" | "Skipped" | "Waiting" | "Cancelled",
  reason?: string,
): Promise<MemberStep> {
  const member = await updateMember(work.context.store, work.rollout.id, work.member, (current) => {
    if (ENDS.has(current.status)) return undefined;
    const { reason: _, ...rest } = current;
    return { ...rest, status, endedAt: now(work), ...(reason === undefined ? {} : { reason }) };
  });
  return endOf(member) ?? after("done");
}

export async function failWith(
  work: MemberWork,
  error: { readonly code: string; readonly message: string; readonly remedy: string },
): Promise<MemberStep> {
  const { code, message, remedy } = error;
  const member = await failMember(work.context.store, work.rollout.id, work.member, now(work), {
    code,
    message: message.slice(0, 2000),
    remedy,
  });
  return endOf(member) ?? after("failed");
}

/** An error that no repetition helps fails the member; every other is the state's to repeat. */
export function failOn(work: MemberWork, error: unknown): Promise<MemberStep> {
  if (!(error instanceof SlipwayError) || error.retryable) throw error;
  return failWith(work, operationError(error));
}

/** When a member that still waits is left behind. */
export function deadlineOf({ rollout, member }: MemberWork): number {
  const began = rollout.waves[member.wave]?.startedAt ?? rollout.createdAt;
  return Date.parse(began) + rollout.spec.waveDeadlineHours * 3_600_000;
}

const isAborted = ({ control, stopping }: RolloutRecord): boolean =>
  control.request === "abort" || stopping === "Aborted";

/** Whether the rollout comes to its end before all of its members had their turn. */
export const isStopping = (rollout: RolloutRecord): boolean =>
  isAborted(rollout) || rollout.stopping !== undefined || overBudget(rollout);

/** Whether an operation is called off: what only waits always is when nothing more is to begin, what works may finish. */
export function callsOff({ rollout }: MemberWork, operation: Operation): boolean {
  if (isAborted(rollout) && rollout.control.running !== "finish") return true;
  return isStopping(rollout) && WAITS.has(operation.status);
}

/** Asks an operation to end at its next safe point, once. */
export async function callOff(work: MemberWork, operation: Operation): Promise<void> {
  if (ENDED.has(operation.status) || operation.control.request === "cancel") return;
  const { rollout, context } = work;
  const reason =
    rollout.control.request === "abort"
      ? `rollout ${rollout.spec.metadata.name} was aborted by ${rollout.control.by ?? "somebody"}`
      : `rollout ${rollout.spec.metadata.name} failed`;
  try {
    await requestControl(context.runtime, operation.id, { request: "cancel", by: ROLLOUT_REQUESTER, reason });
  } catch (error) {
    // It has ended in between: what was wanted.
    if (!(error instanceof SlipwayError) || error.code !== "OperationEnded") throw error;
  }
}
