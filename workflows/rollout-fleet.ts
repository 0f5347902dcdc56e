import type { State, WorkflowDeclaration } from "../core/declaration.ts";
import { lambdaRetry } from "./fragments/retry.ts";
import { catchTo, choose, expr, run, type States, wait } from "./fragments/states.ts";

/** A rollout with every bake, window and approval; Step Functions allows a year. */
const LIMIT_SECONDS = 360 * 86_400;

const memberInput = { wave: expr("$wave"), index: expr("$index") };

const memberTask = (name: string, more: Readonly<Record<string, unknown>> = {}): State =>
  run(name, { ...memberInput, ...more }, { next: "RouteMember", failTo: "Lost" });

/**
 * The execution of one cluster: start its operation, look at it until it has ended, look whether the cluster is
 * well. The tasks say what comes next and when. A cluster that failed ends it as failed, so that the Map counts it.
 */
const member: States = {
  Member: choose(
    [
      {
        when: "$states.input.baked",
        assign: memberVariables(),
        next: "Check",
      },
    ],
    { assign: memberVariables(), next: "Start" },
  ),
  Start: memberTask("start-member"),
  Poll: memberTask("member-status"),
  Check: memberTask("check-member", { baked: expr("$baked") }),
  RouteMember: choose(
    [
      { when: "$states.input.next = 'done'", next: "Well" },
      {
        when: "$states.input.next = 'failed'",
        assign: { failure: expr("{'Error': $states.input.error, 'Cause': $states.input.cause}") },
        next: "MemberFailed",
      },
      {
        when: "$states.input.seconds > 0",
        assign: { next: expr("$states.input.next"), seconds: expr("$states.input.seconds") },
        next: "Wait",
      },
    ],
    { assign: { next: expr("$states.input.next") }, next: "Proceed" },
  ),
  Wait: wait("$seconds", "Proceed"),
  Proceed: choose(
    [
      { when: "$next = 'start'", next: "Start" },
      { when: "$next = 'check'", next: "Check" },
    ],
    { next: "Poll" },
  ),
  // The result of a Map may have 256 KiB: ten thousand members say nothing there, the store says it.
  Well: { Type: "Pass", Output: {}, End: true },
  MemberFailed: { Type: "Fail", Error: expr("$failure.Error"), Cause: expr("$failure.Cause") },
  // No answer of a task for hours. The member is still in work: the next round follows it.
  Lost: { Type: "Pass", Output: {}, End: true },
};

function memberVariables(): Readonly<Record<string, unknown>> {
  return {
    operationId: expr("$states.input.operationId"),
    wave: expr("$states.input.wave"),
    index: expr("$states.input.index"),
    baked: expr("$states.input.baked"),
  };
}

/** The members that a step is about, each in an execution of its own. */
const members: State = {
  Type: "Map",
  Label: "Members",
  Items: expr("$step.members"),
  ItemSelector: {
    operationId: expr("$operationId"),
    wave: expr("$step.wave"),
    baked: expr("$step.baked"),
    index: expr("$states.context.Map.Item.Value"),
  },
  MaxConcurrency: expr("$step.maxConcurrent"),
  ToleratedFailureCount: expr("$step.tolerated"),
  ItemProcessor: {
    ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
    StartAt: "Member",
    States: member,
  },
  Output: {},
  // Too many failed: nothing more is started, and the next step follows those in work to their end.
  Catch: [
    { ErrorEquals: ["States.ExceedToleratedFailureThreshold"], Output: {}, Next: "Advance" },
    catchTo("Broken"),
  ],
  Next: "Advance",
};

/** A time-out is how a bake ends, and no reason to ask again. */
const holdRetry = lambdaRetry.filter(({ ErrorEquals }) => !ErrorEquals.includes("States.Timeout"));

const hold: State = {
  Type: "Task",
  Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
  Arguments: {
    FunctionName: "${function:hold-rollout}",
    Payload: {
      operationId: expr("$operationId"),
      token: expr("$states.context.Task.Token"),
      status: expr("$step.status"),
    },
  },
  TimeoutSeconds: expr("$step.seconds"),
  Retry: holdRetry,
  Catch: [{ ErrorEquals: ["States.Timeout"], Next: "Advance" }, catchTo("Broken")],
  Next: "Advance",
};

/**
 * A rollout: one question again and again, what comes next (core/rollout/advance.ts), and a distributed Map over
 * the members that the answer names. All state is in the store, so that another run of it goes on where one was
 * killed.
 *
 *   Remember ─ Advance ─┬ Members ─┐
 *                 ^     ├ Hold ────┤
 *                 └─────┴──────────┘    Advance ─ Done | Ended
 */
export const rolloutFleet: WorkflowDeclaration = {
  name: "rollout-fleet",
  purpose:
    "Takes one action over many clusters, in waves with a bake and a look at the clusters between them",
  definition: {
    Comment: "Rolls one action out over many clusters, wave by wave",
    QueryLanguage: "JSONata",
    StartAt: "Remember",
    TimeoutSeconds: LIMIT_SECONDS,
    States: {
      Remember: {
        Type: "Pass",
        Assign: { operationId: expr("$states.input.operationId") },
        Next: "Advance",
      },
      Advance: run(
        "advance-rollout",
        { executionArn: expr("$states.context.Execution.Id") },
        { assign: { step: expr("$states.result.Payload") }, failTo: "Broken", next: "Route" },
      ),
      Route: choose(
        [
          { when: "$step.do = 'members'", next: "Members" },
          { when: "$step.do = 'hold'", next: "Hold" },
          {
            when: "$step.status = 'Failed'",
            assign: { failure: expr("{'Error': $step.error, 'Cause': $step.cause}") },
            next: "Ended",
          },
        ],
        { next: "Done" },
      ),
      Members: members,
      Hold: hold,
      Done: { Type: "Succeed", Output: { status: expr("$step.status") } },
      Ended: { Type: "Fail", Error: expr("$failure.Error"), Cause: expr("$failure.Cause") },
      // The sweep starts another run, which goes on from the store.
      Broken: { Type: "Fail", Error: "RolloutInterrupted", Cause: expr("$failure.Cause") },
    },
  },
};
