import * as z from "zod";

/** What is done about a field that is not as it should be. */
export const DRIFT_MODES = ["ignore", "report", "approve", "remediate"] as const;
export type DriftMode = (typeof DRIFT_MODES)[number];

/** Kinds of drift, each with a mode of its own. */
export const DRIFT_CLASSES = [
  "endpoint-access",
  "logging",
  "authentication",
  "tags",
  "protection",
  "cluster",
  "nodegroup",
  "nodegroup-missing",
  "nodegroup-foreign",
  "addon",
  "access",
  "pod-identity",
  "fargate",
  "capability",
] as const;
export type DriftClass = (typeof DRIFT_CLASSES)[number];

const mode = z.enum(DRIFT_MODES);

export const driftSchema = z.strictObject({
  /** For every class that has none of its own. */
  mode: mode.default("report"),
  classes: z.partialRecord(z.enum(DRIFT_CLASSES), mode).default({}),
});

export type DriftPolicy = z.infer<typeof driftSchema>;

/**
 * The mode of a difference. What takes away something that may carry workloads (`disruptive`) is remediated only
 * where its class is named: `mode: remediate` alone asks a person first.
 */
export function driftModeOf(policy: DriftPolicy, driftClass: DriftClass, disruptive = false): DriftMode {
  const own = policy.classes[driftClass];
  if (own !== undefined) return own;
  return policy.mode === "remediate" && disruptive ? "approve" : policy.mode;
}
