import { TerminalError } from "../errors.ts";
import type { OperationStatus, OperationType } from "../operation/types.ts";
import type { RolloutAction } from "./schema.ts";

/** The operation that an action means. */
export const operationTypeOf = (action: RolloutAction): OperationType =>
  action.type === "upgrade"
    ? "upgrade-cluster"
    : action.type === "rotate"
      ? "rotate-nodegroup"
      : "update-addons";

/** The requests of a member's operations, one after the other. `nodegroups`: logical names of what it has. */
export function requestsOf(
  action: RolloutAction,
  nodegroups: readonly string[],
): Readonly<Record<string, unknown>>[] {
  switch (action.type) {
    case "upgrade":
      return [{ to: action.to, ...(action.rotations ? { rotations: action.rotations } : {}) }];
    case "update-addons":
      return [action.addons ? { addons: action.addons } : {}];
    case "rotate": {
      const missing = (action.nodegroups ?? []).filter((name) => !nodegroups.includes(name));
      if (missing.length > 0)
        throw new TerminalError(`it has no node group ${missing.join(", ")}`, {
          code: "NodegroupNotFound",
          remedy: `Its managed node groups are ${nodegroups.join(", ") || "none"}.`,
        });
      return (action.nodegroups ?? nodegroups).map((nodegroup) => ({ nodegroup }));
    }
  }
}

/** Statuses in which an operation waits for something outside of it. */
export const WAITS: ReadonlySet<OperationStatus> = new Set(["AwaitingWindow", "AwaitingApproval", "Paused"]);

/** Shortest and longest time between two looks at a member, in seconds. */
const SHORTEST = 20;
const LONGEST = 600;

/**
 * When to look at an operation again: half of what is still expected, so that looks become closer towards its end,
 * and then a twentieth of what it was expected to take, growing while it is late. One that waits is looked at
 * every ten minutes.
 */
export function pollSeconds(elapsedSeconds: number, expectedSeconds: number, waits: boolean): number {
  if (waits) return LONGEST;
  const left = expectedSeconds - elapsedSeconds;
  const wanted = left > 0 ? left / 2 : Math.max(expectedSeconds / 20, -left / 4);
  return Math.round(Math.min(LONGEST, Math.max(SHORTEST, wanted)));
}
