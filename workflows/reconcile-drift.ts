import type { WorkflowDeclaration } from "../core/declaration.ts";
import { inPlaceChanges } from "./fragments/changes.ts";
import { operationMachine } from "./fragments/operation.ts";
import { gate } from "./fragments/states.ts";

/**
 * Brings the fields of a plan back to what they should be: look, do one thing, look again, as an apply does. What
 * has come right meanwhile is left alone, and so is what is not in the plan.
 */
const definition = operationMachine({
  comment: "Brings fields of a cluster back that somebody changed",
  startAt: "Gate",
  states: {
    Gate: gate("StartChanges", { phase: "$phase.id" }),
    StartChanges: { Type: "Pass", Assign: { last: {}, polls: 0, conflicts: 0 }, Next: "NextChange" },
    ...inPlaceChanges("Done"),
  },
});

export const reconcileDrift: WorkflowDeclaration = {
  name: "reconcile-drift",
  purpose: "Brings fields back in which a cluster is not as it should be",
  definition,
};
