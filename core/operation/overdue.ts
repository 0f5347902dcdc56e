import type { Operation } from "./types.ts";

/** How many running operations take far longer than expected, as CloudWatch has it. */
export const OVERDUE_METRIC = { namespace: "Slipway", name: "OperationsOverdue" } as const;

/** Clusters differ: only what takes so many times the time that its plan expected is worth waking somebody. */
const TIMES = 3;
/** And no operation before this time: a short plan is late soon without anything being wrong. */
const LEAST_SECONDS = 3600;

/**
 * Whether an operation takes far longer than its plan expected. One that waits for people or for its window is
 * not late, whatever time it takes.
 */
export function isOverdue(operation: Operation, now: number): boolean {
  if (operation.status !== "Running" && operation.status !== "RollingBack") return false;
  const begun = Date.parse(operation.startedAt ?? operation.createdAt);
  const limit = Math.max(LEAST_SECONDS, TIMES * operation.plan.expectedSeconds);
  return now - begun > limit * 1000;
}
