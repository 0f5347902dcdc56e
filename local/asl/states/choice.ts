import type { ChoiceState } from "../definition/types.ts";
import type { BranchDoc } from "../documents.ts";
import { expectType } from "../expression/template.ts";
import { ERROR, enteredAt, StateError } from "../failure.ts";
import type { Interpreter } from "../interpreter.ts";
import type { Json } from "../json.ts";

const isBoolean = (value: Json): value is boolean => typeof value === "boolean";

/** Takes the first rule whose condition is true, with the rule's own Assign and Output; else the default. */
export async function choose(
  interpreter: Interpreter,
  branch: BranchDoc,
  state: ChoiceState,
): Promise<boolean> {
  const check = interpreter.guard(branch);
  for (const rule of state.rules) {
    const { template, location } = rule.condition;
    const value = await interpreter.evaluate(branch, rule.condition);
    check();
    if (expectType(value, template, location, "boolean", isBoolean))
      return interpreter.leave(branch, state, rule.exit, {}, branch.input);
  }
  if (state.hasDefault) return interpreter.leave(branch, state, state.exit, {}, branch.input);
  throw new StateError({
    error: ERROR.runtime,
    cause: `${enteredAt(state.name, branch.entered.event)}Failed to transition out of the state. The state does not point to a next state.`,
  });
}
