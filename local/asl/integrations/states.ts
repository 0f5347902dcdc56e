import { createHash } from "node:crypto";
import { type AwsEndpoint, AwsError } from "../../aws/contract.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { redriveStatus } from "../api/describe.ts";
import { IntegrationError } from "../contract.ts";
import type { ExecutionDoc } from "../documents.ts";
import { ERROR } from "../failure.ts";
import { isObject, type Json } from "../json.ts";
import { httpMetadata } from "./http-metadata.ts";
import type { CallContext, Integration } from "./integrations.ts";

/** A name in the form of a UUID, the same for the same call. */
function nameOf(call: string): string {
  const h = createHash("sha256").update(call).digest("hex");
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-8${h.slice(17, 20)}-${h.slice(20, 32)}`;
}

/** `states:startExecution`, `.sync` and `.sync:2` (which hands input and output on as JSON, not as text). */
export function startExecution(kernel: Kernel, endpoint: AwsEndpoint, pattern: string): Integration {
  const json = pattern === ".sync:2";
  const value = (text: string): Json => (json ? (JSON.parse(text) as Json) : text);
  return {
    family: "Task",
    resourceType: "states",
    resource: `startExecution${pattern}`,
    pattern: pattern.startsWith(".sync") ? "child" : pattern === "" ? "request" : "callback",
    async call(context) {
      const started = await start(kernel, endpoint, context);
      return {
        ExecutionArn: started.ExecutionArn,
        ...httpMetadata({
          ids: kernel.ids,
          now: kernel.clock.now(),
          length: JSON.stringify(started).length,
          contentType: "application/x-amz-json-1.0",
        }),
        StartDate: started.StartDate,
      };
    },
    childOf: (response) => (isObject(response) ? String(response.ExecutionArn) : ""),
    childResult(child, input) {
      const described = describeChild(child, input, value);
      if (child.status === "SUCCEEDED") return described;
      throw new IntegrationError(ERROR.taskFailed, JSON.stringify(described));
    },
  };
}

async function start(
  kernel: Kernel,
  endpoint: AwsEndpoint,
  { parameters, scope, execution, id, repeated }: CallContext,
): Promise<{ readonly ExecutionArn: string; readonly StartDate: number }> {
  const args = isObject(parameters) ? parameters : {};
  const input = args.Input === undefined ? "{}" : args.Input;
  const name = typeof args.Name === "string" ? args.Name : nameOf(`${execution.arn}/${id}`);
  const request = {
    stateMachineArn: args.StateMachineArn,
    input: typeof input === "string" ? input : JSON.stringify(input),
    name,
    ...(args.TraceHeader === undefined ? {} : { traceHeader: args.TraceHeader }),
  };
  try {
    const output = await endpoint.call("sfn", "StartExecution", request, scope);
    const startDate = output.startDate instanceof Date ? output.startDate.getTime() : kernel.clock.now();
    return { ExecutionArn: String(output.executionArn), StartDate: startDate };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    // The child that was started before the process was killed has ended meanwhile.
    if (repeated && error.code === "ExecutionAlreadyExists")
      return {
        ExecutionArn: executionArn(String(args.StateMachineArn), name),
        StartDate: kernel.clock.now(),
      };
    const code = error.code.endsWith("Exception") ? error.code : `${error.code}Exception`;
    throw new IntegrationError(
      `StepFunctions.${code}`,
      `${error.message} (Service: AWSStepFunctions; Status Code: ${error.status}; Error Code: ${error.code}; Request ID: ${kernel.ids.uuid()}; Proxy: null)`,
    );
  }
}

/** ARN of a STANDARD machine's execution; a version or alias in the machine's ARN is no part of it. */
const executionArn = (machine: string, name: string): string =>
  `${machine.split(":").slice(0, 7).join(":").replace(":stateMachine:", ":execution:")}:${name}`;

function describeChild(child: ExecutionDoc, input: string, value: (text: string) => Json): Json {
  const redrive = redriveStatus(child);
  return {
    ...(child.failure.cause === undefined ? {} : { Cause: child.failure.cause }),
    ...(child.failure.error === undefined ? {} : { Error: child.failure.error }),
    ExecutionArn: child.arn,
    Input: value(input),
    InputDetails: { Included: true },
    Name: child.name,
    ...(child.output === null ? {} : { Output: value(child.output), OutputDetails: { Included: true } }),
    RedriveCount: child.redrives,
    RedriveStatus: redrive.status,
    ...(redrive.reason === undefined ? {} : { RedriveStatusReason: redrive.reason }),
    StartDate: child.startedAt,
    StateMachineArn: child.machine,
    Status: child.status,
    ...(child.stoppedAt === null ? {} : { StopDate: child.stoppedAt }),
  };
}
