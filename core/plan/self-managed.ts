import { TerminalError } from "../errors.ts";
import { partStackName } from "../provision/stack.ts";
import type { SelfManagedFacts } from "../snapshot.ts";
import { physicalName, TAG_OPERATION } from "./green.ts";

/** On a self-managed group: the Kubernetes version that its machines are made for. */
export const TAG_VERSION = "slipway.dev/version";
/** On a self-managed group: hash of the settings that it was made with, so that a leftover can be told apart. */
export const TAG_SETTINGS = "slipway.dev/settings";
/** On a group that Cluster Autoscaler leaves alone for a rotation: the operation that asked for it. */
export const TAG_AUTOSCALER_PAUSED = "slipway.dev/autoscaler-paused";

/** A generation of a self-managed group: its Auto Scaling group and the stack that holds all of it. */
export interface SelfManagedGeneration {
  /** `workers-2`. */
  readonly name: string;
  readonly stackName: string;
  readonly generation: number;
}

/** What to do next about one self-managed group; each pass may begin anywhere. */
export type StackRotationAction =
  | {
      readonly action: "create" | "reuse" | "discard" | "finish";
      readonly blue: SelfManagedGeneration;
      readonly green: SelfManagedGeneration;
      readonly size: number;
    }
  | { readonly action: "done"; readonly green: SelfManagedGeneration; readonly size: number };

export const generationOf = (cluster: string, logical: string, generation: number): SelfManagedGeneration => {
  const name = physicalName(logical, generation);
  return { name, stackName: partStackName(cluster, `nodegroup/${name}`), generation };
};

/** Stacks in these statuses hold machines, or will. */
const USABLE: ReadonlySet<string> = new Set(["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]);
const GONE: ReadonlySet<string> = new Set(["", "DELETE_COMPLETE"]);

export interface StackRotation {
  readonly cluster: string;
  /** Logical name. */
  readonly nodegroup: string;
  readonly operationId: string;
  /** Of the settings that the new group is to have, version included. */
  readonly settings: string;
  /** The groups of this logical name that Auto Scaling has. */
  readonly groups: readonly SelfManagedFacts[];
  /** Status of a stack by its name; absent where there is none. */
  readonly stacks: Readonly<Record<string, { readonly status: string; readonly operation: string }>>;
}

/**
 * Blue is the oldest generation, green the one after it. A generation is there as long as its stack is, with or
 * without machines. Pure.
 *
 *   blue alone:        made by this operation with these settings -> finish while the stack before it is left, else done
 *                      otherwise -> create
 *   green's stack too: blue being deleted -> finish; of these settings and usable -> reuse; else discard
 *
 * Throws TerminalError `NodegroupNotFound`, or `RotationUnclear` for more than two.
 */
export function stackRotationAction(request: StackRotation): StackRotationAction {
  const { cluster, nodegroup, operationId, settings, stacks } = request;
  const groups = request.groups.filter((group) => group.ours).toSorted((a, b) => a.generation - b.generation);
  const statusOf = ({ stackName }: SelfManagedGeneration): string => stacks[stackName]?.status ?? "";
  const [blue, second, ...more] = groups;
  if (!blue)
    throw new TerminalError(`there is no self-managed node group ${nodegroup}`, {
      code: "NodegroupNotFound",
      remedy: "Look at the cluster's Auto Scaling groups; it may have been deleted meanwhile.",
    });
  if (more.length > 0)
    throw new TerminalError(`node group ${nodegroup} exists ${groups.length} times`, {
      code: "RotationUnclear",
      remedy: "Delete the stacks that are not in use, then retry the operation.",
    });
  const at = (generation: number): SelfManagedGeneration => generationOf(cluster, nodegroup, generation);
  const made = (group: SelfManagedFacts): boolean =>
    group.tags[TAG_OPERATION] === operationId && group.tags[TAG_SETTINGS] === settings;
  if (!second) {
    const before = at(blue.generation - 1);
    // Its machines are gone, its stack is not: the last step of a rotation.
    if (blue.generation > 1 && !GONE.has(statusOf(before)))
      return { action: "finish", blue: before, green: at(blue.generation), size: blue.desiredSize };
    if (made(blue)) return { action: "done", green: at(blue.generation), size: blue.desiredSize };
  }
  const old = at(blue.generation);
  const green = at(second?.generation ?? blue.generation + 1);
  const size = blue.desiredSize;
  const status = statusOf(green);
  if (!second && GONE.has(status)) return { action: "create", blue: old, green, size };
  if (second && (blue.deleting || statusOf(old).startsWith("DELETE_")))
    return { action: "finish", blue: old, green, size: second.desiredSize };
  const ours = second ? made(second) : stacks[green.stackName]?.operation === operationId;
  return { action: ours && USABLE.has(status) ? "reuse" : "discard", blue: old, green, size };
}
