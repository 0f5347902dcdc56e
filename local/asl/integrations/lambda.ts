import { type AwsEndpoint, AwsError } from "../../aws/contract.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { IntegrationError } from "../contract.ts";
import { isObject, type Json } from "../json.ts";
import { httpMetadata } from "./http-metadata.ts";
import type { CallContext, Integration } from "./integrations.ts";

interface Invocation {
  readonly text: string;
  readonly statusCode: number;
  readonly version: string;
}

const textOf = (payload: unknown): string => {
  if (payload === undefined || payload === null) return "";
  return typeof payload === "string" ? payload : Buffer.from(payload as Uint8Array).toString("utf8");
};

const parse = (text: string): Json => {
  try {
    return text === "" ? "" : (JSON.parse(text) as Json);
  } catch {
    return text;
  }
};

/** The error of a function that answered with `FunctionError`: its own type, and its whole answer as cause. */
function functionError(text: string): IntegrationError {
  const answer = parse(text);
  const type = isObject(answer) && typeof answer.errorType === "string" ? answer.errorType : "Lambda.Unknown";
  return new IntegrationError(type === "" ? "Lambda.Unknown" : type, text);
}

function serviceError(error: AwsError): IntegrationError {
  const requestId = typeof error.members.requestId === "string" ? error.members.requestId : "unknown";
  const cause = `${error.message} (Service: AWSLambda; Status Code: ${error.status}; Error Code: ${error.code}; Request ID: ${requestId}; Proxy: null)`;
  return new IntegrationError(`Lambda.${error.code}`, cause);
}

export function lambdaIntegrations(kernel: Kernel, endpoint: AwsEndpoint) {
  async function invoke(input: Record<string, unknown>, context: CallContext): Promise<Invocation> {
    let output: Record<string, unknown>;
    try {
      output = await endpoint.call("lambda", "Invoke", input, context.scope);
    } catch (error) {
      throw error instanceof AwsError ? serviceError(error) : error;
    }
    const text = textOf(output.Payload);
    if (output.FunctionError !== undefined) throw functionError(text);
    return {
      text,
      statusCode: Number(output.StatusCode ?? 200),
      version: String(output.ExecutedVersion ?? "$LATEST"),
    };
  }

  const payload = (value: Json): Uint8Array => Buffer.from(JSON.stringify(value), "utf8");

  /** A function named by its ARN as the resource: the payload is all there is. */
  const byArn = (arn: string, region: string): Integration => ({
    family: "LambdaFunction",
    resourceType: arn,
    resource: arn,
    pattern: "request",
    region,
    async call(context) {
      const input = { FunctionName: arn, Payload: payload(context.parameters) };
      const { text } = await invoke(input, context);
      return text === "" ? null : parse(text);
    },
  });

  /** `lambda:invoke`, with its envelope. */
  const optimized = (callback: boolean): Integration => ({
    family: "Task",
    resourceType: "lambda",
    resource: callback ? "invoke.waitForTaskToken" : "invoke",
    pattern: callback ? "callback" : "request",
    async call(context) {
      const args = isObject(context.parameters) ? context.parameters : {};
      const { Payload, ...rest } = args;
      const input = Payload === undefined ? rest : { ...rest, Payload: payload(Payload) };
      const { text, statusCode, version } = await invoke(input, context);
      const traceId = `root=1-${kernel.ids.hex(8)}-${kernel.ids.hex(24)};parent=${kernel.ids.hex(16)};sampled=0`;
      return {
        ExecutedVersion: version,
        Payload: parse(text),
        ...httpMetadata({
          ids: kernel.ids,
          now: kernel.clock.now(),
          length: Buffer.byteLength(text),
          contentType: "application/json",
          extra: [
            ["X-Amz-Executed-Version", version],
            ["x-amzn-Remapped-Content-Length", "0"],
            ["X-Amzn-Trace-Id", traceId],
          ],
        }),
        StatusCode: statusCode,
      };
    },
  });

  return { byArn, optimized };
}
