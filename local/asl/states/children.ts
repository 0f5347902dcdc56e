import { processorAt } from "../definition/compile.ts";
import type { MapState, ParallelState, State } from "../definition/types.ts";
import type { BranchDoc, ChildrenDoc } from "../documents.ts";
import { expectType } from "../expression/template.ts";
import { QueryError, StateError } from "../failure.ts";
import type { Interpreter } from "../interpreter.ts";
import type { Json } from "../json.ts";
import { newBranch } from "../lifecycle.ts";
import { LIMIT } from "../limits.ts";
import { numberOfField } from "./simple.ts";

const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);

/**
 * Parallel and inline Map: a branch waits in the phase `children` while its children run. The children's keys
 * follow from the parent's, so the parent's document holds counters only.
 */
export class Children {
  readonly #interpreter: Interpreter;
  /** Maps that are starting iterations: an ItemSelector may be evaluated meanwhile. */
  readonly #filling = new WeakSet<BranchDoc>();

  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
  }

  /** Children of the present round, as far as they have begun, in order. */
  of(branch: BranchDoc): BranchDoc[] {
    const { children } = branch;
    if (!children || children.mapRun !== null) return [];
    const found: BranchDoc[] = [];
    for (let i = 0; i < children.started; i++) {
      const child = this.#interpreter.branch(childKey(branch, children, i));
      if (child) found.push(child);
    }
    return found;
  }

  /** Forgets the children of a branch and all that is below them. */
  drop(branch: BranchDoc): void {
    for (const child of this.of(branch)) {
      this.drop(child);
      this.#interpreter.dropBranch(child);
    }
    this.#interpreter.documents.items.delete(branch.key);
    delete branch.children;
  }

  async startParallel(branch: BranchDoc, state: ParallelState): Promise<boolean> {
    const interpreter = this.#interpreter;
    const check = interpreter.guard(branch);
    const input = state.arguments ? await interpreter.evaluate(branch, state.arguments) : branch.input;
    check();
    const execution = interpreter.executionOf(branch);
    branch.last = interpreter.history.add(execution, "ParallelStateStarted", branch.last);
    this.#begin(branch, state.branches.length, state.branches.length);
    for (let i = 0; i < state.branches.length; i++) this.#startChild(branch, input, null);
    for (const child of this.of(branch)) interpreter.drive(child);
    return false;
  }

  async startMap(branch: BranchDoc, state: MapState): Promise<boolean> {
    const interpreter = this.#interpreter;
    const check = interpreter.guard(branch);
    const items = await this.itemsOf(branch, state);
    const wanted = state.maxConcurrency
      ? await numberOfField(interpreter, branch, state.maxConcurrency, 0)
      : 0;
    // An inline Map accepts the fields of tolerated failures, checks them, and fails with its first iteration.
    if (state.toleratedFailureCount) await numberOfField(interpreter, branch, state.toleratedFailureCount, 0);
    if (state.toleratedFailurePercentage)
      await numberOfField(interpreter, branch, state.toleratedFailurePercentage, 0, 100);
    check();
    const execution = interpreter.executionOf(branch);
    branch.last = interpreter.history.add(execution, "MapStateStarted", branch.last, {
      mapStateStartedEventDetails: { length: items.length },
    });
    interpreter.documents.items.set(branch.key, items);
    this.#begin(branch, items.length, Math.min(wanted || LIMIT.inlineConcurrency, LIMIT.inlineConcurrency));
    if (items.length === 0) return this.#complete(branch, state);
    await this.#fill(branch, state);
    return false;
  }

  /** The array a Map iterates over. */
  async itemsOf(branch: BranchDoc, state: MapState): Promise<readonly Json[]> {
    if (!state.items) {
      if (isArray(branch.input)) return branch.input;
      throw new QueryError(
        `Map state input must be an array but was: ${JSON.stringify(branch.input)}`,
        undefined,
      );
    }
    const { template, location } = state.items;
    const value = await this.#interpreter.evaluate(branch, state.items);
    return expectType(value, template, location, "array", isArray);
  }

  #begin(branch: BranchDoc, total: number, concurrency: number): void {
    branch.rounds++;
    branch.children = {
      total,
      concurrency,
      round: branch.rounds,
      started: 0,
      succeeded: 0,
      failed: 0,
      closed: false,
      mapRun: null,
    };
    branch.phase = "children";
    this.#interpreter.touch(branch);
  }

  /** Starts as many iterations as may run; all of them begin before the first one goes on. */
  async #fill(branch: BranchDoc, state: MapState): Promise<void> {
    if (this.#filling.has(branch)) return;
    this.#filling.add(branch);
    const begun: BranchDoc[] = [];
    try {
      await this.#startIterations(branch, state, begun);
    } finally {
      this.#filling.delete(branch);
    }
    for (const child of begun) this.#interpreter.drive(child);
  }

  async #startIterations(branch: BranchDoc, state: MapState, begun: BranchDoc[]): Promise<void> {
    const interpreter = this.#interpreter;
    const check = interpreter.guard(branch);
    const { children } = branch;
    if (!children) return;
    const items = interpreter.documents.items.get(branch.key) ?? [];
    while (children.started < children.total && running(children) < children.concurrency) {
      const index = children.started;
      const item = { index, value: items[index] ?? null };
      let input = item.value;
      if (state.itemSelector) {
        input = await interpreter.evaluate(branch, state.itemSelector, {}, item);
        check();
      }
      begun.push(this.#startChild(branch, input, item));
    }
  }

  #startChild(branch: BranchDoc, input: Json, item: BranchDoc["item"]): BranchDoc {
    const interpreter = this.#interpreter;
    const { children } = branch;
    if (!children) throw new Error(`branch ${branch.key} has no children`);
    const index = children.started++;
    interpreter.touch(branch);
    const execution = interpreter.executionOf(branch);
    const path = item ? [...branch.path, branch.state] : [...branch.path, branch.state, index];
    const last = item
      ? interpreter.history.add(execution, "MapIterationStarted", branch.last, {
          mapIterationStartedEventDetails: { name: branch.state, index },
        })
      : branch.last;
    const child = newBranch(
      {
        key: childKey(branch, children, index),
        execution: branch.execution,
        parent: branch.key,
        index,
        path,
        item,
        state: processorAt(interpreter.program(execution.revision), path).startAt,
        input,
        last,
      },
      interpreter.kernel.clock.now(),
    );
    interpreter.addBranch(child);
    return child;
  }

  /** A child has ended well: starts the next one, or completes the parent. */
  succeeded(parent: BranchDoc, child: BranchDoc): void {
    const interpreter = this.#interpreter;
    const { children } = parent;
    if (!children || parent.phase !== "children") return;
    children.succeeded++;
    interpreter.touch(parent);
    parent.last = child.last;
    if (child.item) {
      const event = interpreter.history.add(
        interpreter.executionOf(parent),
        "MapIterationSucceeded",
        child.last,
        { mapIterationSucceededEventDetails: { name: parent.state, index: child.index } },
      );
      // The next iteration follows the last state of this one; the end of the Map follows this event.
      if (children.succeeded === children.total) parent.last = event;
    }
    this.proceed(parent);
  }

  /** Goes on with a branch whose children have changed. */
  proceed(parent: BranchDoc): void {
    const { children } = parent;
    if (!children) return;
    this.#interpreter.drive(parent, () => {
      if (parent.phase !== "children" || parent.children !== children || children.closed) return false;
      const state = this.#interpreter.stateOf(parent);
      if (children.succeeded === children.total) return this.#complete(parent, state);
      if (state.type !== "Map" || children.started === children.total) return false;
      return this.#fill(parent, state).then(() => false);
    });
  }

  #complete(branch: BranchDoc, state: State): boolean | Promise<boolean> {
    const interpreter = this.#interpreter;
    if (state.type !== "Map" && state.type !== "Parallel") return false;
    const output = this.of(branch).map((child) => child.output ?? null);
    if (branch.children && !branch.children.closed) {
      interpreter.history.add(interpreter.executionOf(branch), `${state.type}StateSucceeded`, branch.last);
      branch.children.closed = true;
      interpreter.touch(branch);
    }
    return interpreter.leave(branch, state, state.exit, { result: output }, output);
  }

  /** A child has failed for good: the others are ended and the parent fails with the child's error. */
  failed(parent: BranchDoc, child: BranchDoc): void {
    const interpreter = this.#interpreter;
    const { children } = parent;
    if (!children || parent.phase !== "children") return;
    children.failed++;
    interpreter.touch(parent);
    // The first failure decides; another one in the same moment is only counted.
    if (children.failed > 1) return;
    parent.last = child.last;
    this.#failParent(parent, child);
  }

  #failParent(parent: BranchDoc, child: BranchDoc): void {
    const interpreter = this.#interpreter;
    interpreter.drive(parent, () => {
      const execution = interpreter.executionOf(parent);
      if (child.item)
        interpreter.history.add(execution, "MapIterationFailed", child.last, {
          mapIterationFailedEventDetails: { name: parent.state, index: child.index },
        });
      const state = interpreter.stateOf(child);
      if (state.type === "Task") interpreter.recordStateAborted(child, state, child.last);
      for (const sibling of this.of(parent)) interpreter.abort(sibling, child.last);
      throw new StateError(child.failure ?? {});
    });
  }

  /** Records that an iteration was ended from outside. */
  recordAborted(branch: BranchDoc, previous: number): void {
    const interpreter = this.#interpreter;
    const execution = interpreter.executionOf(branch);
    const parent = branch.parent === null ? undefined : interpreter.branch(branch.parent);
    if (!parent || !branch.item || !interpreter.history.hasRoom(execution)) return;
    interpreter.history.add(execution, "MapIterationAborted", previous, {
      mapIterationAbortedEventDetails: { name: parent.state, index: branch.index },
    });
  }

  /** After a restart: what is left to do may be the parent's own part. */
  resume(branch: BranchDoc): void {
    const { children } = branch;
    if (!children) return;
    const failed = this.of(branch).find((child) => child.phase === "failed");
    if (failed) this.#failParent(branch, failed);
    else if (children.closed)
      this.#interpreter.drive(branch, () => this.#complete(branch, this.#interpreter.stateOf(branch)));
    else if (children.succeeded === children.total || running(children) < children.concurrency)
      this.proceed(branch);
  }
}

const running = (children: ChildrenDoc): number => children.started - children.succeeded - children.failed;

const childKey = (branch: BranchDoc, children: ChildrenDoc, index: number): string =>
  `${branch.key}:${children.round}.${index}`;
