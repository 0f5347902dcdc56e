import { eventsOf } from "../../../adapters/aws/events.ts";
import { iso } from "../../../core/clock.ts";
import { type ClusterRef, clusterKey } from "../../../core/cluster-ref.ts";
import { afterFailure } from "../../../core/drift/sweep.ts";
import { isRetryable, SlipwayError } from "../../../core/errors.ts";
import type { TaskContext } from "../task.ts";
import { changesIn, readLook, updateLook } from "./documents.ts";
import { type LookResult, lookAt } from "./look.ts";
import { SETTLE_SECONDS, young } from "./request.ts";

/** EKS's updates of a cluster take one to three minutes. */
const SETTLING_SECONDS = 45;
/** Whoever has the cluster asks for a look at the end; this is for the case that this is not heard. */
const BUSY_SECONDS = 900;

export type Round =
  /** Look again after so many seconds: it was not over, or somebody asked in between. */
  | { readonly state: "again"; readonly waitSeconds: number; readonly throttled: boolean }
  | { readonly state: "done"; readonly throttled: boolean };

/**
 * One look, and what it means for the next. With `closing` a round ends whatever the look found: what is left is due
 * for the sweep. A cluster that cannot be looked at is noted with the reason, told once, and tried again later; that
 * is an outcome, not a failure of whoever looks.
 */
export async function lookOnce(context: TaskContext, ref: ClusterRef, closing: boolean): Promise<Round> {
  const { store, log } = context;
  const { requests } = await readLook(store, ref);
  let result: LookResult;
  try {
    result = await lookAt(context, ref);
  } catch (error) {
    log.warn("could not look at a cluster", { cluster: clusterKey(ref), error });
    return failed(context, ref, error);
  }
  const next = await noteLook(context, ref, result, { requests, closing });
  const throttled = false;
  return next.again && next.dueIn !== undefined
    ? { state: "again", waitSeconds: next.dueIn, throttled }
    : { state: "done", throttled };
}

/** Notes what a look came to, and when the next is due. `requests`: how many had asked when it began. */
export async function noteLook(
  { store, runtime }: Pick<TaskContext, "store" | "runtime">,
  ref: ClusterRef,
  result: LookResult,
  round?: { readonly requests: number; readonly closing: boolean },
): Promise<Next> {
  if (result.state === "unknown" || result.state === "planned") return {};
  const now = runtime.clock.now();
  let next: Next = {};
  await updateLook(store, ref, (current) => {
    next = after(result, round !== undefined && current.requests > round.requests, round?.closing ?? true);
    const { failure: _, dueAt, ...rest } = current;
    // A look that nobody's round waits for leaves what is due to those who asked for it.
    const due = next.dueIn === undefined ? undefined : iso(now + next.dueIn * 1000);
    const kept = round ? due : (dueAt ?? due);
    return {
      ...rest,
      changes: young(changesIn(current), now),
      ...(kept === undefined ? {} : { dueAt: kept }),
      ...(result.state === "busy" || result.state === "settling" ? {} : { lookedAt: iso(now) }),
      ...("open" in result ? { open: result.open } : {}),
      ...("calls" in result ? { calls: result.calls } : {}),
      ...(round ? { seen: round.requests, round: next.again ? current.round : current.round + 1 } : {}),
    };
  });
  return next;
}

export interface Next {
  /** Seconds until another look is due. */
  readonly dueIn?: number;
  /** Whoever looks now looks again then; without it that is the sweep's. */
  readonly again?: boolean;
}

function after({ state }: LookResult, asked: boolean, closing: boolean): Next {
  if (state === "busy") return { dueIn: BUSY_SECONDS };
  if (state === "settling") return { dueIn: SETTLING_SECONDS, again: !closing };
  return asked ? { dueIn: SETTLE_SECONDS, again: !closing } : {};
}

async function failed(context: TaskContext, ref: ClusterRef, error: unknown): Promise<Round> {
  const { store, runtime } = context;
  // What is not ours to know of is a defect: the invocation fails, and the dead letters show it.
  if (!(error instanceof SlipwayError)) throw error;
  const now = runtime.clock.now();
  let first = false;
  await updateLook(store, ref, (current) => {
    first = current.failure === undefined;
    const count = (current.failure?.count ?? 0) + 1;
    return {
      ...current,
      dueAt: iso(afterFailure(count, now)),
      round: current.round + 1,
      failure: {
        code: error.code,
        message: error.message.slice(0, 500),
        ...(error.remedy ? { remedy: error.remedy } : {}),
        since: current.failure?.since ?? iso(now),
        count,
      },
    };
  });
  // A moment's throttling is nobody's news; what needs somebody is.
  if (first && !isRetryable(error))
    await eventsOf(runtime).put("slipway.drift", "Cluster Unreachable", {
      cluster: ref,
      key: clusterKey(ref),
      code: error.code,
      message: error.message,
      ...(error.remedy ? { remedy: error.remedy } : {}),
    });
  return { state: "done", throttled: error.code === "Throttled" };
}
