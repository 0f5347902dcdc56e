import { iso } from "../../core/clock.ts";
import { InvalidInputError, SlipwayError, TerminalError } from "../../core/errors.ts";
import type { Plan } from "../../core/operation/types.ts";
import type { ClusterRecord } from "../../core/ports/store.ts";
import { mayStart } from "../../core/rollout/advance.ts";
import { knownFindings } from "../../core/rollout/gate.ts";
import { operationTypeOf, pollSeconds, requestsOf } from "../../core/rollout/member.ts";
import { memberPlan } from "../../core/rollout/plan.ts";
import { compareVersions } from "../../core/versions/version.ts";
import { refuseBlocked, startOperation } from "../lib/api/operations.ts";
import { planFor } from "../lib/api/plans.ts";
import { nodegroupNames, versionOf } from "../lib/rollout/facts.ts";
import {
  after,
  deadlineOf,
  endMember,
  endOf,
  failOn,
  type MemberStep,
  type MemberWork,
  memberInput,
  memberWork,
  ROLLOUT_REQUESTER,
} from "../lib/rollout/member-work.ts";
import { updateMember } from "../lib/rollout/records.ts";
import { task } from "../lib/task.ts";

/** Another operation has the cluster, or the same one waits for its window already. */
const BUSY: ReadonlySet<string> = new Set(["ClusterBusy", "OperationWaiting"]);
/** Seconds after which a cluster that another operation has is tried again. */
const BUSY_SECONDS = 300;
/** A start that is older and left no operation has died: no invocation lives as long. */
const DEAD_MS = 300_000;

/**
 * Starts the next operation of a member, once: its id is stored with the member before anything is started, and an
 * operation of an id exists once.
 *
 *   Pending ── Starting, with the operation's id ── operation ── Running
 *                 ^crash: the next run starts the operation of that id
 *                                                    ^crash: the next run finds it
 *
 * A paused or stopping rollout starts nothing: its members stay Pending, and the Map ends when those in work have.
 */
export const handler = task("start-member", memberInput, async (input, context): Promise<MemberStep> => {
  const work = await memberWork(context, input);
  const { member, rollout } = work;
  const ended = endOf(member);
  if (ended) return ended;
  if (member.status === "Running" && current(work)?.status !== undefined) {
    const next = await nextOperation(work);
    if (next === undefined) return after("poll");
  }
  if (member.status !== "Running" && mayStart(rollout, member) !== "yes") return held(work);
  if (context.runtime.clock.now() >= deadlineOf(work))
    return endMember(work, "Waiting", member.reason ?? "its turn did not come before the wave's deadline");
  try {
    return await start(work);
  } catch (error) {
    return failOn(work, error);
  }
});

/** The operation that is in work: the first that has not ended. */
const current = ({ member }: MemberWork): MemberWork["member"]["operations"][number] | undefined =>
  member.operations.find(({ status }) => status !== "Succeeded" && status !== "Skipped");

/** Index of the next operation to start; undefined when the one in work is there already, or none is left. */
async function nextOperation(work: MemberWork): Promise<number | undefined> {
  const operation = current(work);
  if (operation === undefined) return undefined;
  if (await work.context.store.getOperation(operation.id)) return undefined;
  return work.member.operations.indexOf(operation);
}

/** A member that may not begin. One that was just being started has an operation, or will have none. */
async function held(work: MemberWork): Promise<MemberStep> {
  const { member, context } = work;
  if (member.status !== "Starting") return after("done");
  for (const { id } of member.operations)
    if (await context.store.getOperation(id)) {
      await running(work);
      return after("poll");
    }
  const age = context.runtime.clock.now() - Date.parse(member.startedAt ?? iso(0));
  if (age < DEAD_MS) return after("start", 60);
  // Not begun: it is a member like those that nobody tried.
  await updateMember(context.store, work.rollout.id, member, (one) =>
    one.status === "Starting" ? { ...one, status: "Pending", operations: [] } : undefined,
  );
  return after("done");
}

async function start(work: MemberWork): Promise<MemberStep> {
  const { context, rollout, member } = work;
  const { store, runtime } = context;
  const record = await store.getCluster(member.ref);
  if (!record) return endMember(work, "Skipped", "Slipway no longer manages it");
  const skip = await nothingToDo(work);
  if (skip !== undefined) return endMember(work, "Skipped", skip);
  const operations = member.operations.length > 0 ? member.operations : await chosen(work);
  const open = operations.find(({ status }) => status === undefined);
  if (!open)
    return operations.length === 0
      ? endMember(work, "Skipped", "it has no managed node groups")
      : after("check");
  if (await store.getOperation(open.id)) {
    await running(work);
    return after("poll");
  }

  const plan = await planOf(work, record, open.request);
  if (plan === undefined || memberPlan(member.ref, [plan]).state === "nothing")
    return skipOne(work, operations, open.id);
  refuseBlocked(plan);
  const known = [...new Set([...(member.known ?? []), ...knownFindings(plan.findings)])];
  const reserved = await updateMember(store, rollout.id, member, (one) =>
    endOf(one)
      ? undefined
      : {
          ...one,
          status: one.status === "Running" ? "Running" : "Starting",
          operations: one.operations.length > 0 ? one.operations : operations,
          startedAt: one.startedAt ?? iso(runtime.clock.now()),
          known,
        },
  );
  const mine = reserved.operations.find(({ status }) => status === undefined);
  // Another delivery of this task was first, and has come further.
  if (endOf(reserved) || !mine) return endOf(reserved) ?? after("poll");
  try {
    await startOperation({
      runtime,
      id: mine.id,
      type: operationTypeOf(rollout.spec.action),
      cluster: member.ref,
      requester: ROLLOUT_REQUESTER,
      plan,
      request: mine.request,
      reason: reasonOf(work),
      overrides: rollout.spec.overrides,
      rollout: rollout.id,
    });
  } catch (error) {
    if (!(error instanceof SlipwayError) || !BUSY.has(error.code)) throw error;
    await updateMember(store, rollout.id, member, (one) => ({ ...one, reason: error.message }));
    return after("start", BUSY_SECONDS);
  }
  await running({ ...work, member: reserved });
  return after("poll", pollSeconds(0, plan.expectedSeconds, false));
}

const reasonOf = ({ rollout }: MemberWork): string => {
  const { spec, requester, id } = rollout;
  return `rollout ${spec.metadata.name} (${id}) of ${requester}${spec.reason ? `: ${spec.reason}` : ""}`;
};

/** Ids and requests of all operations of the member, chosen once. */
async function chosen({ context, rollout, member }: MemberWork): Promise<MemberWork["member"]["operations"]> {
  const { action } = rollout.spec;
  const groups = action.type === "rotate" ? await nodegroupNames(context, member.ref) : [];
  return requestsOf(action, groups).map((request) => ({
    id: `op-${context.runtime.ids.ulid()}`,
    request: { ...request },
  }));
}

async function running({ context, rollout, member }: MemberWork): Promise<void> {
  await updateMember(context.store, rollout.id, member, (one) => {
    if (endOf(one)) return undefined;
    const { reason: _, ...rest } = one;
    return { ...rest, status: "Running" };
  });
}

/** An upgrade of a cluster that is on a newer version, or that EKS no longer has. */
async function nothingToDo({ context, rollout, member }: MemberWork): Promise<string | undefined> {
  const { action } = rollout.spec;
  if (action.type !== "upgrade") return undefined;
  const version = await versionOf(context, member.ref);
  if (version === undefined)
    throw new TerminalError(`EKS has no cluster ${member.ref.name}`, {
      code: "ClusterNotFound",
      remedy: "Look whether somebody deleted it.",
    });
  return compareVersions(version, action.to) > 0 ? `it runs ${version} already` : undefined;
}

/** The plan of one operation; undefined when everything is as wanted. */
async function planOf(
  { context, rollout, member }: MemberWork,
  record: ClusterRecord,
  request: Readonly<Record<string, unknown>>,
): Promise<Plan | undefined> {
  const { action, overrides } = rollout.spec;
  const type = operationTypeOf(action);
  try {
    return await planFor(context.runtime, record, { type, request, overrides, requester: ROLLOUT_REQUESTER });
  } catch (error) {
    const reached =
      error instanceof InvalidInputError &&
      action.type === "upgrade" &&
      error.problems.every(({ field }) => field === "to") &&
      (await versionOf(context, member.ref)) === action.to;
    if (reached) return undefined;
    throw error;
  }
}

/** One of the operations has nothing to do: the next one, or the end. */
async function skipOne(
  work: MemberWork,
  operations: MemberWork["member"]["operations"],
  id: string,
): Promise<MemberStep> {
  const { context, rollout } = work;
  const member = await updateMember(context.store, rollout.id, work.member, (one) => ({
    ...one,
    operations: (one.operations.length > 0 ? one.operations : operations).map((operation) =>
      operation.id === id ? { ...operation, status: "Skipped" } : operation,
    ),
  }));
  if (member.operations.some(({ status }) => status === undefined)) return after("start");
  return member.operations.every(({ status }) => status === "Skipped")
    ? endMember(work, "Skipped", "there is nothing to do")
    : after("check");
}
