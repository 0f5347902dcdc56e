import type { ExecutionDoc } from "../documents.ts";
import type { History } from "../history.ts";
import type { Integration } from "../integrations/integrations.ts";

export type TaskEvent = "Scheduled" | "Started" | "Submitted" | "Succeeded" | "Failed" | "TimedOut";

/** Records an event of a task in the family of its integration: `Task...` or `LambdaFunction...`. */
export function recordTask(
  history: History,
  execution: ExecutionDoc,
  previous: number,
  what: TaskEvent,
  integration: Integration,
  details: object,
): number {
  if (integration.family === "Task")
    return history.add(execution, `Task${what}`, previous, {
      [`task${what}EventDetails`]: {
        resourceType: integration.resourceType,
        resource: integration.resource,
        ...details,
      },
    });
  // A function named by its ARN answers at once: it submits nothing.
  if (what === "Started" || what === "Submitted")
    return history.add(execution, "LambdaFunctionStarted", previous);
  return history.add(execution, `LambdaFunction${what}`, previous, {
    [`lambdaFunction${what}EventDetails`]: {
      ...(what === "Scheduled" ? { resource: integration.resource } : {}),
      ...details,
    },
  });
}
