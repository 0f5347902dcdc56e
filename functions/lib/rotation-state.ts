import { TerminalError } from "../../core/errors.ts";
import {
  carries,
  type GreenNodegroup,
  greenNodegroup,
  type NodegroupChange,
  TAG_OPERATION,
} from "../../core/plan/green.ts";
import type { NodegroupFacts } from "../../core/snapshot.ts";

/** What to do next about one logical node group, judged from what EKS has: every pass may begin anywhere. */
export type RotationAction =
  /** Create green beside blue. */
  | { readonly action: "create"; readonly blue: NodegroupFacts; readonly green: GreenNodegroup }
  /** A green of an earlier pass is usable. */
  | { readonly action: "reuse"; readonly blue: NodegroupFacts; readonly green: NodegroupFacts }
  /** A green that is of no use has to go first, in the way of an undone rotation. */
  | { readonly action: "discard"; readonly blue: NodegroupFacts; readonly leftover: string }
  /** Past the point of no return: blue is being deleted. */
  | { readonly action: "finish"; readonly blue: NodegroupFacts; readonly green: NodegroupFacts }
  /** The only group there is is the new one. */
  | { readonly action: "done"; readonly green: NodegroupFacts };

const USABLE: ReadonlySet<string> = new Set(["ACTIVE", "CREATING"]);

/**
 * Blue is the oldest generation of the group, green the newest. Pure.
 *
 *   one group:   made by this operation on this version -> done, else create
 *   two groups:  blue DELETING -> finish; green usable -> reuse; else discard
 *
 * Throws TerminalError `NodegroupNotFound`, or `RotationUnclear` for more than two.
 */
export function rotationAction(request: {
  readonly nodegroups: readonly NodegroupFacts[];
  readonly nodegroup: string;
  readonly version: string;
  readonly operationId: string;
  /** What the new nodes have beside the version. */
  readonly change?: NodegroupChange | undefined;
}): RotationAction {
  const { nodegroup, version, operationId, change = {} } = request;
  const groups = request.nodegroups
    .filter((group) => group.logicalName === nodegroup)
    .toSorted((a, b) => a.generation - b.generation || (a.name < b.name ? -1 : 1));
  const [blue, green, ...more] = groups;
  if (!blue)
    throw new TerminalError(`there is no node group ${nodegroup}`, {
      code: "NodegroupNotFound",
      remedy: "Look at the cluster's node groups; it may have been deleted meanwhile.",
    });
  if (more.length > 0)
    throw new TerminalError(
      `node group ${nodegroup} exists ${groups.length} times: ${groups.map((g) => g.name).join(", ")}`,
      { code: "RotationUnclear", remedy: "Delete the groups that are not in use, then retry the operation." },
    );
  if (!green) {
    const made = blue.tags[TAG_OPERATION] === operationId && blue.version === version;
    return made
      ? { action: "done", green: blue }
      : { action: "create", blue, green: greenNodegroup({ blue, version, operationId, change }) };
  }
  if (blue.status === "DELETING") return { action: "finish", blue, green };
  return green.version === version && USABLE.has(green.status) && carries(green, change)
    ? { action: "reuse", blue, green }
    : { action: "discard", blue, leftover: green.name };
}

/** Members that are maps of the user's own keys: their keys are not member names. */
const MAPS: ReadonlySet<string> = new Set(["addOrUpdateLabels", "labels", "requiredClaims", "tags"]);

/** `labels` is a map of texts where something is created, and a structure of changes where it is updated. */
const isMap = (name: string, value: object): boolean =>
  MAPS.has(name) && Object.values(value).every((member) => typeof member === "string");

/** An SDK request (`nodegroupName`) as a service integration of Step Functions wants it (`NodegroupName`). */
export function integrationArguments(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => integrationArguments(item));
  if (typeof value !== "object" || value === null || isMap(name, value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      `${key.charAt(0).toUpperCase()}${key.slice(1)}`,
      integrationArguments(member, key),
    ]),
  );
}
