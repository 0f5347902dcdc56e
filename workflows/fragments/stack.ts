import { choose, expr, failure, run, type States, service, wait } from "./states.ts";

interface StackStates {
  /** Distinguishes the states. */
  readonly id: string;
  readonly next: string;
  readonly failTo: string;
}

/**
 * Asks plan-stack for a stack and for CloudFormation to make it. Enter at `Plan<id>Stack`; sets `$stackName`.
 * One that exists is looked at by whoever awaits it.
 */
export const startStack = (
  options: StackStates & { readonly payload: Readonly<Record<string, unknown>> },
): States => {
  const { id, payload, next, failTo } = options;
  return {
    [`Plan${id}Stack`]: run("plan-stack", payload, {
      assign: { stackName: expr("$states.result.Payload.stackName"), polls: 0 },
      failTo,
      next: `Create${id}Stack`,
    }),
    [`Create${id}Stack`]: service(
      "cloudformation",
      "CloudFormation",
      "createStack",
      expr("$states.input.request"),
      {
        output: {},
        catches: [{ ErrorEquals: ["CloudFormation.AlreadyExistsException"], Next: next }],
        failTo,
        next,
      },
    ),
  };
};

/**
 * Waits until the stack `$stackName` is made; then `$stackOutputs` holds its outputs by name. Enter at
 * `WaitFor<id>Stack` with `$polls` = 0. A stack that this operation did not make is a failure.
 */
export const awaitStack = ({ id, next, failTo }: StackStates): States => ({
  [`WaitFor${id}Stack`]: wait("$polls = 0 ? 15 : 20", `Describe${id}Stack`),
  [`Describe${id}Stack`]: service(
    "cloudformation",
    "CloudFormation",
    "describeStacks",
    { StackName: expr("$stackName") },
    {
      assign: {
        polls: expr("$polls + 1"),
        stackOutputs: expr(
          "$exists($states.result.Stacks[0].Outputs[0]) ? $merge($states.result.Stacks[0].Outputs.{OutputKey: OutputValue}) : {}",
        ),
      },
      output: {
        status: expr("$states.result.Stacks[0].StackStatus"),
        ours: expr("$states.result.Stacks[0].Tags[Key='slipway.dev/operation'].Value = $operationId"),
        reason: expr(
          "$exists($states.result.Stacks[0].StackStatusReason) ? $states.result.Stacks[0].StackStatusReason : ''",
        ),
      },
      failTo,
      next: `${id}StackDone`,
    },
  ),
  [`${id}StackDone`]: choose(
    [
      {
        when: "$states.input.ours != true",
        assign: {
          failure: failure("StackExists", {
            message: "'a stack ' & $stackName & ' exists that this operation did not make'",
            remedy: "Delete that stack when nothing uses it, then retry the operation.",
          }),
        },
        next: failTo,
      },
      { when: "$states.input.status = 'CREATE_COMPLETE'", next },
      {
        when: "$states.input.status != 'CREATE_IN_PROGRESS' or $polls >= 90",
        next: `Explain${id}Stack`,
      },
    ],
    { next: `WaitFor${id}Stack` },
  ),
  ...explainStack({ id, next: failTo, failTo }),
});

/**
 * Why a stack failed: the first reason that is a resource's own, since those after it only say that they were
 * cancelled. Enter at `Explain<id>Stack` with `status` and `reason` of the stack as input.
 */
export const explainStack = ({ id, next, failTo }: StackStates): States => ({
  [`Explain${id}Stack`]: service(
    "cloudformation",
    "CloudFormation",
    "describeStackEvents",
    { StackName: expr("$stackName") },
    {
      // Newest first, and a page is enough: the failure ended the stack.
      output: expr(
        "($own := $states.result.StackEvents[$contains(ResourceStatus, 'FAILED') and $exists(ResourceStatusReason) and $not($contains(ResourceStatusReason, 'cancelled')) and ResourceType != 'AWS::CloudFormation::Stack'][]; $first := $own[-1]; {'status': $states.input.status, 'reason': $exists($first) ? $first.LogicalResourceId & ': ' & $first.ResourceStatusReason : $states.input.reason})",
      ),
      failTo,
      next: `${id}StackFailed`,
    },
  ),
  [`${id}StackFailed`]: {
    Type: "Pass",
    Assign: {
      failure: failure("StackFailed", {
        message: "'the stack ' & $stackName & ' is ' & $states.input.status & ': ' & $states.input.reason",
        remedy: "Mend what CloudFormation names, then retry the operation.",
      }),
    },
    Next: next,
  },
});

/**
 * Deletes a stack and waits until it is gone; one that is not there is success. `stack` is an expression of its
 * name. Enter at `Delete<id>Stack`, which may also be entered again: deleting what is being deleted changes nothing.
 */
export const deleteStackAndWait = (options: StackStates & { readonly stack: string }): States => {
  const { id, stack, next, failTo } = options;
  return {
    [`Delete${id}Stack`]: service(
      "cloudformation",
      "CloudFormation",
      "deleteStack",
      { StackName: expr(stack) },
      { assign: { polls: 0 }, output: {}, failTo, next: `WaitUntil${id}StackGone` },
    ),
    [`WaitUntil${id}StackGone`]: wait("$polls = 0 ? 45 : 20", `Describe${id}StackGone`),
    [`Describe${id}StackGone`]: service(
      "cloudformation",
      "CloudFormation",
      "describeStacks",
      { StackName: expr(stack) },
      {
        assign: { polls: expr("$polls + 1") },
        output: {
          status: expr("$states.result.Stacks[0].StackStatus"),
          reason: expr(
            "$exists($states.result.Stacks[0].StackStatusReason) ? $states.result.Stacks[0].StackStatusReason : ''",
          ),
        },
        // By name a deleted stack does not exist; CloudFormation has no code of its own for that.
        catches: [
          {
            ErrorEquals: [
              "CloudFormation.CloudFormationException",
              "CloudFormation.ValidationErrorException",
            ],
            Next: next,
          },
        ],
        failTo,
        next: `${id}StackGone`,
      },
    ),
    [`${id}StackGone`]: choose(
      [
        { when: "$states.input.status = 'DELETE_COMPLETE'", next },
        {
          when: "$states.input.status != 'DELETE_IN_PROGRESS' or $polls >= 120",
          assign: {
            failure: failure("StackNotDeleted", {
              message: `'stack ' & ${stack} & ' could not be deleted, it is ' & $states.input.status & ' ' & $states.input.reason`,
              remedy:
                "Remove what still uses it (network interfaces, roles in use), then retry the operation.",
            }),
          },
          next: failTo,
        },
      ],
      { next: `WaitUntil${id}StackGone` },
    ),
  };
};
