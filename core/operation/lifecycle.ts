import {
  ENDED,
  type NodeProgress,
  type OperationEvent,
  type OperationStatus,
  type Plan,
  type PlanPhase,
  type StepStatus,
  type StepView,
} from "./types.ts";

/**
 * The life of an operation. From Failed, RolledBack and Cancelled a retry leads back to Pending, or to a wait;
 * Succeeded is final. What waits has no execution and begins its next attempt as Pending. A workflow that dies
 * before it ran at all fails from wherever it was.
 */
const NEXT: Readonly<Record<OperationStatus, readonly OperationStatus[]>> = {
  Pending: ["AwaitingWindow", "AwaitingApproval", "Running", "Failed", "Cancelled"],
  AwaitingWindow: ["Pending", "AwaitingApproval", "Paused", "Failed", "Cancelled"],
  AwaitingApproval: ["Pending", "AwaitingWindow", "Paused", "Failed", "Cancelled"],
  Running: [
    "AwaitingWindow",
    "AwaitingApproval",
    "Paused",
    "Succeeded",
    "Failed",
    "RollingBack",
    "RolledBack",
    "Cancelled",
  ],
  // One that was paused while it waited has no execution: it waits again, or starts.
  Paused: ["Pending", "AwaitingWindow", "AwaitingApproval", "Running", "RollingBack", "Failed", "Cancelled"],
  RollingBack: ["RolledBack", "Failed", "Cancelled"],
  Succeeded: [],
  Failed: ["Pending", "AwaitingWindow", "AwaitingApproval"],
  RolledBack: ["Pending", "AwaitingWindow", "AwaitingApproval"],
  Cancelled: ["Pending", "AwaitingWindow", "AwaitingApproval"],
};

/** Waits for a window or an approval: neither execution nor lease. */
export const isWaiting = (status: OperationStatus): boolean =>
  status === "AwaitingWindow" || status === "AwaitingApproval";

/** Whether an operation may go from one status to another; staying is allowed, since every write may be repeated. */
export const canTransition = (from: OperationStatus, to: OperationStatus): boolean =>
  from === to || NEXT[from].includes(to);

export const nextStatuses = (from: OperationStatus): readonly OperationStatus[] => NEXT[from];

/** What a person may ask of an operation in this status. */
export interface AllowedActions {
  readonly approve: boolean;
  readonly reject: boolean;
  readonly pause: boolean;
  readonly resume: boolean;
  readonly cancel: boolean;
  readonly retry: boolean;
}

export function allowedActions(status: OperationStatus): AllowedActions {
  const ended = ENDED.has(status);
  return {
    approve: status === "AwaitingApproval",
    reject: status === "AwaitingApproval",
    pause: status === "Running" || status === "AwaitingWindow" || status === "AwaitingApproval",
    // Out of the window by somebody's decision, with a reason.
    resume: status === "Paused" || status === "AwaitingWindow",
    cancel: !ended && status !== "RollingBack",
    retry: ended && status !== "Succeeded",
  };
}

type Draft = { -readonly [K in keyof Omit<StepView, "nodeStates">]: StepView[K] } & {
  nodeStates: Map<string, NodeProgress>;
};

/**
 * The steps of a plan with status, times and progress. Events may repeat (a task that ran twice reports twice):
 * a repeated one changes nothing but the message. A retry puts steps that had not succeeded back to Pending. In
 * an operation that ended, no step is left Running.
 */
export function foldSteps(plan: Plan, events: readonly OperationEvent[]): StepView[] {
  const steps = new Map<string, Draft>();
  for (const phase of plan.phases) {
    for (const step of phase.steps) {
      steps.set(step.id, { ...step, phase: phase.id, status: "Pending", nodeStates: new Map() });
    }
  }
  let ended = false;
  for (const event of events) {
    if (event.kind === "OperationStatusChanged" && event.status) {
      const over = ENDED.has(event.status);
      if (isWaiting(event.status))
        for (const step of steps.values()) if (step.status === "Running") resetForRetry(step);
      if (ended && !over) for (const step of steps.values()) resetForRetry(step);
      if (over) for (const step of steps.values()) closeAtEnd(step, event);
      ended = over;
      continue;
    }
    const step = event.step === undefined ? undefined : steps.get(event.step);
    if (step) apply(step, event);
  }
  return [...steps.values()].map(({ nodeStates, ...step }) =>
    nodeStates.size > 0 ? { ...step, nodeStates: [...nodeStates.values()] } : step,
  );
}

function apply(step: Draft, event: OperationEvent): void {
  step.message = event.message;
  if (event.progress) {
    const { nodes = [], ...progress } = event.progress;
    step.progress = progress;
    // Setting again keeps a node's place: order of first mention.
    for (const node of nodes) step.nodeStates.set(node.name, node);
  }
  switch (event.kind) {
    case "StepStarted":
      // A second start of a step that is running is a repetition: it began when it first began.
      if (step.status === "Running") return;
      step.status = "Running";
      step.startedAt = event.at;
      delete step.endedAt;
      delete step.error;
      return;
    case "StepProgressed":
      // Progress tells of a start whose event got lost, but never reopens a step that has ended.
      if (step.status === "Pending") {
        step.status = "Running";
        step.startedAt ??= event.at;
      }
      return;
    case "StepSucceeded":
      end(step, "Succeeded", event);
      return;
    case "StepSkipped":
      end(step, "Skipped", event);
      return;
    case "StepRolledBack":
      end(step, "RolledBack", event);
      return;
    case "StepFailed":
      end(step, "Failed", event);
      return;
    default:
  }
}

function end(step: Draft, status: StepStatus, event: OperationEvent): void {
  // A retry skips what the first run has done already: that stays done.
  if (status === "Skipped" && step.status === "Succeeded") return;
  if (step.status !== status) step.endedAt = event.at;
  step.status = status;
  if (event.error) step.error = event.error;
}

function resetForRetry(step: Draft): void {
  if (step.status === "Succeeded" || step.status === "Skipped") return;
  step.status = "Pending";
  step.nodeStates.clear();
  delete step.startedAt;
  delete step.endedAt;
  delete step.progress;
  delete step.error;
  delete step.message;
}

function closeAtEnd(step: Draft, event: OperationEvent): void {
  if (step.status !== "Running") return;
  step.status = event.status === "Succeeded" ? "Succeeded" : "Failed";
  step.endedAt = event.at;
  if (event.error && step.status === "Failed") step.error = event.error;
}

/**
 * The phases of a plan that are still to do. An operation that is retried begins with the first of these: once
 * the control plane has gone on, the checks and node groups of an earlier hop could not be done again.
 */
export function openPhases(plan: Plan, steps: readonly StepView[]): PlanPhase[] {
  const open = new Set(
    steps
      .filter((step) => step.status !== "Succeeded" && step.status !== "Skipped")
      .map((step) => step.phase),
  );
  const first = plan.phases.findIndex((phase) => open.has(phase.id));
  return first < 0 ? [] : plan.phases.slice(first);
}

/** The log since the operation was planned: a retry plans anew, so what was done before its end does not count. */
export function sincePlanned(events: readonly OperationEvent[]): readonly OperationEvent[] {
  const end = events.findLastIndex(
    (event) =>
      event.kind === "OperationStatusChanged" && event.status !== undefined && ENDED.has(event.status),
  );
  return events.slice(end + 1);
}

/** Done and all seconds of a plan, by what each step was expected to take. */
export interface Expectation {
  /** Milliseconds since the epoch; when the operation is expected to end. */
  readonly finishAt: number;
  /** 0 to 1, never 1 before every step has ended. */
  readonly fraction: number;
}

/**
 * When an operation will probably end: what is left by the plan's own figures, less what running steps have done
 * already. Node group steps of one phase that run at once are counted by the longest.
 */
export function expectedFinish(plan: Plan, steps: readonly StepView[], now: number): Expectation {
  const total = steps.reduce((sum, step) => sum + step.expectedSeconds, 0);
  const left = steps.reduce((sum, step) => sum + secondsLeft(step, now), 0);
  const fraction = total === 0 ? 1 : 1 - left / total;
  // Steps run partly in parallel: the plan's own total counts that, the sum over the steps does not.
  const parallel = total === 0 ? 1 : plan.expectedSeconds / total;
  const open = steps.some((step) => step.status === "Pending" || step.status === "Running");
  return {
    finishAt: now + Math.ceil(left * parallel) * 1000,
    fraction: open ? Math.min(0.99, Math.max(0, fraction)) : 1,
  };
}

function secondsLeft(step: StepView, now: number): number {
  if (step.status === "Pending") return step.expectedSeconds;
  if (step.status !== "Running" || step.startedAt === undefined) return 0;
  const spent = (now - Date.parse(step.startedAt)) / 1000;
  // A step that takes longer than expected is not about to end: a tenth stays left.
  return Math.max(step.expectedSeconds / 10, step.expectedSeconds - spent);
}
