import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { kubernetesOf } from "../../adapters/kubernetes/access.ts";
import { isReady } from "../../adapters/kubernetes/facts.ts";
import { clusterNotFound } from "../../adapters/snapshot.ts";
import { TerminalError } from "../../core/errors.ts";
import { type BlockedPod, type DrainPass, drainPass } from "../lib/drain.ts";
import { groupKind, nodesOfGroup } from "../lib/group-nodes.ts";
import { task, taskInput } from "../lib/task.ts";
import { unscheduledPods } from "../lib/unscheduled.ts";
import {
  operationAtGate,
  operationOf,
  policyFor,
  record,
  refuseEnded,
  refuseSuperseded,
} from "../lib/work.ts";

/** What one pass hands to the next, through the workflow. Times in milliseconds since the epoch. */
const memory = z.object({
  /** When a node was last finished or a pod last left. */
  progressAt: z.number().optional(),
  podsLeft: z.number().optional(),
  drained: z.number().optional(),
  /** Since when the group has been empty. */
  emptySince: z.number().optional(),
  /** What was last said of the blocked pods, so that the log does not repeat it. */
  blocked: z.number().optional(),
});

const input = taskInput.extend({
  step: z.string(),
  /** The physical group to empty, and the one that takes its pods. */
  nodegroup: z.string(),
  into: z.string(),
  /** Who manages both groups. */
  kind: groupKind,
  /** Empties green again after a failure: not stopped by pause or cancel, and never a failure itself. */
  undo: z.boolean(),
  memory,
});

/**
 * One pass of a drain (see lib/drain.ts). `waiting`: call again after `waitSeconds`, with `memory`. `paused`: go
 * through a gate first. `done`: empty, and baked. Throws TerminalError `PdbBlockedDrain` or `DrainTimedOut` when
 * nothing has moved for the policy's deadline.
 */
export const handler = task("drain-nodes", input, async (call, context) => {
  const { operationId, undo } = call;
  const { runtime, store } = context;
  const operation = undo
    ? refuseSuperseded(refuseEnded(await operationOf(store, operationId)), context.attempt)
    : await operationAtGate(context, operationId);
  if (!undo && operation.control.request === "pause") return { state: "paused", memory: call.memory };

  const { rotation } = await policyFor(store, operation);
  const there = await runtimeIn(runtime, operation.cluster);
  const cluster = await eksOf(there).cluster(operation.cluster.name);
  if (!cluster) throw clusterNotFound(operation.cluster);
  const client = kubernetesOf(there, cluster);
  const now = runtime.clock.now();
  const { kind } = call;
  const group = (name: string) =>
    nodesOfGroup(there, client, { cluster: operation.cluster.name, kind, name });
  const pass = await drainPass(client, { nodegroup: await group(call.nodegroup), policy: rotation, now });

  const before = call.memory;
  const moved =
    before.progressAt === undefined ||
    pass.drained > (before.drained ?? 0) ||
    pass.podsLeft < (before.podsLeft ?? Number.POSITIVE_INFINITY);
  const empty = pass.drained === pass.total;
  const next = {
    progressAt: moved ? now : (before.progressAt ?? now),
    podsLeft: pass.podsLeft,
    drained: pass.drained,
    blocked: pass.blocked.length,
    ...(empty ? { emptySince: before.emptySince ?? now } : {}),
  };
  if (pass.changed.length > 0 || pass.blocked.length !== (before.blocked ?? 0))
    await record(context, operationId, {
      kind: "StepProgressed",
      step: call.step,
      message: describe(pass, undo),
      progress: {
        done: undo ? 0 : pass.drained,
        total: pass.total,
        unit: "nodes",
        phase: undo ? "undoing" : "draining",
        nodes: pass.changed,
      },
    });

  if (empty) {
    const left = undo ? 0 : Math.ceil(((next.emptySince ?? now) + rotation.bakeSeconds * 1000 - now) / 1000);
    if (left > 0) return { state: "waiting", waitSeconds: left, memory: next };
    if (!undo) {
      // The last look before what cannot be undone.
      const green = await group(call.into);
      if (!green.every(isReady)) return { state: "waiting", waitSeconds: 20, memory: next };
    }
    return { state: "done", memory: next };
  }

  const idleMs = now - next.progressAt;
  if (idleMs >= rotation.drainDeadlineSeconds * 1000) {
    if (!undo) {
      const namespaces = new Set(pass.blocked.map(({ pod }) => pod.split("/")[0] ?? ""));
      throw gaveUp(call.nodegroup, pass, idleMs, await unscheduledPods(client, namespaces));
    }
    await record(context, operationId, {
      kind: "Note",
      step: call.step,
      message: `${pass.podsLeft} pods on ${call.nodegroup} cannot be moved back within their budgets; deleting it ends them: ${names(pass.blocked)}`,
    });
    return { state: "done", memory: next };
  }
  return { state: "waiting", waitSeconds: pause(idleMs, pass), memory: next };
});

/** Short while pods are leaving, longer the longer nothing moves. */
const pause = (idleMs: number, pass: DrainPass): number =>
  pass.throttled ? 30 : idleMs < 60_000 ? 10 : idleMs < 300_000 ? 20 : 60;

const names = (blocked: readonly BlockedPod[]): string => {
  const shown = blocked.slice(0, 5).map(({ pod, by }) => `${pod} (${by.join(", ")})`);
  return blocked.length > 5 ? `${shown.join(", ")} and ${blocked.length - 5} more` : shown.join(", ");
};

function describe(pass: DrainPass, undo: boolean): string {
  const what = undo ? "emptied again" : "drained";
  const stranded = pass.blocked.some(({ zone }) => zone !== undefined);
  const held =
    pass.blocked.length > 0
      ? `; held by ${stranded ? "volumes and budgets" : "budgets"}: ${names(pass.blocked)}`
      : "";
  return `${pass.drained} of ${pass.total} nodes ${what}${held}`;
}

function gaveUp(
  nodegroup: string,
  pass: DrainPass,
  idleMs: number,
  unscheduled: readonly string[],
): TerminalError {
  const minutes = Math.round(idleMs / 60_000);
  const detail = {
    nodegroup,
    pods: pass.blocked.map((blocked) => blocked.pod),
    budgets: [...new Set(pass.blocked.flatMap((blocked) => blocked.by))].sort(),
    nodes: [...new Set(pass.blocked.map((blocked) => blocked.node))].sort(),
    ...(unscheduled.length > 0 ? { unscheduled } : {}),
  };
  const stranded = pass.blocked.filter(({ zone }) => zone !== undefined);
  if (stranded.length > 0)
    return new TerminalError(
      `pods on ${nodegroup} could not come back anywhere, so they were left where they are: ${names(stranded)}; no other node that takes pods is in ${[...new Set(stranded.map(({ zone }) => zone))].join(", ")}`,
      {
        code: "ZoneWithoutNodes",
        remedy:
          "See that a new node comes up in that zone (subnet, free addresses, capacity of the instance type), then retry the operation.",
        detail: { ...detail, pods: stranded.map(({ pod }) => pod) },
      },
    );
  return pass.blocked.length > 0
    ? new TerminalError(
        `pods on ${nodegroup} could not be evicted for ${minutes} minutes: ${names(pass.blocked)}${unscheduled.length > 0 ? `; pods find no node: ${unscheduled.join("; ")}` : ""}`,
        {
          code: "PdbBlockedDrain",
          remedy:
            unscheduled.length > 0
              ? "Give the pods that find no node a place (a node in the zone of their volume, capacity, other constraints), then retry the operation."
              : "Let the budgets named allow a disruption (more replicas, or another minAvailable), then retry the operation.",
          detail,
        },
      )
    : new TerminalError(`${pass.podsLeft} pods on ${nodegroup} have not left for ${minutes} minutes`, {
        code: "DrainTimedOut",
        remedy: "Look for pods that do not terminate or that tolerate every taint, then retry the operation.",
        detail,
      });
}
