import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { kubernetesOf } from "../../adapters/kubernetes/access.ts";
import { isRetryable, SlipwayError } from "../../core/errors.ts";
import { withEnded, withStarted } from "../../core/nodes/history.ts";
import { eventTime } from "../../core/nodes/signals.ts";
import type { NodesPolicy } from "../../core/policy/nodes.ts";
import { listener } from "../lib/listener.ts";
import { updateAutomation } from "../lib/nodes/automation.ts";
import { cordon, drainNode, type NodeDrain, names } from "../lib/nodes/drain-node.ts";
import { instanceEvent } from "../lib/nodes/events.ts";
import { type PlacedMachine, placeMachine } from "../lib/nodes/place.ts";
import { tell } from "../lib/nodes/tell.ts";
import { policyOfCluster } from "../lib/policies.ts";
import type { TaskContext } from "../lib/task.ts";

/** EC2 takes the machine two minutes after the warning; some seconds are left for the last pods. */
const LIMIT_MS = 112_000;
const PASS_MS = 5_000;
/** The warning is worth nothing after that: the machine is gone, or was never taken. */
const STALE_MS = 120_000;

/**
 * A Spot machine goes in two minutes: its node is cordoned and drained here and now, without lease and operation,
 * which would cost seconds that its pods do not have. Budgets are honoured to the last: what they hold is named.
 * Every part may be done twice.
 */
export const handler = listener("on-spot-interruption", instanceEvent, async (event, context) => {
  const { clock } = context.runtime;
  const placed = await placeMachine(context, event, event.detail["instance-id"]);
  if (!placed || !["running", "pending"].includes(placed.machine.state)) return;
  const at = eventTime(event.time) ?? clock.now();
  if (!placed.machine.spot || clock.now() - at > STALE_MS) {
    context.log.warn("a Spot warning that cannot be right", { instance: placed.machine.instanceId });
    return;
  }
  const mode = await spotMode(context, placed);
  const { nodeName } = placed.machine;
  const { ref } = placed.record;
  if (mode === "off") return;
  if (mode === "report") {
    await tell(context, "Spot Interruption", ref, {
      nodes: [nodeName],
      message: `EC2 takes ${nodeName} in two minutes; the policy says to report only`,
    });
    return;
  }
  await drainBefore(context, placed, Math.min(at, clock.now()) + LIMIT_MS);
});

async function spotMode(
  { store, log }: TaskContext,
  { record }: PlacedMachine,
): Promise<NodesPolicy["spot"]> {
  try {
    return (await policyOfCluster(store, record)).nodes.spot;
  } catch (error) {
    if (!(error instanceof SlipwayError) || error.retryable) throw error;
    log.warn("policy permits nothing", { cluster: record.ref.name, error: error.message });
    return "report";
  }
}

async function drainBefore(context: TaskContext, placed: PlacedMachine, deadline: number): Promise<void> {
  const { runtime, store, log } = context;
  const { clock } = runtime;
  const { machine, record } = placed;
  const node = machine.nodeName;
  const there = await runtimeIn(runtime, record.ref);
  const cluster = await eksOf(there).cluster(record.ref.name);
  if (!cluster?.endpoint) return;
  const client = kubernetesOf(there, cluster);
  await cordon(client, node, "spot");

  const began = clock.now();
  const id = `spot-${machine.instanceId}`;
  let last: NodeDrain = { left: 0, waiting: 0, blocked: [] };
  let first = true;
  for (;;) {
    try {
      last = await drainNode(client, node, Math.max(1, Math.floor((deadline - clock.now()) / 1000)));
    } catch (error) {
      // There is no later: whatever can be tried again is tried again at once.
      if (!isRetryable(error)) throw error;
      log.warn("a pass of a Spot drain failed", { node, error });
    }
    if (first) await begun(context, placed, id, began);
    first = false;
    if (last.left === 0 || clock.now() + PASS_MS > deadline) break;
    await clock.sleep(PASS_MS);
  }
  const now = clock.now();
  const held = last.blocked.map(({ pod }) => pod);
  const failed = last.left > 0;
  await updateAutomation(store, record.ref, (current) =>
    withEnded(
      current,
      { operationId: id },
      {
        at: now,
        outcome: failed ? "failed" : "succeeded",
        ...(failed ? { error: `${last.left} pods were left: ${names(last.blocked)}` } : {}),
      },
    ),
  );
  if (await store.claim(`spot-drained ${machine.instanceId}`, now + 86_400_000))
    await tell(context, "Spot Drained", record.ref, {
      nodes: [node],
      seconds: Math.round((now - began) / 1000),
      podsLeft: last.left,
      held,
      message: failed
        ? `${last.left} pods are still on ${node}, which EC2 takes; held by budgets: ${names(last.blocked)}`
        : `${node} was empty ${Math.round((now - began) / 1000)} s after the warning`,
    });
}

async function begun(context: TaskContext, placed: PlacedMachine, id: string, began: number): Promise<void> {
  const { machine, record, nodegroup = "" } = placed;
  await updateAutomation(context.store, record.ref, (current) =>
    withStarted(
      current,
      [
        {
          operationId: id,
          node: machine.nodeName,
          instanceId: machine.instanceId,
          group: nodegroup,
          logicalGroup: machine.tags["slipway.dev/nodegroup"] ?? nodegroup.replace(/-\d+$/, ""),
          kind: "spot",
          action: "drain",
          why: "EC2 takes the machine",
          startedAt: began,
        },
      ],
      began,
    ),
  );
  if (await context.store.claim(`spot ${machine.instanceId}`, began + 86_400_000))
    await tell(context, "Spot Interruption", record.ref, {
      nodes: [machine.nodeName],
      message: `EC2 takes ${machine.nodeName} in two minutes: cordoned and draining`,
    });
}
