import type { Difference, PlanStep, StepKind } from "../operation/types.ts";

/** The calls of EKS that an apply makes; the workflow has a state for each of them. */
export const ACTIONS = [
  "updateClusterConfig",
  "associateEncryptionConfig",
  "associateIdentityProviderConfig",
  "tagResource",
  "untagResource",
  "createAccessEntry",
  "updateAccessEntry",
  "deleteAccessEntry",
  "associateAccessPolicy",
  "disassociateAccessPolicy",
  "createPodIdentityAssociation",
  "updatePodIdentityAssociation",
  "deletePodIdentityAssociation",
  "createFargateProfile",
  "deleteFargateProfile",
  "createAddon",
  "updateAddon",
  "deleteAddon",
  "createNodegroup",
  "updateNodegroupConfig",
  "deleteNodegroup",
] as const;

export type Action = (typeof ACTIONS)[number];

/** One call, with the SDK's member names; `clusterName` (or `name`) is in it, the token is not. */
export interface Call {
  readonly action: Action;
  readonly request: Readonly<Record<string, unknown>>;
}

/**
 * One thing that is not as the file says. With a step it is part of the plan and `call` is what to do next about
 * it: after the call one looks again, so that a change in several moves (an authentication mode two steps away)
 * needs no list of them. Without a step it is only shown: what apply leaves alone, and what cannot be changed.
 */
export interface Change {
  readonly step?: PlanStep;
  /** Absent for a rotation, which is a workflow of its own. */
  readonly call?: Call;
  /** Somebody, maybe we, is at work on it: what to wait for. */
  readonly busy?: string;
  /** What was made is of no use, in EKS's words: `call` takes it away, so that it can be made anew. */
  readonly failed?: string;
  /** What a rotation of the group brings. */
  readonly rotation?: Readonly<Record<string, unknown>>;
  readonly differences: readonly Difference[];
}

export interface StepText {
  readonly kind: StepKind;
  readonly title: string;
  readonly target?: string;
  readonly expectedSeconds: number;
}

/** A step of the phase `change`. */
export const changeStep = (name: string, text: StepText): PlanStep => ({ id: `change/${name}`, ...text });

/** Puts the id of the step into its differences. */
export function changed(
  step: PlanStep,
  differences: readonly Omit<Difference, "step">[],
  next: Omit<Change, "step" | "differences">,
): Change[] {
  if (differences.length === 0) return [];
  return [{ step, differences: differences.map((each) => ({ ...each, step: step.id })), ...next }];
}

/** What is only shown. */
export const shown = (...differences: readonly Difference[]): Change[] =>
  differences.length === 0 ? [] : [{ differences }];
