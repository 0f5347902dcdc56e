import type { State } from "../../core/declaration.ts";
import { eksRetry, lambdaRetry, nestedRetry, type Retrier, serviceRetry } from "./retry.ts";

/**
 * The building blocks of Slipway's workflows. Conventions of every machine:
 *
 *   $operationId, $attempt   of the operation, from the input
 *   $managedRole             the role to assume in the cluster's account; empty where that is Slipway's own
 *   $failure                 {Error, Cause} of what went wrong, set by every Catch and every failing Choice
 *   "Failed"                 where every failure goes: the machine's compensation, or the outcome itself
 */
export type States = Readonly<Record<string, State>>;

/** A JSONata expression as a state's field holds it. */
export const expr = (text: string): string => `{% ${text} %}`;

export interface Flow {
  /** The state after success; without it the machine ends here. */
  readonly next?: string;
  /** The state after a failure; `Failed` unless told otherwise. */
  readonly failTo?: string;
  readonly assign?: Readonly<Record<string, unknown>>;
  readonly output?: unknown;
  readonly retry?: readonly Retrier[];
  /** Catchers before the one of all errors. */
  readonly catches?: readonly object[];
  readonly timeoutSeconds?: number;
}

/** Where an error goes, with what it said. */
export const catchTo = (
  next: string,
  errors: readonly string[] = ["States.ALL"],
  assign: Readonly<Record<string, unknown>> = {},
): object => ({
  ErrorEquals: errors,
  Assign: {
    failure: expr("{'Error': $states.errorOutput.Error, 'Cause': $states.errorOutput.Cause}"),
    ...assign,
  },
  Next: next,
});

function callOut(
  resource: string,
  args: object | string,
  flow: Flow,
  defaults: { retry: readonly Retrier[]; timeout: number },
): State {
  return {
    Type: "Task",
    Resource: resource,
    Arguments: args,
    TimeoutSeconds: flow.timeoutSeconds ?? defaults.timeout,
    Retry: flow.retry ?? defaults.retry,
    Catch: [...(flow.catches ?? []), ...(flow.failTo === "" ? [] : [catchTo(flow.failTo ?? "Failed")])],
    ...(flow.assign ? { Assign: flow.assign } : {}),
    ...(flow.output === undefined ? {} : { Output: flow.output }),
    ...(flow.next ? { Next: flow.next } : { End: true }),
  };
}

/** Placeholder of a function's ARN, filled in by render.ts. */
const functionArn = (name: string): string => `\${function:${name}}`;

/** Runs a task function; its answer is the state's output, and `$states.result.Payload` in `assign`. */
export const run = (name: string, payload: Readonly<Record<string, unknown>>, flow: Flow): State =>
  callOut(
    "arn:aws:states:::lambda:invoke",
    {
      FunctionName: functionArn(name),
      Payload: { operationId: expr("$operationId"), ...payload },
    },
    { output: expr("$states.result.Payload"), ...flow },
    { retry: lambdaRetry, timeout: 300 },
  );

/**
 * Whose permissions an AWS call is made with: those of Slipway's role in the cluster's account, or at home those of
 * the machine's own role. Step Functions wants a role there, so a machine's role trusts itself (decision 20).
 */
export const CREDENTIALS = {
  RoleArn: expr("$managedRole = '' ? $states.context.Execution.RoleArn : $managedRole"),
} as const;

const inAccount = (state: State): State => ({ ...state, Credentials: CREDENTIALS });

/** Calls EKS in the cluster's account. */
export const eks = (action: string, args: Readonly<Record<string, unknown>> | string, flow: Flow): State =>
  inAccount(callOut(`arn:aws:states:::aws-sdk:eks:${action}`, args, flow, { retry: eksRetry, timeout: 120 }));

/** Calls another AWS service in the cluster's account: `cloudformation`, and how Step Functions names its errors: `CloudFormation`. */
export const service = (
  id: string,
  errors: string,
  action: string,
  args: Readonly<Record<string, unknown>> | string,
  flow: Flow,
): State =>
  inAccount(
    callOut(`arn:aws:states:::aws-sdk:${id}:${action}`, args, flow, {
      retry: serviceRetry(errors),
      timeout: 120,
    }),
  );

/**
 * Runs another workflow as a part of this one and waits for its end. Its name is made of the operation, the
 * attempt and `part` (an expression), so that a repeated start is the same execution.
 */
export const nested = (
  workflow: string,
  part: string,
  input: Readonly<Record<string, unknown>>,
  flow: Flow & { readonly timeoutSeconds: number },
): State =>
  callOut(
    "arn:aws:states:::states:startExecution.sync:2",
    {
      StateMachineArn: `\${workflow:${workflow}}`,
      // At most 80 characters: operation 29, attempt 3, hash 9, which leaves 35 for what people recognize.
      Name: expr(
        `$operationId & '-' & $string($attempt) & '-' & $substring($replace(${part}, /[^A-Za-z0-9.-]/, '-'), 0, 34) & '-' & $substring($hash(${part}, 'SHA-256'), 0, 8)`,
      ),
      Input: {
        operationId: expr("$operationId"),
        attempt: expr("$attempt"),
        nested: true,
        managedRole: expr("$managedRole"),
        ...input,
        AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: expr("$states.context.Execution.Id"),
      },
    },
    flow,
    { retry: nestedRetry, timeout: flow.timeoutSeconds },
  );

/**
 * A gate: go on, wait while somebody paused, or end because somebody cancelled. With `phase` (an expression of the
 * phase that begins after it) also end because its window is closed or its approval is missing, to go on later.
 * The function answers the token at once unless the operation is paused, so that a gate costs one transition.
 */
export const gate = (
  next: string,
  { phase, ...flow }: Omit<Flow, "next"> & { readonly phase?: string } = {},
): State =>
  callOut(
    "arn:aws:states:::lambda:invoke.waitForTaskToken",
    {
      FunctionName: functionArn("gate"),
      Payload: {
        operationId: expr("$operationId"),
        token: expr("$states.context.Task.Token"),
        ...(phase === undefined ? {} : { phase: expr(phase) }),
      },
    },
    { ...flow, next },
    { retry: lambdaRetry, timeout: PAUSE_LIMIT_SECONDS },
  );

/** A paused operation is given up after two weeks. */
export const PAUSE_LIMIT_SECONDS = 14 * 86_400;

/** No execution lives longer; EKS updates, drains and one full pause fit in. */
export const EXECUTION_LIMIT_SECONDS = 30 * 86_400;

/** 64 hexadecimal digits that stay the same when a call is repeated after a crash. */
export const requestToken = (what: string): string =>
  expr(`$hash($operationId & ':' & $string($attempt) & ':' & ${what}, 'SHA-256')`);

/** `$failure` for an outcome that no error told: an expression for Assign. */
export const failure = (
  code: string,
  fields: { message: string; remedy: string; step?: string; detail?: string },
): string =>
  expr(
    `{'Error': '${code}', 'Cause': $string({'message': ${fields.message}, 'remedy': '${fields.remedy}'${
      fields.step ? `, 'step': ${fields.step}` : ""
    }${fields.detail ? `, 'detail': ${fields.detail}` : ""}})}`,
  );

/** `: CODE message` of each error of an update, in `$states.input.errors`: an expression. */
export const UPDATE_ERRORS =
  "$join($map($states.input.errors, function($e) { ': ' & $e.ErrorCode & ' ' & $e.ErrorMessage }))";

export const wait = (seconds: string, next: string): State => ({
  Type: "Wait",
  Seconds: expr(seconds),
  Next: next,
});

export interface Rule {
  readonly when: string;
  readonly next: string;
  readonly assign?: Readonly<Record<string, unknown>>;
}

export const choose = (rules: readonly Rule[], otherwise: Omit<Rule, "when">): State => ({
  Type: "Choice",
  Choices: rules.map((rule) => ({
    Condition: expr(rule.when),
    ...(rule.assign ? { Assign: rule.assign } : {}),
    Next: rule.next,
  })),
  Default: otherwise.next,
  ...(otherwise.assign ? { Assign: otherwise.assign } : {}),
});
