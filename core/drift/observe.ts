import { desiredAddons } from "../cluster-config/desired.ts";
import type { Difference, Operation } from "../operation/types.ts";
import { ENDED } from "../operation/types.ts";
import type { Change } from "../reconcile/change.ts";
import { changesOf } from "../reconcile/changes.ts";
import type { Comparison } from "../reconcile/context.ts";
import type { Baseline } from "./baseline.ts";
import { driftClassOf, isDisruptive } from "./classes.ts";
import type { Observation } from "./types.ts";

/** What a look at a cluster found. */
export interface Look {
  readonly observations: readonly Observation[];
  /** EKS, for somebody, is at work on these: what they will be cannot be told yet. */
  readonly settling: readonly string[];
}

export interface LookRequest {
  /** With the desired state in full, and `prune`: what is there and not in the file is drift. */
  readonly comparison: Comparison;
  readonly baseline: Baseline | undefined;
  /** Fields that an operation of Slipway is about to change, or left half done. */
  readonly isOwn: (difference: Difference) => boolean;
}

/** The images of nodes move with rotations: which one a group has is not drift. */
const NOT_DRIFT = /\]\.(releaseVersion|role)$/;

/** Everything in which a cluster is not as it should be. Pure. */
export function observe({ comparison, baseline, isOwn }: LookRequest): Look {
  const settling: string[] = [];
  const observations = new Map<string, Observation>();
  for (const change of [...changesOf(comparison), ...addonVersions(comparison, baseline)]) {
    if (change.busy !== undefined) {
      settling.push(change.busy);
      continue;
    }
    const own = change.differences.filter(isOwn);
    // A step does all of its differences at once: with one that is not drift it is not for a remediation.
    const step = change.call && own.length === 0 ? change.step?.id : undefined;
    for (const difference of change.differences) {
      if (own.includes(difference) || NOT_DRIFT.test(difference.field)) continue;
      observations.set(difference.field, observation(difference, step));
    }
  }
  return { observations: [...observations.values()], settling };
}

function observation(difference: Difference, step: string | undefined): Observation {
  const { field, from, to, how, remedy } = difference;
  return {
    field,
    class: driftClassOf(difference),
    ...(to === undefined ? {} : { desired: to }),
    ...(from === undefined ? {} : { actual: from }),
    how,
    ...(step === undefined || how === "rotate" ? {} : { step }),
    disruptive: isDisruptive(difference),
    ...(remedy === undefined ? {} : { remedy }),
  };
}

/**
 * Add-ons that no file says, or not their version, against those that Slipway left. Versions are not taken back:
 * add-ons go forward only.
 */
function addonVersions({ live, config }: Comparison, baseline: Baseline | undefined): Change[] {
  const listed = desiredAddons(config);
  const said = new Set((config.addons ?? []).flatMap(({ name, version }) => (version ? [name] : [])));
  const moved = live.addons.flatMap(({ name, version, status }) => {
    const left = baseline?.addons[name];
    if (left === undefined || left === version || said.has(name) || status !== "ACTIVE") return [];
    const remedy = `Accept it, or write the version of ${name} into the file.`;
    return [{ field: `addons[${name}].version`, from: version, to: left, how: "left" as const, remedy }];
  });
  const gone = Object.entries(baseline?.addons ?? {})
    .filter(
      ([name]) =>
        !live.addons.some((addon) => addon.name === name) && !listed.some((addon) => addon.name === name),
    )
    .map(([name, version]) => ({
      field: `addons[${name}]`,
      to: version,
      how: "left" as const,
      remedy: `Accept it, or write ${name} into the file and apply that.`,
    }));
  return [...moved, ...gone].map((difference) => ({ differences: [difference] }));
}

/** Whether a field is one of those planned, or a part of one that is on its way. */
export const covers = (planned: ReadonlySet<string>, field: string): boolean =>
  planned.has(field) ||
  [...planned].some(
    (one) =>
      field.startsWith(`${one}.`) ||
      field.startsWith(`${one}[`) ||
      (one.endsWith(".status") && field === one.slice(0, -".status".length)),
  );

const VERSIONS = /^(metadata\.version|addons\[[^\]]+\]\.version)$/;
const MOVES_VERSIONS: ReadonlySet<Operation["type"]> = new Set([
  "upgrade-cluster",
  "rollback-cluster",
  "update-addons",
]);

/**
 * Differences that operations of Slipway are about to make away with, or have made: those of one that waits (for a
 * window, an approval), and versions of one that stopped half way. What it left undone is the operation's to tell.
 */
export function ownDifference(
  operations: readonly Operation[],
  pending: ReadonlySet<string>,
): (difference: Difference) => boolean {
  const waiting = operations.filter(({ status }) => !ENDED.has(status));
  const planned = new Set(
    waiting
      .filter(({ type }) => type !== "reconcile-drift")
      .flatMap(({ plan }) => (plan.differences ?? []).map(({ field }) => field)),
  );
  const versions = new Set(
    operations
      .filter(({ type, startedAt }) => MOVES_VERSIONS.has(type) && startedAt !== undefined)
      .flatMap(({ plan }) => plan.phases.map(({ version }) => version)),
  );
  const moving = waiting.some(({ type, startedAt }) => MOVES_VERSIONS.has(type) && startedAt !== undefined);
  return ({ field, from }) =>
    pending.has(field) ||
    covers(planned, field) ||
    (moving && VERSIONS.test(field)) ||
    (field === "metadata.version" && versions.has(from ?? ""));
}
