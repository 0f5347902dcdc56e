import type { Runtime } from "../../adapters/runtime.ts";
import { RUNTIME } from "../../adapters/runtime.ts";

/** The context object of an invocation, as Lambda's Node.js runtime gives it. */
export interface InvocationContext {
  readonly functionName: string;
  readonly functionVersion: "$LATEST";
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  callbackWaitsForEmptyEventLoop: boolean;
  /** Milliseconds until the timeout, on the platform's clock. */
  getRemainingTimeInMillis(): number;
}

/** Which invocation a runtime is made for. */
export interface Invocation {
  /** The declaration's name: `drain-nodes`. */
  readonly name: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly account: string;
  readonly region: string;
  readonly requestId: string;
}

export const contextOf = (
  invocation: Invocation,
  runtime: Runtime,
  limits: { readonly memoryMB: number; readonly deadline: number; readonly now: () => number },
): InvocationContext => {
  const context: InvocationContext = {
    functionName: invocation.functionName,
    functionVersion: "$LATEST",
    invokedFunctionArn: invocation.functionArn,
    memoryLimitInMB: String(limits.memoryMB),
    awsRequestId: invocation.requestId,
    logGroupName: `/aws/lambda/${invocation.functionName}`,
    logStreamName: `${new Date(limits.now()).toISOString().slice(0, 10).replaceAll("-", "/")}/[$LATEST]embedded`,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, limits.deadline - limits.now()),
  };
  return Object.assign(context, { [RUNTIME]: runtime });
};
