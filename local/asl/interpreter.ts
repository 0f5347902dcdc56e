import type { HistoryEventType } from "@aws-sdk/client-sfn";
import type { Kernel } from "../kernel/kernel.ts";
import type { ExecutionStatusChange } from "./contract.ts";
import { Compiler, processorAt } from "./definition/compile.ts";
import type { Exit, Field, Program, Retrier, State } from "./definition/types.ts";
import {
  type BranchDoc,
  type Documents,
  type ExecutionDoc,
  type ExecutionStatus,
  inputOf,
} from "./documents.ts";
import { type Bindings, Expressions } from "./expression/compile.ts";
import { evaluateTemplate, type Scope } from "./expression/template.ts";
import { ERROR, enteredAt, type Failure, QueryError, StateError, tooLarge } from "./failure.ts";
import { History } from "./history.ts";
import type { Integrations } from "./integrations/integrations.ts";
import { exceeds, isObject, type Json, textOf } from "./json.ts";
import { LIMIT } from "./limits.ts";
import { matches, retryDelay } from "./recovery.ts";
import { Children } from "./states/children.ts";
import { choose } from "./states/choice.ts";
import { MapRuns } from "./states/map-run.ts";
import { failState, wait } from "./states/simple.ts";
import { Tasks } from "./states/task.ts";

/** The branch a piece of work belongs to has gone on without it. */
class StaleError extends Error {}

/** What `$states` has beside input and context. */
export type Extra = { readonly result?: Json; readonly errorOutput?: Json };

const WAKE = "asl/wake";
const EXECUTION_TIMEOUT = "asl/execution-timeout";
/** Transitions of one branch after which other work gets its turn. */
const BREATH = 512;
const ABORTABLE = new Set(["Task", "Wait", "Parallel", "Map"]);
const OVER = new Set(["done", "failed", "aborted"]);

/**
 * Executes branches. All state is in the documents: a branch is driven until it ends or has to wait, and what
 * it waits for (a timer, a call, a token, its children) drives it on from there.
 */
export class Interpreter {
  readonly kernel: Kernel;
  readonly documents: Documents;
  readonly history: History;
  readonly expressions: Expressions;
  readonly children: Children;
  readonly mapRuns: MapRuns;
  readonly tasks: Tasks;
  transitions = 0;
  readonly #compiler: Compiler;
  readonly #programs = new Map<string, Program>();
  readonly #branchesOf = new Map<string, Set<string>>();
  readonly #merged = new WeakMap<BranchDoc, { own: object; merged: Readonly<Record<string, Json>> }>();
  readonly #inputs = new WeakMap<ExecutionDoc, Json>();
  readonly #listeners: ((change: ExecutionStatusChange) => void)[] = [];

  constructor(kernel: Kernel, documents: Documents, integrations: Integrations) {
    this.kernel = kernel;
    this.documents = documents;
    this.history = new History(documents, () => kernel.clock.now());
    this.expressions = new Expressions({
      now: () => kernel.clock.now(),
      random: () => kernel.random(),
      uuid: () => kernel.ids.uuid(),
    });
    this.#compiler = new Compiler(this.expressions);
    this.children = new Children(this);
    this.mapRuns = new MapRuns(this);
    this.tasks = new Tasks(this, integrations);
    for (const branch of documents.branches.values()) this.#index(branch);
    kernel.timers.on(WAKE, (key, payload) => this.#wake(key, Number(payload)));
    kernel.timers.on(EXECUTION_TIMEOUT, (arn) => this.#timeOut(arn));
  }

  onStatusChange(listener: (change: ExecutionStatusChange) => void): void {
    this.#listeners.push(listener);
  }

  // ── programs ────────────────────────────────────────────────────────────────────────────────────────────

  program(revision: string): Program {
    let program = this.#programs.get(revision);
    if (!program) {
      const text = this.documents.definitions.get(revision)?.text;
      if (text === undefined) throw new Error(`definition ${revision} is missing`);
      program = this.#compiler.program(JSON.parse(text));
      this.#programs.set(revision, program);
    }
    return program;
  }

  executionOf(branch: BranchDoc): ExecutionDoc {
    const execution = this.documents.executions.get(branch.execution);
    if (!execution) throw new Error(`execution ${branch.execution} is missing`);
    return execution;
  }

  stateOf(branch: BranchDoc): State {
    const program = this.program(this.executionOf(branch).revision);
    const state = processorAt(program, branch.path).states.get(branch.state);
    if (!state) throw new Error(`state ${branch.state} is missing`);
    return state;
  }

  // ── branches ────────────────────────────────────────────────────────────────────────────────────────────

  branch(key: string): BranchDoc | undefined {
    return this.documents.branches.get(key);
  }

  addBranch(branch: BranchDoc): void {
    this.documents.branches.set(branch.key, branch);
    this.#index(branch);
  }

  /** Forgets a branch and its timers; its children have to go first. */
  dropBranch(branch: BranchDoc): void {
    branch.run++;
    this.#stopTimers(branch);
    this.documents.branches.delete(branch.key);
    this.documents.items.delete(branch.key);
    this.#branchesOf.get(branch.execution)?.delete(branch.key);
  }

  touch(branch: BranchDoc): void {
    this.documents.branches.touch(branch.key);
  }

  isLive(branch: BranchDoc): boolean {
    return (
      this.documents.branches.get(branch.key) === branch &&
      !OVER.has(branch.phase) &&
      this.executionOf(branch).status === "RUNNING"
    );
  }

  #index(branch: BranchDoc): void {
    let keys = this.#branchesOf.get(branch.execution);
    if (!keys) {
      keys = new Set();
      this.#branchesOf.set(branch.execution, keys);
    }
    keys.add(branch.key);
  }

  /** The branches an execution still has documents of, oldest first. */
  branchesOf(execution: ExecutionDoc): BranchDoc[] {
    const keys = this.#branchesOf.get(execution.arn) ?? [];
    return [...keys].flatMap((key) => this.documents.branches.get(key) ?? []);
  }

  // ── driving ─────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Drives a branch on, beginning with `first` (or with its state's body), a microtask later: a thousand
   * iterations that follow one another do not become a thousand stack frames.
   */
  drive(branch: BranchDoc, first?: () => boolean | Promise<boolean>): void {
    const run = branch.run;
    Promise.resolve()
      .then(() => {
        if (branch.run !== run || !this.isLive(branch)) return undefined;
        return this.#drive(branch, first ?? (() => this.#step(branch)));
      })
      .catch((error: unknown) => {
        this.#crash(branch, error);
      });
  }

  async #drive(branch: BranchDoc, first: () => boolean | Promise<boolean>): Promise<void> {
    const step = (): boolean | Promise<boolean> => this.#step(branch);
    let work = first;
    for (let steps = 1; ; steps++) {
      let moved: boolean | Promise<boolean>;
      const run = branch.run;
      try {
        moved = work();
        if (typeof moved !== "boolean") moved = await moved;
      } catch (error) {
        if (error instanceof StaleError) return;
        if (!(error instanceof StateError)) throw error;
        if (branch.run !== run || !this.isLive(branch)) return;
        moved = await this.#recover(branch, error);
      }
      if (!moved || !this.isLive(branch)) return;
      work = step;
      if (steps % BREATH === 0) await this.#breathe();
    }
  }

  /** Lets the journal, sockets and other executions have their turn; virtual time stands still meanwhile. */
  #breathe(): Promise<void> {
    return this.kernel.clock.track(new Promise<void>((resolve) => setImmediate(resolve)));
  }

  #crash(branch: BranchDoc, error: unknown): void {
    const execution = this.documents.executions.get(branch.execution);
    if (error instanceof StaleError || execution?.status !== "RUNNING") return;
    const cause = error instanceof Error ? error.message : String(error);
    this.#abortAll(execution, false);
    this.finish(execution, "FAILED", { failure: { error: ERROR.runtime, cause } }, execution.events);
  }

  #step(branch: BranchDoc): boolean | Promise<boolean> {
    const state = this.stateOf(branch);
    if (branch.phase === "enter") this.#enter(branch, state);
    switch (state.type) {
      case "Pass":
      case "Succeed":
        return this.leave(branch, state, state.exit, {}, branch.input);
      case "Fail":
        return failState(this, branch, state);
      case "Wait":
        return wait(this, branch, state);
      case "Choice":
        return choose(this, branch, state);
      case "Task":
        return this.tasks.start(branch, state);
      case "Parallel":
        return this.children.startParallel(branch, state);
      case "Map":
        return state.distributed ? this.mapRuns.start(branch, state) : this.children.startMap(branch, state);
    }
  }

  #enter(branch: BranchDoc, state: State): void {
    const execution = this.executionOf(branch);
    const previous = branch.last;
    const event = this.history.add(execution, `${state.type}StateEntered`, previous, {
      stateEnteredEventDetails: {
        name: state.name,
        input: textOf(branch.input),
        inputDetails: { truncated: false },
      },
    });
    this.transitions++;
    branch.entered = { event, previous, at: this.kernel.clock.now() };
    branch.last = event;
    branch.phase = "body";
    this.touch(branch);
  }

  /**
   * A check that the branch has not gone on without the caller, to be made after each `await`: between the end
   * of what is awaited and the next statement another branch may have failed and ended this one.
   */
  guard(branch: BranchDoc): () => void {
    const run = branch.run;
    return () => {
      if (branch.run !== run || !this.isLive(branch)) throw new StaleError();
    };
  }

  /** Waits for work of the branch's present run; what comes too late is dropped. */
  async live<T>(branch: BranchDoc, work: Promise<T>): Promise<T> {
    const check = this.guard(branch);
    try {
      const value = await work;
      check();
      return value;
    } catch (error) {
      check();
      throw error;
    }
  }

  // ── evaluation ──────────────────────────────────────────────────────────────────────────────────────────

  /** The value of a field in the scope of the branch. */
  evaluate(
    branch: BranchDoc,
    field: Field,
    extra: Extra = {},
    item?: { index: number; value: Json },
  ): Json | Promise<Json> {
    if (field.template.kind === "static") return field.template.value;
    const value = evaluateTemplate(field.template, this.#scope(branch, extra, item), field.location);
    return value instanceof Promise ? this.live(branch, value) : value;
  }

  #scope(branch: BranchDoc, extra: Extra, item?: { index: number; value: Json }): Scope {
    return {
      bindings: (withContext): Bindings => ({
        ...this.variables(branch),
        states: {
          input: branch.input,
          ...extra,
          ...(withContext ? { context: this.#context(branch, item) } : {}),
        },
      }),
    };
  }

  /** Variables that the branch can read: its own over those around it. */
  variables(branch: BranchDoc): Readonly<Record<string, Json>> {
    const parent = branch.parent === null ? undefined : this.branch(branch.parent);
    if (!parent) return branch.variables;
    const known = this.#merged.get(branch);
    if (known?.own === branch.variables) return known.merged;
    const merged = { ...this.variables(parent), ...branch.variables };
    this.#merged.set(branch, { own: branch.variables, merged });
    return merged;
  }

  #context(branch: BranchDoc, item?: { index: number; value: Json }): Json {
    const execution = this.executionOf(branch);
    const state = this.stateOf(branch);
    const current = item ?? this.#itemOf(branch);
    const retryable = state.type === "Task" || state.type === "Parallel" || state.type === "Map";
    const token = branch.call?.token ?? this.tasks.pendingToken(branch);
    return {
      Execution: {
        Id: execution.arn,
        Input: this.inputOf(execution),
        StartTime: iso(execution.startedAt),
        Name: execution.name,
        RoleArn: execution.roleArn,
        RedriveCount: execution.redrives,
        ...(execution.redrivenAt === null ? {} : { RedriveTime: iso(execution.redrivenAt) }),
      },
      StateMachine: { Id: execution.machine, Name: execution.machineName },
      State: {
        Name: state.name,
        EnteredTime: iso(branch.entered.at),
        ...(retryable ? { RetryCount: branch.retryCount } : {}),
      },
      ...(current ? { Map: { Item: { Index: current.index, Value: current.value } } } : {}),
      ...(token ? { Task: { Token: token } } : {}),
    };
  }

  #itemOf(branch: BranchDoc): BranchDoc["item"] {
    for (
      let at: BranchDoc | undefined = branch;
      at;
      at = at.parent === null ? undefined : this.branch(at.parent)
    )
      if (at.item) return at.item;
    return null;
  }

  inputOf(execution: ExecutionDoc): Json {
    let input = this.#inputs.get(execution);
    if (input === undefined) {
      input = JSON.parse(inputOf(this.documents, execution)) as Json;
      this.#inputs.set(execution, input);
    }
    return input;
  }

  // ── leaving a state ─────────────────────────────────────────────────────────────────────────────────────

  /** Evaluates Assign and Output, both with the variables as they were on entry, and goes to the next state. */
  leave(
    branch: BranchDoc,
    state: State,
    exit: Exit,
    extra: Extra,
    fallback: Json,
  ): boolean | Promise<boolean> {
    if (!exit.assign && !exit.output) return this.#exit(branch, state, exit, undefined, fallback);
    return this.#leave(branch, state, exit, extra, fallback);
  }

  async #leave(branch: BranchDoc, state: State, exit: Exit, extra: Extra, fallback: Json): Promise<boolean> {
    const check = this.guard(branch);
    const assigned = exit.assign ? await this.evaluate(branch, exit.assign, extra) : undefined;
    const output = exit.output ? await this.evaluate(branch, exit.output, extra) : fallback;
    check();
    return this.#exit(branch, state, exit, assigned, output);
  }

  #exit(branch: BranchDoc, state: State, exit: Exit, assigned: Json | undefined, output: Json): boolean {
    const text = textOf(output);
    if (exceeds(text, LIMIT.payload)) throw tooLarge(state.name);
    const variables = isObject(assigned) ? this.#assign(branch, state, assigned) : {};
    branch.last = this.history.add(
      this.executionOf(branch),
      `${state.type}StateExited` as HistoryEventType,
      branch.last,
      {
        stateExitedEventDetails: {
          name: state.name,
          output: text,
          outputDetails: { truncated: false },
          ...variables,
        },
      },
    );
    branch.retries = [];
    branch.retryCount = 0;
    branch.run++;
    delete branch.call;
    this.touch(branch);
    if (exit.next === undefined) {
      this.#done(branch, output);
      return false;
    }
    branch.state = exit.next;
    branch.input = output;
    branch.phase = "enter";
    return true;
  }

  #assign(branch: BranchDoc, state: State, assigned: Record<string, Json>) {
    const texts = Object.fromEntries(Object.entries(assigned).map(([name, value]) => [name, textOf(value)]));
    const bytes = Object.values(texts).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    if (bytes > LIMIT.assign)
      throw new StateError({
        error: ERROR.dataLimit,
        cause: `The variables assigned by the state '${state.name}' exceed the maximum number of bytes service limit.`,
      });
    const next = { ...branch.variables, ...assigned };
    if (bytes > 1024 && this.#variableBytes({ ...this.variables(branch), ...assigned }) > LIMIT.variables)
      throw new StateError({
        error: ERROR.dataLimit,
        cause: "The variables of the execution exceed the maximum number of bytes service limit.",
      });
    branch.variables = next;
    return Object.keys(texts).length === 0
      ? {}
      : { assignedVariables: texts, assignedVariablesDetails: { truncated: false } };
  }

  #variableBytes(variables: Readonly<Record<string, Json>>): number {
    return Object.values(variables).reduce<number>((sum, value) => sum + Buffer.byteLength(textOf(value)), 0);
  }

  #done(branch: BranchDoc, output: Json): void {
    branch.phase = "done";
    branch.output = output;
    this.touch(branch);
    const parent = branch.parent === null ? undefined : this.branch(branch.parent);
    if (parent) {
      this.children.succeeded(parent, branch);
      return;
    }
    const execution = this.executionOf(branch);
    this.finish(execution, "SUCCEEDED", { output: textOf(output) }, branch.last);
  }

  // ── failing ─────────────────────────────────────────────────────────────────────────────────────────────

  async #recover(branch: BranchDoc, error: StateError): Promise<boolean> {
    const state = this.stateOf(branch);
    const failure = error instanceof QueryError ? this.#evaluationFailed(branch, state, error) : error;
    branch.run++;
    this.#stopTimers(branch);
    for (const child of this.children.of(branch)) this.abort(child, branch.last);
    if (!("retry" in state)) {
      this.#branchFailed(branch, failure.failure);
      return false;
    }
    if (this.#retry(branch, state.retry, failure)) return false;
    if (state.type !== "Task")
      branch.last = this.history.add(this.executionOf(branch), `${state.type}StateFailed`, branch.last);
    const catcher = state.catch.find((one) => matches(one.errors, failure));
    if (!catcher) {
      this.#branchFailed(branch, failure.failure);
      return false;
    }
    this.children.drop(branch);
    const errorOutput = { Error: failure.error ?? "", Cause: failure.reason ?? "" };
    try {
      return await this.leave(branch, state, catcher.exit, { errorOutput }, errorOutput);
    } catch (second) {
      if (!(second instanceof StateError)) throw second;
      const last = second instanceof QueryError ? this.#evaluationFailed(branch, state, second) : second;
      this.#branchFailed(branch, last.failure);
      return false;
    }
  }

  #evaluationFailed(branch: BranchDoc, state: State, error: QueryError): StateError {
    const cause = `${enteredAt(state.name, branch.entered.event)}${error.detail}`;
    // The service chains this event to the one before the state's entry, unless the state has done more since.
    const untouched = branch.last === branch.entered.event && state.type !== "Wait";
    branch.last = this.history.add(
      this.executionOf(branch),
      "EvaluationFailed",
      untouched ? branch.entered.previous : branch.last,
      {
        evaluationFailedEventDetails: {
          error: ERROR.query,
          cause,
          ...(error.location === undefined ? {} : { location: error.location }),
          state: state.name,
        },
      },
    );
    return new StateError({ error: ERROR.query, cause });
  }

  #retry(branch: BranchDoc, retriers: readonly Retrier[], failure: StateError): boolean {
    const index = retriers.findIndex((one) => matches(one.errors, failure));
    const retrier = retriers[index];
    const used = branch.retries[index] ?? 0;
    if (!retrier || used >= retrier.maxAttempts) return false;
    this.children.drop(branch);
    branch.retries = Array.from({ length: retriers.length }, (_, i) => branch.retries[i] ?? 0);
    branch.retries[index] = used + 1;
    branch.retryCount++;
    branch.phase = "retry";
    delete branch.call;
    this.touch(branch);
    this.wakeAt(branch, this.kernel.clock.now() + retryDelay(retrier, used + 1, () => this.kernel.random()));
    return true;
  }

  #branchFailed(branch: BranchDoc, failure: Failure): void {
    branch.phase = "failed";
    branch.failure = failure;
    this.touch(branch);
    const parent = branch.parent === null ? undefined : this.branch(branch.parent);
    if (parent) {
      this.children.failed(parent, branch);
      return;
    }
    this.finish(this.executionOf(branch), "FAILED", { failure }, branch.last);
  }

  /** Ends a branch and everything below it from outside; `previous` is the event that caused it. */
  abort(branch: BranchDoc, previous: number | undefined, record = true): void {
    if (OVER.has(branch.phase)) return;
    for (const child of this.children.of(branch)) this.abort(child, previous, record);
    const state = this.stateOf(branch);
    if (record) this.children.recordAborted(branch, previous ?? branch.last);
    if (record && branch.phase !== "enter") this.recordStateAborted(branch, state, previous ?? branch.last);
    this.tasks.abandon(branch);
    this.mapRuns.abandon(branch);
    branch.phase = "aborted";
    branch.run++;
    this.#stopTimers(branch);
    this.touch(branch);
  }

  recordStateAborted(branch: BranchDoc, state: State, previous: number): void {
    const execution = this.executionOf(branch);
    if (ABORTABLE.has(state.type) && this.history.hasRoom(execution))
      this.history.add(execution, `${state.type}StateAborted` as HistoryEventType, previous);
  }

  #abortAll(execution: ExecutionDoc, record = true): void {
    for (const branch of this.branchesOf(execution))
      if (branch.parent === null) this.abort(branch, undefined, record);
  }

  // ── executions ──────────────────────────────────────────────────────────────────────────────────────────

  /** Begins an execution whose document has just been stored. */
  begin(execution: ExecutionDoc, input: string, item: BranchDoc["item"] = null): void {
    const program = this.program(execution.revision);
    this.documents.executions.set(execution.arn, execution);
    this.history.add(execution, "ExecutionStarted", 0, {
      executionStartedEventDetails: {
        input,
        inputDetails: { truncated: false },
        roleArn: execution.roleArn,
        ...(execution.alias === null ? {} : { stateMachineAliasArn: execution.alias }),
        ...(execution.version === null ? {} : { stateMachineVersionArn: execution.version }),
      },
    });
    const timeout = execution.path.length > 0 ? undefined : program.timeoutSeconds;
    this.#armTimeout(execution, timeout);
    this.addBranch({
      key: execution.key,
      execution: execution.arn,
      parent: null,
      index: 0,
      path: execution.path,
      item,
      state: processorAt(program, execution.path).startAt,
      phase: "enter",
      input: this.inputOf(execution),
      variables: {},
      last: 0,
      entered: { event: 0, previous: 0, at: execution.startedAt },
      retries: [],
      retryCount: 0,
      run: 0,
      rounds: 0,
    });
    this.#announce(execution);
    const root = this.branch(execution.key);
    if (root) this.drive(root);
  }

  #armTimeout(execution: ExecutionDoc, seconds: number | undefined): void {
    const limit =
      execution.type === "EXPRESS"
        ? Math.min(seconds ?? LIMIT.expressSeconds, LIMIT.expressSeconds)
        : seconds;
    if (limit !== undefined)
      this.kernel.timers.set(EXECUTION_TIMEOUT, execution.arn, this.kernel.clock.now() + limit * 1000);
  }

  #timeOut(arn: string): void {
    const execution = this.documents.executions.get(arn);
    if (execution?.status !== "RUNNING") return;
    const last = this.branch(execution.key)?.last ?? execution.events;
    this.#abortAll(execution);
    this.finish(execution, "TIMED_OUT", {}, last);
  }

  /** Stops an execution: StopExecution, or the Map that it belongs to has failed. */
  stop(execution: ExecutionDoc, failure: Failure): void {
    if (execution.status !== "RUNNING") return;
    const last = this.branch(execution.key)?.last ?? execution.events;
    this.#abortAll(execution);
    this.finish(execution, "ABORTED", { failure }, last);
  }

  finish(
    execution: ExecutionDoc,
    status: Exclude<ExecutionStatus, "RUNNING" | "PENDING_REDRIVE">,
    result: { readonly output?: string; readonly failure?: Failure },
    previous: number,
  ): void {
    if (execution.status !== "RUNNING") return;
    const failure = result.failure ?? {};
    if (status === "SUCCEEDED")
      this.history.close(execution, "ExecutionSucceeded", previous, {
        executionSucceededEventDetails: { output: result.output, outputDetails: { truncated: false } },
      });
    else if (status === "FAILED")
      this.history.close(execution, "ExecutionFailed", previous, { executionFailedEventDetails: failure });
    else if (status === "ABORTED")
      this.history.close(execution, "ExecutionAborted", previous, { executionAbortedEventDetails: failure });
    else
      this.history.close(execution, "ExecutionTimedOut", previous, {
        executionTimedOutEventDetails: failure,
      });
    execution.status = status;
    execution.output = result.output ?? null;
    execution.failure = failure;
    execution.stoppedAt = this.kernel.clock.now();
    this.documents.executions.touch(execution.arn);
    this.kernel.timers.cancel(EXECUTION_TIMEOUT, execution.arn);
    const keep = status !== "SUCCEEDED" && execution.type === "STANDARD";
    for (const branch of this.branchesOf(execution)) {
      this.#stopTimers(branch);
      if (!keep) this.dropBranch(branch);
    }
    if (!keep) this.#branchesOf.delete(execution.arn);
    // Listeners come last: one that writes the journal must not find the end noted and the waiting not.
    this.tasks.executionEnded(execution);
    if (execution.mapRun !== null) this.mapRuns.executionEnded(execution);
    this.#announce(execution);
  }

  #announce(execution: ExecutionDoc): void {
    const change: ExecutionStatusChange = {
      executionArn: execution.arn,
      stateMachineArn: execution.machine,
      name: execution.name,
      status: execution.status,
      startDate: execution.startedAt,
      stopDate: execution.stoppedAt,
      input: inputOf(this.documents, execution),
      output: execution.output,
      error: execution.failure.error ?? null,
      cause: execution.failure.cause ?? null,
    };
    for (const listener of this.#listeners) listener(change);
  }

  /** Continues a failed, aborted or timed-out execution where it stopped; what had succeeded is kept. */
  redrive(execution: ExecutionDoc): void {
    execution.status = "RUNNING";
    execution.output = null;
    execution.failure = {};
    execution.stoppedAt = null;
    execution.redrives++;
    execution.redrivenAt = this.kernel.clock.now();
    const event = this.history.add(execution, "ExecutionRedriven", execution.events, {
      executionRedrivenEventDetails: { redriveCount: execution.redrives },
    });
    this.documents.executions.touch(execution.arn);
    this.#armTimeout(execution, this.program(execution.revision).timeoutSeconds);
    this.#announce(execution);
    const root = this.branch(execution.key);
    if (root) this.#revive(root, event);
  }

  #revive(branch: BranchDoc, event: number): void {
    if (branch.phase === "done") return;
    delete branch.failure;
    delete branch.call;
    branch.retries = [];
    branch.retryCount = 0;
    branch.last = event;
    branch.run++;
    this.touch(branch);
    if (branch.children && branch.children.mapRun !== null) {
      branch.phase = "children";
      this.mapRuns.redrive(branch);
    } else if (branch.children) {
      branch.phase = "children";
      const unfinished = this.children.of(branch).filter((child) => child.phase !== "done");
      branch.children.failed = 0;
      for (const child of unfinished) this.#revive(child, event);
      if (unfinished.length === 0) this.children.proceed(branch);
    } else {
      branch.phase = branch.entered.event > 0 ? "body" : "enter";
      this.drive(branch);
    }
  }

  /** Takes up every running execution after a restart. */
  resume(): void {
    for (const execution of this.documents.executions.values()) {
      if (execution.status !== "RUNNING") continue;
      for (const branch of this.branchesOf(execution)) this.#resume(branch);
    }
  }

  #resume(branch: BranchDoc): void {
    switch (branch.phase) {
      case "enter":
      case "body":
        this.drive(branch);
        return;
      case "call":
      case "child":
        this.tasks.resume(branch);
        return;
      case "children":
        if (branch.children?.mapRun) this.mapRuns.resume(branch);
        else this.children.resume(branch);
        return;
      default:
      // Timers and tokens outlive the process.
    }
  }

  // ── timers ──────────────────────────────────────────────────────────────────────────────────────────────

  /** The branch goes on at `time` with the body of its state. */
  wakeAt(branch: BranchDoc, time: number): void {
    this.kernel.timers.set(WAKE, branch.key, time, branch.run);
  }

  #wake(key: string, run: number): void {
    const branch = this.branch(key);
    if (!branch || branch.run !== run || !this.isLive(branch)) return;
    if (branch.phase === "poll") {
      this.tasks.poll(branch);
      return;
    }
    if (branch.phase === "retry") {
      branch.phase = "body";
      this.transitions++;
      this.touch(branch);
    }
    this.drive(branch);
  }

  #stopTimers(branch: BranchDoc): void {
    this.kernel.timers.cancel(WAKE, branch.key);
    this.tasks.stopTimers(branch);
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();
