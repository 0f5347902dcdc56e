import type { Difference } from "../operation/types.ts";
import type { DriftClass } from "../policy/drift.ts";

/** Fields by their beginnings; the first that fits counts. */
const BY_FIELD: readonly (readonly [RegExp, DriftClass])[] = [
  [/^metadata\.tags\.|\]\.tags\./, "tags"],
  [/^vpc\.(clusterEndpoints|publicAccessCIDRs)/, "endpoint-access"],
  [/^cloudWatch\./, "logging"],
  [/^accessConfig\.authenticationMode/, "authentication"],
  [/^deletionProtection/, "protection"],
  [/^(managedNodeGroups|nodeGroups)\[/, "nodegroup"],
  [/^addons\[/, "addon"],
  [/^(accessConfig\.accessEntries|iamIdentityMappings|identityProviders)\[/, "access"],
  [/^iam\.podIdentityAssociations\[/, "pod-identity"],
  [/^fargateProfiles\[/, "fargate"],
  [/^capabilities\[/, "capability"],
];

/** A whole thing, not a field of it: `managedNodeGroups[workers]`. */
const WHOLE = /^\w+\[[^\]]*\]$/;

/** The kind of drift that a difference is. */
export function driftClassOf({ field, from, to }: Pick<Difference, "field" | "from" | "to">): DriftClass {
  const found = BY_FIELD.find(([name]) => name.test(field))?.[1] ?? "cluster";
  if (found !== "nodegroup" || !WHOLE.test(field)) return found;
  if (from === undefined) return "nodegroup-missing";
  return to === undefined ? "nodegroup-foreign" : "nodegroup";
}

/** What nothing runs on: taking it away stops no workload. */
const HARMLESS_TO_DELETE: ReadonlySet<DriftClass> = new Set(["access", "tags"]);

/**
 * Whether bringing a field back may stop workloads: something is deleted, replaced, or left with fewer nodes than
 * it has now.
 */
export function isDisruptive(difference: Pick<Difference, "field" | "from" | "to" | "how">): boolean {
  const { field, from, to, how } = difference;
  if (how === "rotate") return true;
  if (how === "delete") return !HARMLESS_TO_DELETE.has(driftClassOf(difference));
  if (field.endsWith(".status")) return true;
  return field.endsWith("].desiredCapacity") && Number(to) < Number(from);
}
