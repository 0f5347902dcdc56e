import type { CallScope } from "../../aws/contract.ts";
import type { ExecutionDoc } from "../documents.ts";
import type { Json } from "../json.ts";
import type { Assume } from "../states/task-scope.ts";

/** How a task ends: with the answer, with a token sent back, or with the end of what it started. */
export type Pattern = "request" | "callback" | "child" | "poll";

export interface CallContext {
  readonly execution: ExecutionDoc;
  /** The same each time one call is made again after a restart. */
  readonly id: string;
  /** True when the call may have been made before the process was killed. */
  readonly repeated: boolean;
  readonly parameters: Json;
  readonly scope: CallScope;
}

/** What a poll found. */
export type Polled = { readonly done: false } | { readonly done: true; readonly output: Json };

/** One resource that a Task can name. */
export interface Integration {
  /** `lambda` functions named by their ARN have a family of history events of their own. */
  readonly family: "Task" | "LambdaFunction";
  /** `aws-sdk:eks`, `lambda`, `states`; for a function its ARN. */
  readonly resourceType: string;
  /** `describeUpdate`, `invoke.waitForTaskToken`. */
  readonly resource: string;
  readonly pattern: Pattern;
  /** Region named by the resource; undefined: the execution's. */
  readonly region?: string;
  /** Makes the request. Rejects with IntegrationError. */
  call(context: CallContext): Promise<Json>;
  /** ARN of the execution that `response` says was started. */
  childOf?(response: Json): string;
  /** The result of a task whose child execution ended. Throws IntegrationError when it did not succeed. */
  childResult?(child: ExecutionDoc, input: string): Json;
  poll?(context: CallContext, response: Json): Promise<Polled>;
}

export interface Integrations {
  /** Assumes the role that a task's `Credentials` name. Rejects with IntegrationError. */
  readonly assume: Assume;
  /** The integration behind a `Resource`; undefined when there is none. */
  find(resource: string): Integration | undefined;
}
