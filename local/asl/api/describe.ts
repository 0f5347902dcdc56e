import type { ExecutionDoc } from "../documents.ts";
import { LIMIT } from "../limits.ts";

export interface RedriveStatus {
  readonly status: "REDRIVABLE" | "NOT_REDRIVABLE" | "REDRIVABLE_BY_MAP_RUN";
  readonly reason?: string;
}

/** Whether an execution may be redriven. `now` (ms) is needed to know if it closed too long ago. */
export function redriveStatus(execution: ExecutionDoc, now?: number): RedriveStatus {
  const no = (reason: string): RedriveStatus => ({ status: "NOT_REDRIVABLE", reason });
  if (execution.status === "RUNNING" || execution.status === "SUCCEEDED")
    return no(`Execution is ${execution.status} and cannot be redriven`);
  if (execution.type === "EXPRESS") return no("Execution is EXPRESS and cannot be redriven");
  if (execution.events >= LIMIT.history - 1) return no("Execution history event limit exceeded");
  if (now !== undefined && execution.stoppedAt !== null && now - execution.stoppedAt > LIMIT.redriveMs)
    return no("Execution redrivable period exceeded");
  return execution.mapRun === null ? { status: "REDRIVABLE" } : { status: "REDRIVABLE_BY_MAP_RUN" };
}
