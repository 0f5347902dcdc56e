import * as z from "zod";
import { count, documentName } from "../policy/fields.ts";

/** Clusters that a wave may hold, and that may be in work at once. */
const MOST = 10_000;

const clusters = count(MOST, "clusters");
/** How many may fail: none, a number, or a share (rounded down). */
const tolerated = z.union([z.literal(0), clusters], {
  error: 'expected 0, a number of clusters or a percentage such as "5%"',
});

const version = z.string().regex(/^1\.\d{1,3}$/, {
  error: (issue) =>
    `expected a Kubernetes version in quotes such as "1.36", found ${JSON.stringify(issue.input)}`,
});

const names = (what: string, pattern: RegExp) =>
  z.array(z.string().regex(pattern, { error: `expected ${what}` })).min(1);

/**
 * Which clusters: those that fit every criterion given. Nothing given would be everything, which has to be said:
 * `all: true`.
 */
const select = z
  .strictObject({
    all: z.literal(true).optional(),
    /** Names, or `account:region:name` where the name alone is not unique. */
    names: names("a cluster's name or account:region:name", /^[0-9A-Za-z][A-Za-z0-9:_-]{0,199}$/)
      .max(MOST)
      .optional(),
    /** Tags of the ClusterConfig (`metadata.tags`); every one given must be there with this value. */
    labels: z.record(z.string().min(1).max(128), z.string().max(256)).optional(),
    regions: names("a region such as eu-west-1", /^[a-z]{2}(-[a-z]+)+-\d$/).optional(),
    accounts: names("an account of 12 digits", /^\d{12}$/).optional(),
    /** Rings of the clusters' policies. */
    rings: names("the name of a ring", /^.{1,63}$/).optional(),
  })
  .refine((value) => Object.values(value).some((given) => given !== undefined), {
    error: "name a criterion, or say all: true for every cluster",
  });

const action = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("upgrade"),
    to: version,
    rotations: z.enum(["perHop", "minimal"]).optional(),
  }),
  z.strictObject({
    type: z.literal("rotate"),
    /** Logical names; without them every managed node group, one after the other. */
    nodegroups: z.array(z.string().min(1).max(63)).min(1).max(30).optional(),
  }),
  z.strictObject({
    type: z.literal("update-addons"),
    addons: z.array(z.string().min(1).max(100)).min(1).max(100).optional(),
  }),
]);

const wave = z
  .strictObject({
    name: z.string().min(1).max(63).optional(),
    /** The clusters whose policy names this ring. */
    ring: z.string().min(1).max(63).optional(),
    /** So many of the clusters that no other wave has, or a share of all selected (rounded up). */
    size: clusters.optional(),
    bakeMinutes: z.number().int().min(0).max(20_160).optional(),
    maxConcurrent: z.number().int().min(1).max(1000).optional(),
    tolerate: tolerated.optional(),
  })
  .refine((value) => (value.ring === undefined) !== (value.size === undefined), {
    error: "give either ring or size",
  });

/** What must be well of a cluster before others follow. That its operations succeeded is not for choice. */
const gate = z.strictObject({
  /** The Kubernetes API answers. */
  api: z.boolean().default(true),
  /** Every node is Ready. */
  nodes: z.boolean().default(true),
  /** No alarm of its nodes is open. */
  alarms: z.boolean().default(true),
  /** The pre-flight checks find nothing that blocks, other than what they found before. */
  checks: z.boolean().default(true),
});

/** The Rollout document: one action over many clusters, in waves. */
export const rolloutSchema = z.strictObject({
  apiVersion: z.literal("slipway.dev/v1"),
  kind: z.literal("Rollout"),
  metadata: z.strictObject({ name: documentName }),
  select,
  action,
  /** What no wave takes forms a last one. */
  waves: z
    .array(wave)
    .min(1)
    .max(50)
    .default([{ size: 1 }, { size: "10%" }, { size: "100%" }]),
  /** Clusters of a wave in work at once. */
  maxConcurrent: z.number().int().min(1).max(1000).default(5),
  /** Between the end of a wave and the look at its clusters. */
  bakeMinutes: z.number().int().min(0).max(20_160).default(30),
  gate: gate.default(() => gate.parse({})),
  /** Failures that do not stop it. */
  tolerate: z
    .strictObject({ perWave: tolerated.default(0), total: tolerated.optional() })
    .default({ perWave: 0 }),
  /** `perWave`: somebody who is not the requester approves each wave after the first. */
  approvals: z.enum(["none", "perWave"]).default("none"),
  /** A cluster that still waits then (for its window, an approval, another operation) is left behind. */
  waveDeadlineHours: z.number().int().min(1).max(720).default(168),
  /** What an abort does with clusters in work: `cancel` at their next safe point, or let them `finish`. */
  onAbort: z.enum(["cancel", "finish"]).default("cancel"),
  reason: z.string().trim().min(1).max(500).optional(),
  /** Findings that may pass in every cluster. */
  overrides: z
    .array(
      z.strictObject({
        code: z.string().regex(/^[A-Z][A-Z0-9_]{2,63}$/, { error: "expected a check's code" }),
        reason: z.string().trim().min(1).max(500),
      }),
    )
    .max(50)
    .default([]),
});

export type RolloutSpec = z.infer<typeof rolloutSchema>;
export type RolloutSpecInput = z.input<typeof rolloutSchema>;
export type RolloutSelect = RolloutSpec["select"];
export type RolloutAction = RolloutSpec["action"];
export type Tolerance = RolloutSpec["tolerate"]["perWave"];
