import * as z from "zod";
import { channelSchema } from "./channel.ts";
import { driftSchema } from "./drift.ts";
import { type Count, count, seconds } from "./fields.ts";
import { nodesSchema } from "./nodes.ts";
import { notificationsSchema } from "./notifications.ts";
import { windowsSchema } from "./windows.ts";

export type NodeCount = Count;
const nodeCount = count(450, "nodes");

const section = <S extends z.ZodType>(schema: S) => schema.default(() => schema.parse({}) as never);

/** How nodes are replaced. Times in seconds. */
export const rotationSchema = z.strictObject({
  /**
   * `perHop` replaces every node group at each minor version, so that nodes are never behind for long;
   * `minimal` only when the skew policy demands it and at the end: fewer restarts of the workloads.
   */
  strategy: z.enum(["perHop", "minimal"]).default("perHop"),
  /** `blueGreen`: a new group beside the old one. `rolling`: EKS's own update of the group in place. */
  method: z.enum(["blueGreen", "rolling"]).default("blueGreen"),
  /** Nodes of one group that may be draining at once. A share is rounded down, but is at least one node. */
  maxUnavailable: nodeCount.default(1),
  /** Nodes of one group in one zone that may be draining at once; without it only the limit above counts. */
  perZone: nodeCount.optional(),
  /** When the drain of a group as a whole gives up and the rotation is undone. */
  drainDeadlineSeconds: seconds(86_400).min(60).default(3600),
  /** Longest termination grace that a pod is given; a pod's own shorter grace counts. */
  podGraceSeconds: seconds(3600).default(600),
  /** How long new nodes must have been Ready before old ones are drained, and old ones empty before deletion. */
  bakeSeconds: seconds(86_400).default(60),
  /** Node groups of one cluster that rotate at the same time. */
  parallelNodegroups: z.number().int().min(1).max(30).default(3),
});

/** What to think of a check that did not pass. */
const checkOverride = z.strictObject({
  /** Stable code, e.g. `SINGLE_REPLICA`. */
  code: z.string().regex(/^[A-Z][A-Z0-9_]*$/, { error: "expected a check's code such as SINGLE_REPLICA" }),
  /** Goes into the record of every operation that makes use of it. */
  reason: z.string().trim().min(1).max(500),
});

/**
 * The AutomationPolicy document (`apiVersion: slipway.dev/v1`): what Slipway may do, and how gently. A policy
 * that does not parse is an error, never a default: an invalid policy means no disruption.
 */
export const automationPolicySchema = z.strictObject({
  apiVersion: z.literal("slipway.dev/v1"),
  kind: z.literal("AutomationPolicy"),
  metadata: z
    .strictObject({
      name: z
        .string()
        .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
        .default("default"),
    })
    .default({ name: "default" }),
  rotation: rotationSchema.default(() => rotationSchema.parse({})),
  checks: z.strictObject({ overrides: z.array(checkOverride).default([]) }).default({ overrides: [] }),
  /** `perHop`: somebody who is not the requester approves before each minor version. */
  approvals: z.enum(["none", "perHop"]).default("none"),
  /** An approval that nobody gave in this time is refused. */
  approvalHours: z.number().int().min(1).max(720).default(72),
  /** When work that disrupts may begin; without any: always. */
  windows: section(windowsSchema),
  drift: section(driftSchema),
  nodes: section(nodesSchema),
  channel: section(channelSchema),
  notifications: section(notificationsSchema),
  /** The ring that a rollout reaches this cluster in, e.g. `canary`. */
  ring: z.string().max(63).optional(),
  addons: z
    .strictObject({
      /** `default`: the version that EKS marks as default for the Kubernetes version. `latest`: the newest. */
      prefer: z.enum(["default", "latest"]).default("default"),
      /**
       * What an update does with fields that people changed in an add-on's objects, where the cluster's file does not
       * say it for the add-on: keep them, write over them, or fail.
       */
      conflicts: z.enum(["preserve", "overwrite", "none"]).default("preserve"),
    })
    .default({ prefer: "default", conflicts: "preserve" }),
});

export type AutomationPolicy = z.infer<typeof automationPolicySchema>;
export type RotationPolicy = AutomationPolicy["rotation"];

/** What counts where nobody wrote a policy. */
export const defaultPolicy: AutomationPolicy = automationPolicySchema.parse({
  apiVersion: "slipway.dev/v1",
  kind: "AutomationPolicy",
});
