import type { HistoryEventType } from "@aws-sdk/client-sfn";
import type { Kernel } from "../kernel/kernel.ts";
import { Compiler, processorAt } from "./definition/compile.ts";
import type { Exit, Field, Program, State } from "./definition/types.ts";
import type { BranchDoc, Documents, ExecutionDoc } from "./documents.ts";
import { Evaluation, type Extra, type Item } from "./evaluation.ts";
import { Expressions } from "./expression/compile.ts";
import { Failing } from "./failing.ts";
import { ERROR, StateError } from "./failure.ts";
import { History } from "./history.ts";
import type { Integrations } from "./integrations/integrations.ts";
import { type Json, textOf } from "./json.ts";
import { Leaving } from "./leaving.ts";
import { Lifecycle } from "./lifecycle.ts";
import { Children } from "./states/children.ts";
import { choose } from "./states/choice.ts";
import { MapRuns } from "./states/map-run.ts";
import { failState, wait } from "./states/simple.ts";
import { Tasks } from "./states/task.ts";

/** The branch a piece of work belongs to has gone on without it. */
class StaleError extends Error {}

const WAKE = "asl/wake";
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
  readonly evaluation: Evaluation;
  readonly lifecycle: Lifecycle;
  transitions = 0;
  readonly #leaving: Leaving;
  readonly #failing: Failing;
  readonly #compiler: Compiler;
  readonly #programs = new Map<string, Program>();
  readonly #branchesOf = new Map<string, Set<string>>();

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
    this.evaluation = new Evaluation(this);
    this.lifecycle = new Lifecycle(this);
    this.#leaving = new Leaving(this);
    this.#failing = new Failing(this);
    this.children = new Children(this);
    this.mapRuns = new MapRuns(this);
    this.tasks = new Tasks(this, integrations);
    for (const branch of documents.branches.values()) this.#index(branch);
    kernel.timers.on(WAKE, (key, payload) => this.#wake(key, Number(payload)));
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
    this.stopTimers(branch);
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
        moved = await this.#failing.recover(branch, error);
      }
      if (!moved || !this.isLive(branch)) return;
      work = step;
      if (steps % BREATH === 0) {
        await this.#breathe();
        if (!this.isLive(branch)) return;
      }
    }
  }

  /** Lets the journal, sockets and other executions have their turn; virtual time stands still meanwhile. */
  #breathe(): Promise<void> {
    return this.kernel.clock.track(new Promise<void>((resolve) => setImmediate(resolve)));
  }

  #crash(branch: BranchDoc, error: unknown): void {
    const execution = this.documents.executions.get(branch.execution);
    if (error instanceof StaleError) return;
    // The execution has ended: the error is of somebody who was told so, and must not pass unseen.
    if (execution?.status !== "RUNNING") throw error;
    const cause = error instanceof Error ? error.message : String(error);
    this.abortAll(execution, false);
    this.lifecycle.finish(
      execution,
      "FAILED",
      { failure: { error: ERROR.runtime, cause } },
      execution.events,
    );
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

  /** The value of a field in the scope of the branch. */
  evaluate(branch: BranchDoc, field: Field, extra: Extra = {}, item?: Item): Json | Promise<Json> {
    return this.evaluation.field(branch, field, extra, item);
  }

  /** Evaluates Assign and Output and goes to the next state; true when there is one. */
  leave(
    branch: BranchDoc,
    state: State,
    exit: Exit,
    extra: Extra,
    fallback: Json,
  ): boolean | Promise<boolean> {
    return this.#leaving.leave(branch, state, exit, extra, fallback);
  }

  // ── ending from outside ─────────────────────────────────────────────────────────────────────────────────

  /** Ends a branch and everything below it from outside; `previous` is the event that caused it. */
  abort(branch: BranchDoc, previous: number | undefined, record = true): void {
    if (OVER.has(branch.phase)) return;
    for (const child of this.children.of(branch)) this.abort(child, previous, record);
    const state = this.stateOf(branch);
    if (record) this.children.recordAborted(branch, previous ?? branch.last);
    if (record && branch.phase !== "enter") this.recordStateAborted(branch, state, previous ?? branch.last);
    this.tasks.abandon(branch);
    this.mapRuns.abandon(branch);
    // A redrive has to know that the state was not entered yet.
    if (branch.phase === "enter") branch.entered = { ...branch.entered, event: 0 };
    branch.phase = "aborted";
    branch.run++;
    this.stopTimers(branch);
    this.touch(branch);
  }

  recordStateAborted(branch: BranchDoc, state: State, previous: number): void {
    const execution = this.executionOf(branch);
    if (ABORTABLE.has(state.type) && this.history.hasRoom(execution))
      this.history.add(execution, `${state.type}StateAborted` as HistoryEventType, previous);
  }

  /** Ends what an execution still does, from outside. */
  abortAll(execution: ExecutionDoc, record: boolean): void {
    const root = this.branch(execution.key);
    if (root) this.abort(root, undefined, record);
  }

  /** Stops the timers of an execution that has ended; without `keep` its branches are forgotten. */
  retire(execution: ExecutionDoc, keep: boolean): void {
    for (const branch of this.branchesOf(execution)) {
      this.stopTimers(branch);
      if (!keep) this.dropBranch(branch);
    }
    if (!keep) this.#branchesOf.delete(execution.arn);
  }

  /** Takes a branch up after a restart: what was in flight is done again, what waits goes on waiting. */
  resume(branch: BranchDoc): void {
    if (branch.caught) {
      this.drive(branch, () => this.#failing.catch(branch));
      return;
    }
    switch (branch.phase) {
      case "enter":
      case "body":
        this.drive(branch);
        return;
      case "call":
      case "callback":
      case "child":
        this.tasks.resume(branch);
        return;
      case "children":
        if (branch.children?.mapRun) this.mapRuns.resume(branch, true);
        else this.children.resume(branch);
        return;
      case "retry":
      case "wait":
      case "poll":
        // The timer may have fired in the moment before the end.
        if (this.kernel.timers.dueAt(WAKE, branch.key) === undefined) this.#wake(branch.key, branch.run);
        return;
      default:
      // Done, failed or aborted.
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

  stopTimers(branch: BranchDoc): void {
    this.kernel.timers.cancel(WAKE, branch.key);
    this.tasks.stopTimers(branch);
  }
}
