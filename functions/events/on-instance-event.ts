import { listener } from "../lib/listener.ts";
import { instanceEvent } from "../lib/nodes/events.ts";
import { lookForEvent } from "../lib/nodes/look.ts";
import { placeMachine } from "../lib/nodes/place.ts";
import { tell } from "../lib/nodes/tell.ts";

const DAY_MS = 86_400_000;

/**
 * A rebalance recommendation, or a machine that stops or ends. For the first EKS itself starts a replacement and
 * drains the node of a managed group: it is told and left alone. The second lets us look: the group replaces the
 * machine, and whatever else is wrong with the cluster shows.
 */
export const handler = listener("on-instance-event", instanceEvent, async (event, context) => {
  const placed = await placeMachine(context, event, event.detail["instance-id"]);
  if (!placed) return;
  const { machine, record } = placed;
  if (event["detail-type"] === "EC2 Instance Rebalance Recommendation") {
    if (machine.state !== "running") return;
    if (await context.store.claim(`rebalance ${machine.instanceId}`, context.runtime.clock.now() + DAY_MS))
      await tell(context, "Rebalance Recommended", record.ref, {
        nodes: [machine.nodeName],
        message: placed.nodegroup
          ? `EC2 may take ${machine.nodeName} soon; EKS starts its replacement by itself`
          : `EC2 may take ${machine.nodeName} soon; it belongs to no managed group, so nothing replaces it before`,
      });
    return;
  }
  // Rotations, upgrades and deletions end machines all the time: their operation looks after them.
  if (await context.store.getLease(record.ref)) return;
  await lookForEvent(context, record, {
    cause: `instance ${machine.instanceId} is ${machine.state}`,
    brief: true,
  });
});
