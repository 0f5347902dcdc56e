import { launchProblem } from "../../core/nodes/signals.ts";
import { listener } from "../lib/listener.ts";
import { launchFailureEvent } from "../lib/nodes/events.ts";
import { placeGroup } from "../lib/nodes/place.ts";
import { quoted, tell } from "../lib/nodes/tell.ts";

const HOUR_MS = 3_600_000;

/**
 * An Auto Scaling group could not start a machine: the reason in words, once an hour for each group and reason. The
 * group tries again by itself every minute.
 */
export const handler = listener("on-launch-failure", launchFailureEvent, async (event, context) => {
  const { detail } = event;
  if (detail.StatusCode !== "Failed") return;
  const placed = await placeGroup(context, event, detail.AutoScalingGroupName);
  if (!placed) return;
  const problem = launchProblem(detail.StatusMessage ?? "");
  const now = context.runtime.clock.now();
  const key = `launch ${event.account} ${event.region} ${detail.AutoScalingGroupName} ${problem.code}`;
  if (!(await context.store.claim(`${key} ${Math.floor(now / HOUR_MS)}`, now + 2 * HOUR_MS))) return;
  await tell(context, "Launch Failed", placed.record.ref, {
    nodegroup: placed.nodegroup,
    code: problem.code,
    remedy: problem.remedy,
    message: `Node group ${placed.nodegroup} gets no new machine: ${problem.words}. ${problem.remedy} EC2 says: ${quoted(detail.StatusMessage)}`,
  });
});
