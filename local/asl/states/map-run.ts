import type { Field, MapState } from "../definition/types.ts";
import type { BranchDoc, ExecutionDoc, MapRunDoc } from "../documents.ts";
import { expectType } from "../expression/template.ts";
import { ERROR, StateError } from "../failure.ts";
import type { Interpreter } from "../interpreter.ts";
import { type Json, textOf } from "../json.ts";
import { LIMIT } from "../limits.ts";
import { numberOfField } from "./simple.ts";

const isNumber = (value: Json): value is number => typeof value === "number";

const TOLERANCE_EXCEEDED = {
  error: ERROR.tolerance,
  cause: "The specified tolerated failure threshold was exceeded",
};

/** Distributed Map: each batch of items is an execution of its own, with its own history. */
export class MapRuns {
  readonly #interpreter: Interpreter;

  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
  }

  async start(branch: BranchDoc, state: MapState): Promise<boolean> {
    const interpreter = this.#interpreter;
    const check = interpreter.guard(branch);
    const items = await interpreter.children.itemsOf(branch, state);
    const selected = await this.#select(branch, state, items);
    const batches = await this.#batch(branch, state, selected);
    const wanted = state.maxConcurrency
      ? await numberOfField(interpreter, branch, state.maxConcurrency, 0)
      : 0;
    const tolerance = await this.#tolerance(branch, state);
    check();
    const execution = interpreter.executionOf(branch);
    const run: MapRunDoc = {
      arn: `arn:aws:states:${execution.region}:${execution.account}:mapRun:${execution.machineName}/${state.label}:${interpreter.kernel.ids.uuid()}`,
      execution: execution.arn,
      branch: branch.key,
      machine: execution.machine,
      label: state.label,
      startedAt: interpreter.kernel.clock.now(),
      maxConcurrency: wanted,
      ...tolerance,
      itemCounts: batches.map((batch) => batch.count),
      status: "RUNNING",
      stoppedAt: null,
      redrives: 0,
      redrivenAt: null,
      children: [],
      succeeded: 0,
      failed: 0,
      failedItems: 0,
      aborted: 0,
    };
    branch.last = interpreter.history.add(execution, "MapStateStarted", branch.last, {
      mapStateStartedEventDetails: { length: items.length },
    });
    branch.last = interpreter.history.add(execution, "MapRunStarted", branch.last, {
      mapRunStartedEventDetails: { mapRunArn: run.arn },
    });
    interpreter.documents.mapRuns.set(run.arn, run);
    interpreter.documents.items.set(
      branch.key,
      batches.map((batch) => batch.input),
    );
    branch.rounds++;
    branch.children = {
      total: batches.length,
      concurrency: Math.min(wanted || LIMIT.distributedConcurrency, LIMIT.distributedConcurrency),
      round: branch.rounds,
      started: 0,
      succeeded: 0,
      failed: 0,
      closed: false,
      mapRun: run.arn,
    };
    branch.phase = "children";
    interpreter.touch(branch);
    if (batches.length === 0) return this.#complete(branch, state, run);
    this.#fill(branch, state, run);
    return false;
  }

  async #select(branch: BranchDoc, state: MapState, items: readonly Json[]): Promise<readonly Json[]> {
    if (!state.itemSelector) return items;
    const selected: Json[] = [];
    for (const [index, value] of items.entries())
      selected.push(await this.#interpreter.evaluate(branch, state.itemSelector, {}, { index, value }));
    return selected;
  }

  /** Items grouped as ItemBatcher says, each group with what it adds. */
  async #batch(
    branch: BranchDoc,
    state: MapState,
    items: readonly Json[],
  ): Promise<readonly { readonly input: Json; readonly count: number }[]> {
    const { batcher } = state;
    if (!batcher) return items.map((input) => ({ input, count: 1 }));
    const number = async (field: Field | undefined): Promise<number> =>
      field ? await numberOfField(this.#interpreter, branch, field, 1) : Number.POSITIVE_INFINITY;
    const maxItems = await number(batcher.maxItemsPerBatch);
    const maxBytes = await number(batcher.maxInputBytesPerBatch);
    const shared = batcher.batchInput
      ? await this.#interpreter.evaluate(branch, batcher.batchInput)
      : undefined;
    const wrap = (batch: readonly Json[]): Json => ({
      ...(shared === undefined ? {} : { BatchInput: shared }),
      Items: batch,
    });
    const groups: Json[][] = [];
    for (const item of items) {
      const last = groups.at(-1);
      const fits =
        last &&
        last.length < maxItems &&
        Buffer.byteLength(JSON.stringify(wrap([...last, item]))) <= maxBytes;
      if (fits) last.push(item);
      else groups.push([item]);
    }
    return groups.map((group) => ({ input: wrap(group), count: group.length }));
  }

  async #tolerance(branch: BranchDoc, state: MapState) {
    const { toleratedFailureCount: count, toleratedFailurePercentage: percentage } = state;
    const interpreter = this.#interpreter;
    let toleratedPercentage = 0;
    if (percentage) {
      const value = await interpreter.evaluate(branch, percentage);
      toleratedPercentage = expectType(value, percentage.template, percentage.location, "number", isNumber);
    }
    return {
      toleratedCount: count ? await numberOfField(interpreter, branch, count, 0) : 0,
      toleratedPercentage,
    };
  }

  #fill(branch: BranchDoc, state: MapState, run: MapRunDoc): void {
    const interpreter = this.#interpreter;
    const { children } = branch;
    const batches = interpreter.documents.items.get(branch.key) ?? [];
    if (!children) return;
    while (
      children.started < children.total &&
      children.started - children.succeeded - children.failed < children.concurrency
    ) {
      const index = children.started++;
      interpreter.touch(branch);
      this.#startChild(branch, state, run, index, batches[index] ?? null);
    }
  }

  #startChild(branch: BranchDoc, state: MapState, run: MapRunDoc, index: number, value: Json): void {
    const interpreter = this.#interpreter;
    const parent = interpreter.executionOf(branch);
    const name = interpreter.kernel.ids.uuid();
    const machineName = `${parent.machineName}/${state.label}`;
    const base = `arn:aws:states:${parent.region}:${parent.account}`;
    const arn = `${base}:${state.executionType === "EXPRESS" ? "express" : "execution"}:${machineName}:${name}`;
    run.children[index] = arn;
    interpreter.documents.mapRuns.touch(run.arn);
    const child: ExecutionDoc = {
      arn,
      key: interpreter.documents.executions.size.toString(36),
      name,
      machine: `${base}:stateMachine:${machineName}`,
      machineName,
      account: parent.account,
      region: parent.region,
      type: state.executionType,
      roleArn: parent.roleArn,
      revision: parent.revision,
      path: [...branch.path, branch.state],
      startedAt: interpreter.kernel.clock.now(),
      mapRun: run.arn,
      version: null,
      alias: null,
      traceHeader: null,
      status: "RUNNING",
      output: null,
      failure: {},
      stoppedAt: null,
      events: 0,
      redrives: 0,
      redrivenAt: null,
    };
    interpreter.lifecycle.begin(child, textOf(value), { index, value });
  }

  /** A child execution has ended: counts it, and starts the next or ends the run. */
  executionEnded(child: ExecutionDoc): void {
    const interpreter = this.#interpreter;
    const run = interpreter.documents.mapRuns.get(child.mapRun ?? "");
    const branch = run && interpreter.branch(run.branch);
    if (run?.status !== "RUNNING" || !branch?.children || branch.children.mapRun !== run.arn) return;
    if (child.status === "SUCCEEDED") {
      run.succeeded++;
      branch.children.succeeded++;
    } else {
      run.failed++;
      run.failedItems += run.itemCounts[run.children.indexOf(child.arn)] ?? 1;
      branch.children.failed++;
    }
    interpreter.documents.mapRuns.touch(run.arn);
    interpreter.touch(branch);
    this.resume(branch);
  }

  /** Goes on with a run whose children have changed, or after a restart. */
  resume(branch: BranchDoc, restarted = false): void {
    const { children } = branch;
    const run = this.#interpreter.documents.mapRuns.get(children?.mapRun ?? "");
    if (!children || !run) return;
    this.#interpreter.drive(branch, () => {
      const state = this.#interpreter.stateOf(branch);
      if (state.type !== "Map" || branch.children !== children) return false;
      if (run.status === "SUCCEEDED" && restarted) return this.#complete(branch, state, run);
      if (run.status === "FAILED" && restarted) throw new StateError(TOLERANCE_EXCEEDED);
      if (run.status !== "RUNNING") return false;
      if (exceedsTolerance(run, state)) return this.#fail(branch, run);
      if (children.succeeded + children.failed === children.total) return this.#complete(branch, state, run);
      this.#fill(branch, state, run);
      return false;
    });
  }

  #complete(branch: BranchDoc, state: MapState, run: MapRunDoc): boolean | Promise<boolean> {
    const interpreter = this.#interpreter;
    const execution = interpreter.executionOf(branch);
    const output = run.children.map((arn): Json => {
      const child = interpreter.documents.executions.get(arn);
      if (child?.status === "SUCCEEDED") return JSON.parse(child.output ?? "null");
      return { Error: child?.failure.error ?? "", Cause: child?.failure.cause ?? "" };
    });
    if (run.status === "RUNNING") {
      this.#end(run, "SUCCEEDED");
      interpreter.history.add(execution, "MapRunSucceeded", branch.last);
      interpreter.history.add(execution, "MapStateSucceeded", branch.last);
    }
    return interpreter.leave(branch, state, state.exit, { result: output }, output);
  }

  #fail(branch: BranchDoc, run: MapRunDoc): never {
    const interpreter = this.#interpreter;
    this.#end(run, "FAILED");
    this.#stopChildren(run);
    branch.last = interpreter.history.add(interpreter.executionOf(branch), "MapRunFailed", branch.last, {
      mapRunFailedEventDetails: TOLERANCE_EXCEEDED,
    });
    throw new StateError(TOLERANCE_EXCEEDED);
  }

  #end(run: MapRunDoc, status: "SUCCEEDED" | "FAILED" | "ABORTED"): void {
    run.status = status;
    run.stoppedAt = this.#interpreter.kernel.clock.now();
    this.#interpreter.documents.mapRuns.touch(run.arn);
  }

  #stopChildren(run: MapRunDoc): void {
    const { executions } = this.#interpreter.documents;
    for (const arn of run.children) {
      const child = executions.get(arn);
      if (child?.status !== "RUNNING") continue;
      run.aborted++;
      this.#interpreter.lifecycle.stop(child, {});
    }
  }

  /** The Map is ended from outside. */
  abandon(branch: BranchDoc): void {
    const run = this.#interpreter.documents.mapRuns.get(branch.children?.mapRun ?? "");
    if (run?.status !== "RUNNING") return;
    this.#end(run, "ABORTED");
    const execution = this.#interpreter.executionOf(branch);
    if (this.#interpreter.history.hasRoom(execution))
      this.#interpreter.history.add(execution, "MapRunAborted", branch.last);
    this.#stopChildren(run);
  }

  /** Runs again what did not succeed: STANDARD children go on where they failed, EXPRESS ones start anew. */
  redrive(branch: BranchDoc): void {
    const interpreter = this.#interpreter;
    const { children } = branch;
    const run = interpreter.documents.mapRuns.get(children?.mapRun ?? "");
    const state = interpreter.stateOf(branch);
    if (!children || !run || state.type !== "Map") return;
    run.status = "RUNNING";
    run.stoppedAt = null;
    run.redrives++;
    run.redrivenAt = interpreter.kernel.clock.now();
    run.failed = 0;
    run.failedItems = 0;
    run.aborted = 0;
    children.failed = 0;
    interpreter.documents.mapRuns.touch(run.arn);
    branch.last = interpreter.history.add(interpreter.executionOf(branch), "MapRunRedriven", branch.last, {
      mapRunRedrivenEventDetails: { mapRunArn: run.arn, redriveCount: run.redrives },
    });
    const batches = interpreter.documents.items.get(branch.key) ?? [];
    for (const [index, arn] of [...run.children].entries()) {
      const child = interpreter.documents.executions.get(arn);
      if (!child || child.status === "SUCCEEDED") continue;
      if (child.type === "STANDARD") interpreter.lifecycle.redrive(child);
      else this.#startChild(branch, state, run, index, batches[index] ?? null);
    }
    this.resume(branch);
  }
}

/** Either limit given is enough to fail the run; with none given, so is one failed item. */
function exceedsTolerance(run: MapRunDoc, state: MapState): boolean {
  const total = run.itemCounts.reduce((sum, count) => sum + count, 0);
  const failed = run.failedItems;
  if (failed === 0) return false;
  const overCount = state.toleratedFailureCount !== undefined && failed > run.toleratedCount;
  const overPercentage =
    state.toleratedFailurePercentage !== undefined && (failed * 100) / total > run.toleratedPercentage;
  const nothingTolerated =
    state.toleratedFailureCount === undefined && state.toleratedFailurePercentage === undefined;
  return overCount || overPercentage || nothingTolerated;
}
