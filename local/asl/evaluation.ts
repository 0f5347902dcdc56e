import type { Field } from "./definition/types.ts";
import { type BranchDoc, type ExecutionDoc, inputOf } from "./documents.ts";
import type { Bindings } from "./expression/compile.ts";
import { evaluateTemplate } from "./expression/template.ts";
import type { Interpreter } from "./interpreter.ts";
import type { Json, JsonObject } from "./json.ts";

/** What `$states` has beside input and context. */
export type Extra = { readonly result?: Json; readonly errorOutput?: Json };

export type Item = NonNullable<BranchDoc["item"]>;

const iso = (ms: number): string => new Date(ms).toISOString();

/** What the expressions of a branch can see. */
export class Evaluation {
  readonly #interpreter: Interpreter;
  readonly #merged = new WeakMap<BranchDoc, { own: object; merged: Readonly<Record<string, Json>> }>();
  readonly #inputs = new WeakMap<ExecutionDoc, Json>();

  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
  }

  /** The value of a field. `item`: the one that an ItemSelector is evaluated for. */
  field(branch: BranchDoc, field: Field, extra: Extra = {}, item?: Item): Json | Promise<Json> {
    if (field.template.kind === "static") return field.template.value;
    const bindings = (withContext: boolean): Bindings => ({
      ...this.variables(branch),
      states: {
        input: branch.input,
        ...extra,
        ...(withContext ? { context: this.#context(branch, item) } : {}),
      },
    });
    const value = evaluateTemplate(field.template, { bindings }, field.location);
    return value instanceof Promise ? this.#interpreter.live(branch, value) : value;
  }

  /** Variables that the branch can read: its own over those around it. */
  variables(branch: BranchDoc): Readonly<Record<string, Json>> {
    const parent = branch.parent === null ? undefined : this.#interpreter.branch(branch.parent);
    if (!parent) return branch.variables;
    const known = this.#merged.get(branch);
    if (known?.own === branch.variables) return known.merged;
    // A parent assigns nothing while its children run.
    const merged = { ...this.variables(parent), ...branch.variables };
    this.#merged.set(branch, { own: branch.variables, merged });
    return merged;
  }

  /** The input an execution was started with. */
  input(execution: ExecutionDoc): Json {
    let input = this.#inputs.get(execution);
    if (input === undefined) {
      input = JSON.parse(inputOf(this.#interpreter.documents, execution)) as Json;
      this.#inputs.set(execution, input);
    }
    return input;
  }

  /** `$states.context`. */
  #context(branch: BranchDoc, selected: Item | undefined): JsonObject {
    const execution = this.#interpreter.executionOf(branch);
    const state = this.#interpreter.stateOf(branch);
    const item = selected ?? this.#itemOf(branch);
    const retryable = state.type === "Task" || state.type === "Parallel" || state.type === "Map";
    const token = branch.call?.token ?? this.#interpreter.tasks.pendingToken(branch);
    return {
      Execution: {
        Id: execution.arn,
        Input: this.input(execution),
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
      ...(item ? { Map: { Item: { Index: item.index, Value: item.value } } } : {}),
      ...(token ? { Task: { Token: token } } : {}),
    };
  }

  /** The item of the innermost iteration around a branch. */
  #itemOf(branch: BranchDoc): Item | null {
    let at: BranchDoc | undefined = branch;
    while (at && !at.item) at = at.parent === null ? undefined : this.#interpreter.branch(at.parent);
    return at?.item ?? null;
  }
}
