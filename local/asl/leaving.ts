import type { HistoryEventType } from "@aws-sdk/client-sfn";
import type { Exit, State } from "./definition/types.ts";
import type { BranchDoc } from "./documents.ts";
import type { Extra } from "./evaluation.ts";
import { ERROR, StateError, tooLarge } from "./failure.ts";
import type { Interpreter } from "./interpreter.ts";
import { exceeds, isObject, type Json, type JsonObject, textOf } from "./json.ts";
import { LIMIT } from "./limits.ts";

/** How states are left: Output, Assign, the limits of both, and the way to the next state. */
export class Leaving {
  readonly #interpreter: Interpreter;

  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
  }

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
    const check = this.#interpreter.guard(branch);
    const assigned = exit.assign ? await this.#interpreter.evaluate(branch, exit.assign, extra) : undefined;
    const output = exit.output ? await this.#interpreter.evaluate(branch, exit.output, extra) : fallback;
    check();
    return this.#exit(branch, state, exit, assigned, output);
  }

  #exit(branch: BranchDoc, state: State, exit: Exit, assigned: Json | undefined, output: Json): boolean {
    const text = textOf(output);
    if (exceeds(text, LIMIT.payload)) throw tooLarge(state.name);
    const variables = isObject(assigned) ? this.#assign(branch, state, assigned) : {};
    branch.last = this.#interpreter.history.add(
      this.#interpreter.executionOf(branch),
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
    delete branch.caught;
    this.#interpreter.children.drop(branch);
    this.#interpreter.touch(branch);
    if (exit.next === undefined) {
      this.#done(branch, output);
      return false;
    }
    branch.state = exit.next;
    branch.input = output;
    branch.phase = "enter";
    return true;
  }

  #assign(branch: BranchDoc, state: State, assigned: JsonObject) {
    const texts = Object.fromEntries(Object.entries(assigned).map(([name, value]) => [name, textOf(value)]));
    const bytes = Object.values(texts).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    if (bytes > LIMIT.assign)
      throw new StateError({
        error: ERROR.dataLimit,
        cause: `The variables assigned by the state '${state.name}' exceed the maximum number of bytes service limit.`,
      });
    const next = { ...branch.variables, ...assigned };
    if (
      bytes > 1024 &&
      variableBytes({ ...this.#interpreter.evaluation.variables(branch), ...assigned }) > LIMIT.variables
    )
      throw new StateError({
        error: ERROR.dataLimit,
        cause: "The variables of the execution exceed the maximum number of bytes service limit.",
      });
    branch.variables = next;
    return Object.keys(texts).length === 0
      ? {}
      : { assignedVariables: texts, assignedVariablesDetails: { truncated: false } };
  }

  #done(branch: BranchDoc, output: Json): void {
    branch.phase = "done";
    branch.output = output;
    this.#interpreter.touch(branch);
    const parent = branch.parent === null ? undefined : this.#interpreter.branch(branch.parent);
    if (parent) {
      this.#interpreter.children.succeeded(parent, branch);
      return;
    }
    const execution = this.#interpreter.executionOf(branch);
    this.#interpreter.lifecycle.finish(execution, "SUCCEEDED", { output: textOf(output) }, branch.last);
  }
}

const variableBytes = (variables: JsonObject): number =>
  Object.values(variables).reduce<number>((sum, value) => sum + Buffer.byteLength(textOf(value)), 0);
