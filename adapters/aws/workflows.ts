import type { Runtime } from "../runtime.ts";
import { perRuntime } from "../system-runtime.ts";
import { aws, awsErrorName } from "./errors.ts";
import { createSend } from "./operations/client.ts";
import {
  describeExecution,
  sendTaskFailure,
  sendTaskSuccess,
  startExecution,
  stopExecution,
} from "./operations/operations.ts";

export interface ExecutionState {
  readonly status: string;
  readonly error?: string;
  readonly cause?: string;
}

/** What tasks and the API do with executions. */
export interface WorkflowPort {
  /**
   * Starts `workflow` under `name` and returns the execution's ARN. A name identifies one start: repeating it is
   * success, also when that execution has ended.
   */
  start(workflow: string, name: string, input: object): Promise<string>;
  /** Stops an execution; one that has ended or never was is fine. */
  stop(executionArn: string, error: string, cause: string): Promise<void>;
  /** Undefined when there is no such execution (or its history has expired). */
  describe(executionArn: string): Promise<ExecutionState | undefined>;
  /** Answers a waiting task. False when nobody waits with this token any more. */
  succeed(token: string, output: object): Promise<boolean>;
  fail(token: string, error: string, cause: string): Promise<boolean>;
}

/** Nobody waits for the token any more: answered before, timed out, or its execution ended. */
const STALE_TOKEN = new Set(["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"]);

/** Ports by region. */
const portsOf = perRuntime(() => new Map<string, WorkflowPort>());

/**
 * Slipway's workflows in a region: those of a cluster run where the cluster is, since Step Functions calls AWS in
 * its own region only. Those of the whole fleet run at home. Tokens are answered where the workflow waits.
 */
export function workflowsOf(runtime: Runtime, region: string = runtime.config.region): WorkflowPort {
  const known = portsOf(runtime).get(region);
  if (known) return known;
  const port = createPort(runtime, region);
  portsOf(runtime).set(region, port);
  return port;
}

/** What the ARNs of Slipway's state machines in a region begin with. */
const prefixIn = (runtime: Pick<Runtime, "config">, region: string): string =>
  runtime.config.workflowArnPrefix.replace(/^(arn:[^:]+:states):[^:]+:/, `$1:${region}:`);

/** Whether a state machine is one of Slipway's, in any of its regions. */
export const isOwnWorkflow = (runtime: Pick<Runtime, "config">, stateMachineArn: string): boolean =>
  runtime.config.regions.some((region) => stateMachineArn.startsWith(prefixIn(runtime, region)));

function createPort(runtime: Runtime, region: string): WorkflowPort {
  const send = createSend({ ...runtime.aws, region });
  const prefix = prefixIn(runtime, region);

  const answered = async (call: string, work: () => Promise<unknown>): Promise<boolean> =>
    aws(call, async () => {
      try {
        await work();
        return true;
      } catch (error) {
        if (STALE_TOKEN.has(awsErrorName(error))) return false;
        throw error;
      }
    });

  return {
    start: (workflow, name, input) =>
      aws(`states StartExecution ${workflow} ${name}`, async () => {
        const stateMachineArn = `${prefix}${workflow}`;
        try {
          const reply = await send(startExecution, { stateMachineArn, name, input: JSON.stringify(input) });
          return reply.executionArn ?? "";
        } catch (error) {
          if (awsErrorName(error) !== "ExecutionAlreadyExists") throw error;
          return `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${name}`;
        }
      }),
    stop: async (executionArn, error, cause) => {
      await aws(`states StopExecution ${executionArn}`, async () => {
        try {
          await send(stopExecution, { executionArn, error, cause });
        } catch (failure) {
          if (awsErrorName(failure) !== "ExecutionDoesNotExist") throw failure;
        }
      });
    },
    describe: (executionArn) =>
      aws(`states DescribeExecution ${executionArn}`, async () => {
        try {
          const reply = await send(describeExecution, { executionArn });
          return {
            status: reply.status ?? "RUNNING",
            ...(reply.error ? { error: reply.error } : {}),
            ...(reply.cause ? { cause: reply.cause } : {}),
          };
        } catch (error) {
          if (awsErrorName(error) === "ExecutionDoesNotExist") return undefined;
          throw error;
        }
      }),
    succeed: (taskToken, output) =>
      answered("states SendTaskSuccess", () =>
        send(sendTaskSuccess, { taskToken, output: JSON.stringify(output) }),
      ),
    fail: (taskToken, error, cause) =>
      answered("states SendTaskFailure", () => send(sendTaskFailure, { taskToken, error, cause })),
  };
}
