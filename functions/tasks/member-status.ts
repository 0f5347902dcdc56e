import { ENDED } from "../../core/operation/types.ts";
import { pollSeconds, WAITS } from "../../core/rollout/member.ts";
import {
  after,
  callOff,
  callsOff,
  deadlineOf,
  endMember,
  endOf,
  failWith,
  isStopping,
  type MemberStep,
  memberInput,
  memberWork,
} from "../lib/rollout/member-work.ts";
import { updateMember } from "../lib/rollout/records.ts";
import { task } from "../lib/task.ts";

/** Looks how the operation of a member stands, and says when to look again or what comes next. */
export const handler = task("member-status", memberInput, async (input, context): Promise<MemberStep> => {
  const work = await memberWork(context, input);
  const { member, rollout } = work;
  const ended = endOf(member);
  if (ended) return ended;
  const open = member.operations.find(({ status }) => status !== "Succeeded" && status !== "Skipped");
  if (!open) return member.operations.length === 0 ? after("start") : after("check");
  const operation = await context.store.getOperation(open.id);
  if (!operation) return after("start");

  if (ENDED.has(operation.status)) {
    if (operation.status === "Succeeded") {
      const next = await updateMember(context.store, rollout.id, member, (one) => ({
        ...one,
        operations: one.operations.map((each) =>
          each.id === open.id ? { ...each, status: "Succeeded" } : each,
        ),
      }));
      return next.operations.some(({ status }) => status === undefined) ? after("start") : after("check");
    }
    if (operation.status === "Cancelled" && isStopping(rollout))
      return endMember(work, "Cancelled", `${operation.id} ended at a safe point`);
    const { code, message, remedy } = operation.error ?? {
      code: operation.status,
      message: `${operation.type} ended as ${operation.status}`,
      remedy: "",
    };
    return failWith(work, {
      code,
      message,
      remedy: `${remedy} See slipway describe operation ${operation.id}.`.trim(),
    });
  }

  if (callsOff(work, operation)) await callOff(work, operation);
  const waits = WAITS.has(operation.status);
  const now = context.runtime.clock.now();
  if (waits && now >= deadlineOf(work)) {
    const reason = operation.awaiting?.reason ?? `${operation.id} is ${operation.status}`;
    return endMember(work, "Waiting", `${operation.id} goes on by itself: ${reason}`);
  }
  const reason = waits ? (operation.awaiting?.reason ?? operation.status) : undefined;
  if (reason !== member.reason)
    await updateMember(context.store, rollout.id, member, (one) => {
      const { reason: _, ...rest } = one;
      return { ...rest, ...(reason === undefined ? {} : { reason }) };
    });
  const elapsed = (now - Date.parse(operation.startedAt ?? operation.createdAt)) / 1000;
  return after("poll", pollSeconds(elapsed, operation.plan.expectedSeconds, waits));
});
