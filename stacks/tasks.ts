import type { FunctionDeclaration, WorkflowDeclaration } from "../core/declaration.ts";
import { placeholders } from "../workflows/render.ts";

/** The functions that state machines call: those that a further region needs. */
export function tasksOf(
  functions: readonly FunctionDeclaration[],
  workflows: readonly WorkflowDeclaration[],
): FunctionDeclaration[] {
  const called = new Set(workflows.flatMap(({ definition }) => placeholders(definition)));
  return functions.filter(({ name }) => called.has(`function:${name}`));
}
