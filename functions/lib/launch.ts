import { workflowsOf } from "../../adapters/aws/workflows.ts";
import { iso } from "../../core/clock.ts";
import { TerminalError } from "../../core/errors.ts";
import type { Operation } from "../../core/operation/types.ts";
import type { TaskContext } from "./task.ts";

type Context = Pick<TaskContext, "runtime" | "store">;

/** Name of the execution of an operation's n-th run; starting it twice starts it once. */
export const executionName = (operation: Pick<Operation, "id" | "attempt">): string =>
  operation.attempt === 1 ? operation.id : `${operation.id}-r${operation.attempt}`;

/** Whether an execution is the operation's present run, and not that of an earlier attempt. */
export const isRunOf = (operation: Pick<Operation, "id" | "attempt">, executionArn: string): boolean =>
  executionArn.endsWith(`:${executionName(operation)}`);

/** Takes the cluster's lease for an operation. Throws TerminalError `ClusterBusy` while another one has it. */
export const lease = ({ store, runtime }: Context, operation: Operation): Promise<void> =>
  store.acquireLease(operation.cluster, {
    operationId: operation.id,
    operationType: operation.type,
    acquiredAt: iso(runtime.clock.now()),
  });

export const isBusy = (error: unknown): error is TerminalError =>
  error instanceof TerminalError && error.code === "ClusterBusy";

/** Starts the workflow of an operation that is Pending and has the lease. */
export async function execute({ store, runtime }: Context, operation: Operation): Promise<Operation> {
  const { id, type, attempt, cluster } = operation;
  // Where the cluster is: Step Functions calls AWS in its own region only.
  const workflows = workflowsOf(runtime, cluster.region);
  const executionArn = await workflows.start(type, executionName(operation), { operationId: id });
  return store.updateOperation(id, (current) =>
    // It may have come to its next wait meanwhile: that one has no execution.
    current.executionArn === executionArn || current.attempt !== attempt || current.awaiting
      ? undefined
      : { ...current, executionArn },
  );
}

/** Writes into the log that an operation is Pending, and starts its workflow. */
export async function launch(context: Context, operation: Operation, message: string): Promise<Operation> {
  await context.store.appendEvent(operation.id, {
    at: iso(context.runtime.clock.now()),
    kind: "OperationStatusChanged",
    status: "Pending",
    message,
  });
  return execute(context, operation);
}
