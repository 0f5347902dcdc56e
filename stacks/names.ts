import type { GrantNames } from "../core/grants.ts";

/** Where a stage lives: known before anything is deployed, so that ARNs are plain text. */
export interface Place {
  readonly stage: string;
  readonly partition: string;
  readonly account: string;
  readonly region: string;
}

/** Names and ARNs of a stage. The embedded platform has the same with the stage `local` (local/names.ts). */
export interface Names extends GrantNames {
  /** `slipway-<stage>`, or `slipway-<stage>-<name>`. */
  readonly of: (name?: string) => string;
  /** Name of the role of a state machine, told from a function's by `workflow-`. */
  readonly workflowRole: (workflow: string) => string;
  /** A workflow's name completes it. */
  readonly workflowPrefix: string;
  readonly arn: (service: string, resource: string) => string;
}

export function namesOf({ stage, partition, account, region }: Place): Names {
  const of = (name?: string): string =>
    name === undefined ? `slipway-${stage}` : `slipway-${stage}-${name}`;
  const arn = (service: string, resource: string): string =>
    `arn:${partition}:${service}:${region}:${account}:${resource}`;
  const workflow = (name: string): string => arn("states", `stateMachine:${of(name)}`);
  return {
    stage,
    partition,
    account,
    region,
    of,
    arn,
    table: arn("dynamodb", `table/${of()}`),
    bus: arn("events", `event-bus/${of()}`),
    function: (name) => arn("lambda", `function:${of(name)}`),
    workflow,
    workflowPrefix: workflow(""),
    workflowRole: (name) => of(`workflow-${name}`),
  };
}

/** Name of a resource inside of the program: `drain-nodes` is `DrainNodes`. */
export const logical = (name: string): string =>
  name
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
