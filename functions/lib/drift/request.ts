import { workflowsOf } from "../../../adapters/aws/workflows.ts";
import { iso } from "../../../core/clock.ts";
import { type ClusterRef, clusterKey } from "../../../core/cluster-ref.ts";
import type { ClusterChange } from "../../../core/drift/types.ts";
import { sha256 } from "../../../core/plan/sha256.ts";
import type { TaskContext } from "../task.ts";
import { changesIn, updateLook } from "./documents.ts";

/** Writes of so long ago explain nothing any more. */
const REMEMBER_MS = 2 * 3_600_000;
const MOST_CHANGES = 50;

/** Events of one burst come within this time; the look is made when it is over. */
export const SETTLE_SECONDS = 20;

/**
 * Asks for a look at a cluster. However many ask within {@link SETTLE_SECONDS}, one execution of the workflow
 * `watch-cluster` looks, after that time: it is named by the round, which ends with it.
 *
 *   ask ── noted ── execution of round R ── waits ── looks at request N ── no N+1 since: the round ends
 *             ^crash: due, which the sweep finds                        ── N+1 came: looks again
 */
export async function requestLook(
  { runtime, store }: Pick<TaskContext, "runtime" | "store">,
  ref: ClusterRef,
  change?: ClusterChange,
): Promise<"asked" | "asked before"> {
  const now = runtime.clock.now();
  let known = false;
  const state = await updateLook(store, ref, (current) => {
    known = change !== undefined && changesIn(current).some(({ id }) => id === change.id);
    if (known) return current;
    return {
      ...current,
      requests: current.requests + 1,
      dueAt: current.dueAt ?? iso(now + SETTLE_SECONDS * 1000),
      changes: change ? [...remembered(changesIn(current), change, now)] : current.changes,
    };
  });
  // Delivered again, but maybe because the execution could not be started: while a look is due it is asked for.
  if (known && state.dueAt === undefined) return "asked before";
  const name = `watch-${sha256(clusterKey(ref)).slice(0, 24)}-${state.round}`;
  await workflowsOf(runtime).start("watch-cluster", name, { cluster: clusterKey(ref) });
  return known ? "asked before" : "asked";
}

const remembered = (
  changes: readonly ClusterChange[],
  change: ClusterChange,
  now: number,
): readonly ClusterChange[] => [...young(changes, now), change].slice(-MOST_CHANGES);

/** Changes that may still explain something. */
export const young = (changes: readonly ClusterChange[], now: number): ClusterChange[] =>
  changes.filter(({ at }) => now - Date.parse(at) < REMEMBER_MS);
