import * as z from "zod";
import { eventsOf } from "../../adapters/aws/events.ts";
import { advance, type RolloutStep } from "../../core/rollout/advance.ts";
import { countMembers, type Member, type RolloutRecord } from "../../core/rollout/record.ts";
import { callOff, rolloutInput } from "../lib/rollout/member-work.ts";
import {
  closeRollout,
  isInWork,
  rolloutOf,
  updateMember,
  updateRollout,
  waveMembers,
} from "../lib/rollout/records.ts";
import { type TaskContext, task } from "../lib/task.ts";

const input = rolloutInput.extend({ executionArn: z.string().min(1) });

/** What the machine does, with what it needs for it. Members are indexes: ten thousand of them fit a payload. */
interface Answer {
  readonly do: "members" | "hold" | "end";
  readonly wave: number;
  readonly members: readonly number[];
  readonly baked: boolean;
  readonly maxConcurrent: number;
  readonly tolerated: number;
  /** For a hold: how long at most. */
  readonly seconds: number;
  readonly status: string;
  readonly error: string;
  readonly cause: string;
}

/** A hold for a person is looked at again every day: one that nobody ends is given up after a month. */
const DAY_SECONDS = 86_400;

/**
 * Decides what a rollout does next, from its record and the members of the present wave, and stores it. What
 * happened is told on the bus from the record's outbox, so that a crash loses no event (it may tell one twice).
 */
export const handler = task("advance-rollout", input, async ({ operationId, executionArn }, context) => {
  const { store, runtime } = context;
  let step = { do: "end" } as RolloutStep;
  let record = await rolloutOf(store, operationId);
  let members: Member[];
  do {
    const wave = record.wave;
    members = await waveMembers(store, operationId, wave);
    const facts = {
      counts: countMembers(members),
      unchecked: members.filter((m) => m.status === "Succeeded" && m.checkedAt === undefined).length,
      failed: members.filter((m) => m.status === "Failed").map((m) => m.index),
    };
    record = await updateRollout(store, operationId, (current) => {
      // The facts are of one wave: only the run of this execution takes the rollout on to the next.
      if (current.wave !== wave) return undefined;
      const next = advance({ ...current, executionArn }, facts, runtime.clock.now());
      ({ step } = next);
      return next.record;
    });
  } while (step.do === "again");
  if (step.do === "end") await leaveMembers(context, record);
  await tell(context, record);
  if (step.do === "end") await closeRollout(store, operationId);
  return answer(record, step, members);
});

function answer(record: RolloutRecord, step: RolloutStep, members: readonly Member[]): Answer {
  const wave = record.waves[record.wave];
  const failures = record.waves.reduce((sum, one) => sum + one.failed.length, 0);
  const total =
    record.toleratedTotal === undefined ? Number.POSITIVE_INFINITY : record.toleratedTotal - failures;
  const base: Answer = {
    do: "hold",
    wave: record.wave,
    members: [],
    baked: false,
    maxConcurrent: wave?.maxConcurrent ?? 1,
    tolerated: Math.max(0, Math.min((wave?.tolerated ?? 0) - (wave?.failed.length ?? 0), total)),
    seconds: DAY_SECONDS,
    status: record.status,
    error: record.error?.code ?? "",
    cause: record.error?.message ?? "",
  };
  const indexes = (wanted: (member: Member) => boolean): number[] =>
    members.filter(wanted).map((m) => m.index);
  switch (step.do) {
    case "run":
      // Those in work first: they have their places already.
      return {
        ...base,
        do: "members",
        members: [...indexes(isInWork), ...indexes(({ status }) => status === "Pending")],
      };
    case "settle":
      // Whatever becomes of these: all of them are followed to their end.
      return { ...base, do: "members", members: indexes(isInWork), tolerated: members.length };
    case "check":
      return {
        ...base,
        do: "members",
        baked: true,
        members: indexes((m) => m.status === "Succeeded" && m.checkedAt === undefined),
        tolerated: members.length,
      };
    case "wait":
      return { ...base, seconds: Math.max(1, Math.min(step.seconds, 14 * DAY_SECONDS)) };
    case "hold":
      return base;
    case "again":
    case "end":
      return { ...base, do: "end" };
  }
}

/** Those whose turn never came, and operations that never began, end with the rollout. */
async function leaveMembers(context: TaskContext, rollout: RolloutRecord): Promise<void> {
  if (rollout.status === "Succeeded") return;
  const { store } = context;
  const reason = `the rollout ${rollout.status === "Aborted" ? "was aborted" : "failed"} before`;
  for (const [wave] of rollout.waves.entries()) {
    const members = await waveMembers(store, rollout.id, wave);
    const pending = members.filter(({ status }) => status === "Pending");
    for (let i = 0; i < pending.length; i += 50)
      await Promise.all(
        pending
          .slice(i, i + 50)
          .map((member) =>
            updateMember(store, rollout.id, member, (one) =>
              one.status === "Pending" ? { ...one, status: "Cancelled", reason } : undefined,
            ),
          ),
      );
    for (const member of members.filter(({ status }) => status === "Waiting")) {
      const open = member.operations.find(({ status }) => status === undefined);
      const operation = open && (await store.getOperation(open.id));
      if (operation?.awaiting) await callOff({ context, rollout, member }, operation);
    }
  }
}

async function tell({ store, runtime }: TaskContext, record: RolloutRecord): Promise<void> {
  for (const { type, message, wave } of record.outbox)
    await eventsOf(runtime).put("slipway.rollout", type, {
      rolloutId: record.id,
      name: record.spec.metadata.name,
      status: record.status,
      requester: record.requester,
      message,
      ...(wave === undefined ? {} : { wave }),
      ...(record.error ? { error: record.error } : {}),
    });
  const told = record.outbox.length;
  if (told > 0)
    await updateRollout(store, record.id, (current) => ({ ...current, outbox: current.outbox.slice(told) }));
}
