import { createHash } from "node:crypto";
import { type AwsEndpoint, AwsError } from "../../aws/contract.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { redriveStatus } from "../api/describe.ts";
import { IntegrationError } from "../contract.ts";
import type { ExecutionDoc } from "../documents.ts";
import { ERROR } from "../failure.ts";
import { isObject, type Json } from "../json.ts";
import { httpMetadata } from "./http-metadata.ts";
import type { Integration } from "./integrations.ts";

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
    async call({ parameters, scope, execution, id }) {
      const args = isObject(parameters) ? parameters : {};
      const input = args.Input === undefined ? "{}" : args.Input;
      const request = {
        stateMachineArn: args.StateMachineArn,
        input: typeof input === "string" ? input : JSON.stringify(input),
        // A name of its own, the same when the call is made again after a restart: the child starts once.
        name: args.Name ?? nameOf(`${execution.arn}/${id}`),
        ...(args.TraceHeader === undefined ? {} : { traceHeader: args.TraceHeader }),
      };
      try {
        const output = await endpoint.call("sfn", "StartExecution", request, scope);
        const startDate = output.startDate instanceof Date ? output.startDate.getTime() : execution.startedAt;
        const response = { ExecutionArn: String(output.executionArn), StartDate: startDate };
        return {
          ExecutionArn: response.ExecutionArn,
          ...httpMetadata({
            ids: kernel.ids,
            now: kernel.clock.now(),
            length: JSON.stringify(response).length,
            contentType: "application/x-amz-json-1.0",
          }),
          StartDate: response.StartDate,
        };
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        const requestId = kernel.ids.uuid();
        throw new IntegrationError(
          `StepFunctions.${error.code.endsWith("Exception") ? error.code : `${error.code}Exception`}`,
          `${error.message} (Service: AWSStepFunctions; Status Code: ${error.status}; Error Code: ${error.code}; Request ID: ${requestId}; Proxy: null)`,
        );
      }
    },
    childOf: (response) => (isObject(response) ? String(response.ExecutionArn) : ""),
    childResult(child, input) {
      const described = describeChild(child, input, value);
      if (child.status === "SUCCEEDED") return described;
      throw new IntegrationError(ERROR.taskFailed, JSON.stringify(described));
    },
  };
}

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
