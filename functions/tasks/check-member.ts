import * as z from "zod";
import { iso } from "../../core/clock.ts";
import { gateOf } from "../../core/rollout/gate.ts";
import { readGateFacts } from "../lib/rollout/facts.ts";
import {
  after,
  endMember,
  endOf,
  failOn,
  failWith,
  type MemberStep,
  memberInput,
  memberWork,
  ROLLOUT_REQUESTER,
} from "../lib/rollout/member-work.ts";
import { updateMember } from "../lib/rollout/records.ts";
import { task } from "../lib/task.ts";

/** So often is asked again, a minute apart, before what cannot be read counts as not well. */
const TRIES = 10;
const AGAIN_SECONDS = 60;

/**
 * Looks whether a cluster is well: after its operations, and once more when its wave has baked (`baked`). What is
 * not certain is asked again for ten minutes; then it is no pass.
 */
export const handler = task(
  "check-member",
  memberInput.extend({ baked: z.boolean() }),
  async (input, context): Promise<MemberStep> => {
    const work = await memberWork(context, input);
    const { member, rollout } = work;
    const ended = endOf(member);
    if (ended && !(input.baked && member.status === "Succeeded" && member.checkedAt === undefined))
      return ended;
    const record = await context.store.getCluster(member.ref);
    if (!record)
      return failWith(work, {
        code: "ClusterNotFound",
        message: "Slipway no longer manages it",
        remedy: "Look who deleted it.",
      });
    let verdict: ReturnType<typeof gateOf>;
    try {
      const facts = await readGateFacts(context, record, rollout.spec.overrides, ROLLOUT_REQUESTER);
      verdict = gateOf(rollout.spec.gate, facts, member.known);
    } catch (error) {
      return failOn(work, error);
    }
    const problems = verdict.problems.join("; ");
    if (verdict.verdict === "unsure" && (member.unsure ?? 0) < TRIES) {
      await updateMember(context.store, rollout.id, member, (one) => ({
        ...one,
        unsure: (one.unsure ?? 0) + 1,
        reason: problems.slice(0, 500),
      }));
      return after("check", AGAIN_SECONDS);
    }
    if (verdict.verdict !== "pass")
      return failWith(work, {
        code: "GateFailed",
        message: `${input.baked ? "after the bake" : "after its operations"}: ${problems}`,
        remedy: "Look at the cluster; what the rollout changed may have done it.",
      });
    if (!input.baked) {
      await updateMember(context.store, rollout.id, member, ({ unsure: _, ...one }) => one);
      return endMember(work, "Succeeded");
    }
    await updateMember(context.store, rollout.id, member, ({ unsure: _, reason: __, ...one }) => ({
      ...one,
      checkedAt: iso(context.runtime.clock.now()),
    }));
    return after("done");
  },
);
