import type { GrantNames } from "../core/grants.ts";

/** Where a stage lives: known before anything is deployed, so that ARNs are plain text. */
export interface Place {
  readonly stage: string;
  readonly partition: string;
  readonly account: string;
  /** Of the table, the bus and the API. */
  readonly region: string;
  /** Further regions, whose clusters the stage manages too. */
  readonly furtherRegions?: readonly string[];
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
  /** ARN of a role: the same in every region. */
  readonly role: (name: string) => string;
  /** Where table, bus and API are. */
  readonly homeRegion: string;
  readonly furtherRegions: readonly string[];
  /** The names of every region that the stage works in, the home region's first. */
  readonly places: readonly Names[];
  /** The same stage in another of its regions; table and bus stay at home. */
  readonly in: (region: string) => Names;
}

/** Names of a stage in its home region. */
export function namesOf({
  stage,
  partition,
  account,
  region: homeRegion,
  furtherRegions = [],
}: Place): Names {
  const of = (name?: string): string =>
    name === undefined ? `slipway-${stage}` : `slipway-${stage}-${name}`;
  const inRegion = (region: string): Names => {
    const arnIn = (place: string, service: string, resource: string): string =>
      `arn:${partition}:${service}:${place}:${account}:${resource}`;
    const arn = (service: string, resource: string): string => arnIn(region, service, resource);
    const workflow = (name: string): string => arn("states", `stateMachine:${of(name)}`);
    return {
      stage,
      partition,
      account,
      region,
      homeRegion,
      furtherRegions,
      of,
      arn,
      role: (name) => `arn:${partition}:iam::${account}:role/${of(name)}`,
      table: arnIn(homeRegion, "dynamodb", `table/${of()}`),
      bus: arnIn(homeRegion, "events", `event-bus/${of()}`),
      function: (name) => arn("lambda", `function:${of(name)}`),
      workflow,
      workflowPrefix: workflow(""),
      workflowRole: (name) => of(`workflow-${name}`),
      get places() {
        return [homeRegion, ...furtherRegions].map(inRegion);
      },
      in: inRegion,
    };
  };
  return inRegion(homeRegion);
}

/** Name of a resource inside of the program: `drain-nodes` is `DrainNodes`. */
export const logical = (name: string): string =>
  name
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
