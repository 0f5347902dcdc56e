import { AwsError } from "../../aws/contract.ts";
import { IntegrationError } from "../contract.ts";
import type { TaskState } from "../definition/types.ts";
import { type AnswerDoc, type BranchDoc, type CallDoc, type ExecutionDoc, inputOf } from "../documents.ts";
import { ERROR, type Failure, StateError, tooLarge } from "../failure.ts";
import type { CallContext, Integration, Integrations, Polled } from "../integrations/integrations.ts";
import type { Interpreter } from "../interpreter.ts";
import { exceeds, type Json, textOf } from "../json.ts";
import { LIMIT } from "../limits.ts";
import { numberOfField, textOfField } from "./simple.ts";
import { recordTask, type TaskEvent } from "./task-events.ts";
import { callScope } from "./task-scope.ts";
import { keyOfToken, newToken } from "./task-token.ts";

const TIMEOUT = "asl/task-timeout";
const HEARTBEAT = "asl/heartbeat";
/** `.sync` asks about every minute at first and slows down to five (AWS facts 5.1). */
const POLL_MS = 60_000;
const SLOWEST_POLL_MS = 300_000;
const POLLS_AT_FIRST = 10;

/** Task states: scheduling, calls in flight, tokens, child executions, polling, timeouts. */
export class Tasks {
  readonly #interpreter: Interpreter;
  readonly #integrations: Integrations;
  /** Tokens of calls whose arguments are being evaluated. */
  readonly #pending = new WeakMap<BranchDoc, string>();

  constructor(interpreter: Interpreter, integrations: Integrations) {
    this.#interpreter = interpreter;
    this.#integrations = integrations;
    const { timers } = interpreter.kernel;
    timers.on(TIMEOUT, (key, run) => this.#timeOut(key, Number(run), false));
    timers.on(HEARTBEAT, (key, run) => this.#timeOut(key, Number(run), true));
  }

  pendingToken(branch: BranchDoc): string | undefined {
    return this.#pending.get(branch);
  }

  /** Evaluates the fields of the task, schedules it and makes the call. */
  async start(branch: BranchDoc, state: TaskState): Promise<boolean> {
    const interpreter = this.#interpreter;
    const check = interpreter.guard(branch);
    const integration = this.#find(state);
    const token =
      integration.pattern === "callback" ? newToken(branch, this.#interpreter.kernel.ids.hex(64)) : null;
    if (token) this.#pending.set(branch, token);
    const parameters = state.arguments ? await interpreter.evaluate(branch, state.arguments) : branch.input;
    const timeout =
      state.timeoutSeconds && (await numberOfField(interpreter, branch, state.timeoutSeconds, 1));
    const heartbeat =
      state.heartbeatSeconds && (await numberOfField(interpreter, branch, state.heartbeatSeconds, 1));
    const roleArn = state.roleArn ? await textOfField(interpreter, branch, state.roleArn) : null;
    check();
    this.#pending.delete(branch);
    const text = textOf(parameters);
    if (exceeds(text, LIMIT.payload)) throw tooLarge(state.name);
    branch.call = { parameters, roleArn, heartbeatSeconds: heartbeat ?? null, token, started: false };
    branch.phase = "call";
    branch.last = this.#record(branch, "Scheduled", integration, {
      ...(timeout === undefined ? {} : { timeoutInSeconds: timeout }),
      ...(heartbeat === undefined || integration.family !== "Task" ? {} : { heartbeatInSeconds: heartbeat }),
      ...(integration.family === "Task"
        ? { region: this.#region(branch, integration), parameters: text }
        : { input: text, inputDetails: { truncated: false } }),
      ...(roleArn === null ? {} : { taskCredentials: { roleArn } }),
    });
    interpreter.touch(branch);
    if (timeout !== undefined) this.#arm(TIMEOUT, branch, timeout);
    if (heartbeat !== undefined && token !== null) this.#arm(HEARTBEAT, branch, heartbeat);
    return this.#perform(branch, state, integration, branch.call);
  }

  async #perform(
    branch: BranchDoc,
    state: TaskState,
    integration: Integration,
    call: CallDoc,
  ): Promise<boolean> {
    const check = this.#interpreter.guard(branch);
    // The service starts what it has scheduled a moment later: other branches schedule theirs first.
    await Promise.resolve();
    check();
    if (!call.started) {
      call.started = true;
      branch.last = this.#record(branch, "Started", integration, {});
      this.#interpreter.touch(branch);
    }
    let response: Json;
    try {
      const context = await this.#contextOf(branch, call, integration);
      check();
      response = await integration.call(context);
    } catch (error) {
      check();
      throw this.#failed(branch, integration, error);
    }
    check();
    if (integration.pattern === "request") return this.#succeed(branch, state, integration, response);
    return this.#submitted(branch, state, integration, call, response);
  }

  #submitted(
    branch: BranchDoc,
    state: TaskState,
    integration: Integration,
    call: CallDoc,
    response: Json,
  ): boolean | Promise<boolean> {
    branch.last = this.#record(branch, "Submitted", integration, {
      output: textOf(response),
      outputDetails: { truncated: false },
    });
    call.submitted = response;
    this.#interpreter.touch(branch);
    if (integration.pattern === "callback") {
      branch.phase = "callback";
      return false;
    }
    if (integration.pattern === "poll") {
      branch.phase = "poll";
      call.polls = 0;
      this.#interpreter.wakeAt(branch, this.#interpreter.kernel.clock.now() + POLL_MS);
      return false;
    }
    const child = integration.childOf?.(response) ?? "";
    call.child = child;
    branch.phase = "child";
    const { waiters } = this.#interpreter.documents;
    waiters.set(child, [...(waiters.get(child) ?? []), branch.key]);
    return this.#childEnded(branch, state, integration, call);
  }

  /** Takes the end of the child execution, when it has ended. */
  #childEnded(
    branch: BranchDoc,
    state: TaskState,
    integration: Integration,
    call: CallDoc,
  ): boolean | Promise<boolean> {
    const { documents } = this.#interpreter;
    const child = documents.executions.get(call.child ?? "");
    if (child?.status === "RUNNING") return false;
    documents.waiters.delete(call.child ?? "");
    if (!child || !integration.childResult)
      throw this.#failed(
        branch,
        integration,
        new IntegrationError(ERROR.taskFailed, "The execution is gone."),
      );
    let result: Json;
    try {
      result = integration.childResult(child, inputOf(documents, child));
    } catch (error) {
      throw this.#failed(branch, integration, error);
    }
    return this.#succeed(branch, state, integration, result);
  }

  /** Called when any execution ends: drives on the task that waits for it. */
  executionEnded(execution: ExecutionDoc): void {
    const { documents } = this.#interpreter;
    const keys = documents.waiters.get(execution.arn) ?? [];
    if (keys.length > 0) documents.waiters.delete(execution.arn);
    for (const key of keys) {
      const branch = this.#interpreter.branch(key);
      if (branch?.phase === "child" && branch.call?.child === execution.arn) this.#driveChildEnd(branch);
    }
  }

  #driveChildEnd(branch: BranchDoc): void {
    this.#drive(branch, (state, integration, call) => this.#childEnded(branch, state, integration, call));
  }

  /** Asks whether what a `.sync` task began is complete. */
  poll(branch: BranchDoc): void {
    this.#drive(branch, async (state, integration, call) => {
      const check = this.#interpreter.guard(branch);
      let polled: Polled | undefined;
      try {
        const context = await this.#contextOf(branch, call, integration);
        polled = await integration.poll?.(context, call.submitted ?? null);
      } catch (error) {
        check();
        throw this.#failed(branch, integration, error);
      }
      check();
      if (polled?.done) return this.#succeed(branch, state, integration, polled.output);
      const polls = (call.polls ?? 0) + 1;
      call.polls = polls;
      this.#interpreter.touch(branch);
      const delay = Math.min(SLOWEST_POLL_MS, POLL_MS * Math.max(1, polls - POLLS_AT_FIRST + 2));
      this.#interpreter.wakeAt(
        branch,
        this.#interpreter.kernel.clock.now() + (polls < POLLS_AT_FIRST ? POLL_MS : delay),
      );
      return false;
    });
  }

  /** After a restart: a call in flight is made again, a child execution may have ended. */
  resume(branch: BranchDoc): void {
    if (branch.call?.answer) this.#driveAnswer(branch);
    else if (branch.phase === "child") this.#driveChildEnd(branch);
    else if (branch.phase === "call" && branch.call) {
      branch.call.repeated = branch.call.started;
      this.#drive(branch, (state, integration, call) => this.#perform(branch, state, integration, call));
    }
  }

  // ── tokens ──────────────────────────────────────────────────────────────────────────────────────────────

  /** The branch a token belongs to. Throws InvalidToken, or TaskTimedOut when nobody waits for it any more. */
  #waiting(token: string): BranchDoc {
    const branch = this.#interpreter.branch(keyOfToken(token));
    if (branch?.call?.token !== token || !this.#interpreter.isLive(branch))
      throw new AwsError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'");
    return branch;
  }

  sendSuccess(token: string, output: Json): void {
    this.#answer(this.#waiting(token), { kind: "output", output, recorded: false });
  }

  sendFailure(token: string, failure: Failure): void {
    this.#answer(this.#waiting(token), { kind: "failure", failure });
  }

  sendHeartbeat(token: string): void {
    const branch = this.#waiting(token);
    const seconds = branch.call?.heartbeatSeconds;
    if (seconds) this.#arm(HEARTBEAT, branch, seconds);
  }

  // ── ends ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Ends a task from outside: its token is used up, and what its call still answers no longer counts. */
  #answer(branch: BranchDoc, answer: AnswerDoc): void {
    if (!branch.call) return;
    branch.run++;
    this.stopTimers(branch);
    branch.call = { ...branch.call, token: null, answer };
    this.#interpreter.touch(branch);
    this.#driveAnswer(branch);
  }

  #driveAnswer(branch: BranchDoc): void {
    this.#drive(branch, (state, integration, { answer }) => {
      if (!answer) return false;
      if (answer.kind === "output") return this.#succeed(branch, state, integration, answer.output);
      if (answer.kind === "failure") throw this.#recordFailure(branch, integration, answer.failure);
      branch.last = this.#record(branch, "TimedOut", integration, { error: ERROR.timeout });
      throw new StateError({ error: ERROR.timeout }, answer.heartbeat ? [ERROR.heartbeat] : []);
    });
  }

  #succeed(
    branch: BranchDoc,
    state: TaskState,
    integration: Integration,
    result: Json,
  ): boolean | Promise<boolean> {
    const { call } = branch;
    const recorded = call?.answer?.kind === "output" && call.answer.recorded;
    const output = textOf(result);
    if (exceeds(output, LIMIT.payload))
      throw this.#recordFailure(branch, integration, tooLarge(integration.resourceType).failure);
    if (!recorded)
      branch.last = this.#record(branch, "Succeeded", integration, {
        output,
        outputDetails: { truncated: false },
      });
    this.stopTimers(branch);
    // Kept until the state is left: a process killed while it evaluates Output must not call again.
    if (call) call.answer = { kind: "output", output: result, recorded: true };
    this.#interpreter.touch(branch);
    return this.#interpreter.leave(branch, state, state.exit, { result }, result);
  }

  #failed(branch: BranchDoc, integration: Integration, error: unknown): unknown {
    if (!(error instanceof IntegrationError)) return error;
    return this.#recordFailure(branch, integration, { error: error.error, cause: error.message });
  }

  #recordFailure(branch: BranchDoc, integration: Integration, failure: Failure): StateError {
    branch.last = this.#record(branch, "Failed", integration, { ...failure });
    return new StateError(failure);
  }

  #timeOut(key: string, run: number, heartbeat: boolean): void {
    const branch = this.#interpreter.branch(key);
    if (!branch || branch.run !== run || !this.#interpreter.isLive(branch)) return;
    this.abandon(branch);
    this.#answer(branch, { kind: "timeout", heartbeat });
  }

  /** Ends a child execution nobody waits for any more. */
  abandon(branch: BranchDoc): void {
    if (branch.phase !== "child" || !branch.call?.child) return;
    const { documents } = this.#interpreter;
    documents.waiters.delete(branch.call.child);
    const child = documents.executions.get(branch.call.child);
    if (child)
      this.#interpreter.lifecycle.stop(child, { cause: "The parent execution no longer waits for it." });
  }

  stopTimers(branch: BranchDoc): void {
    this.#interpreter.kernel.timers.cancel(TIMEOUT, branch.key);
    this.#interpreter.kernel.timers.cancel(HEARTBEAT, branch.key);
  }

  // ── small things ────────────────────────────────────────────────────────────────────────────────────────

  #drive(
    branch: BranchDoc,
    work: (state: TaskState, integration: Integration, call: CallDoc) => boolean | Promise<boolean>,
  ): void {
    const state = this.#interpreter.stateOf(branch);
    const { call } = branch;
    if (state.type !== "Task" || !call) return;
    this.#interpreter.drive(branch, () => work(state, this.#find(state), call));
  }

  #find(state: TaskState): Integration {
    const integration = this.#integrations.find(state.resource);
    if (!integration)
      throw new StateError({
        error: ERROR.runtime,
        cause: `The resource '${state.resource}' is not supported.`,
      });
    return integration;
  }

  #arm(kind: string, branch: BranchDoc, seconds: number): void {
    const { timers, clock } = this.#interpreter.kernel;
    timers.set(kind, branch.key, clock.now() + seconds * 1000, branch.run);
  }

  #region(branch: BranchDoc, integration: Integration): string {
    return integration.region ?? this.#interpreter.executionOf(branch).region;
  }

  async #contextOf(branch: BranchDoc, call: CallDoc, integration: Integration): Promise<CallContext> {
    const execution = this.#interpreter.executionOf(branch);
    const region = this.#region(branch, integration);
    return {
      execution,
      id: `${branch.key}/${branch.entered.event}/${branch.retryCount}`,
      repeated: call.repeated ?? false,
      parameters: call.parameters,
      scope:
        call.roleArn === null
          ? callScope(execution, region)
          : await this.#integrations.assume(execution, call.roleArn, region),
    };
  }

  #record(branch: BranchDoc, what: TaskEvent, integration: Integration, details: object): number {
    const execution = this.#interpreter.executionOf(branch);
    return recordTask(this.#interpreter.history, execution, branch.last, what, integration, details);
  }
}
