import type { Difference } from "../operation/types.ts";
import { accessChanges, podIdentityChanges } from "./access.ts";
import { addonChanges } from "./addons.ts";
import { capabilityChanges } from "./capabilities.ts";
import type { Change } from "./change.ts";
import type { Comparison } from "./context.ts";
import { controlPlaneChanges } from "./control-plane.ts";
import { fargateChanges } from "./fargate.ts";
import { nodegroupChanges } from "./nodegroups.ts";

/**
 * Everything in which a cluster is not as its file says, in the order in which it is changed: the control plane
 * (and with it who may come in), roles of pods, add-ons, then what runs nodes; what is deleted comes last, and
 * rotations after all else. A field that the file does not have is not compared.
 */
export function changesOf(comparison: Comparison): Change[] {
  const changes = [
    ...controlPlaneChanges(comparison),
    ...accessChanges(comparison),
    ...podIdentityChanges(comparison),
    ...addonChanges(comparison),
    ...nodegroupChanges(comparison),
    ...fargateChanges(comparison),
    ...capabilityChanges(comparison),
  ];
  return changes.toSorted((a, b) => rank(a) - rank(b));
}

const rank = ({ step, rotation }: Change): number =>
  rotation ? 3 : step?.id.endsWith("/delete") ? 2 : step ? 1 : 4;

/** All differences; those of nothing but a cluster at work on itself are not any. */
export const differencesOf = (changes: readonly Change[]): Difference[] =>
  changes.flatMap((change) => change.differences);

/** What makes an apply impossible. */
export const refusals = (changes: readonly Change[]): Difference[] =>
  differencesOf(changes).filter((difference) => difference.how === "immutable");
