import * as z from "zod";
import { DRIFT_STATES } from "../../drift/types.ts";
import { DRIFT_CLASSES, DRIFT_MODES } from "../../policy/drift.ts";
import * as schema from "../schemas.ts";
import { type ApiRoute, boolean, dryRun, paging } from "./route.ts";

const timestamp = z.string().meta({ description: "ISO 8601", format: "date-time" });
const reason = z.string().trim().min(1).max(1024);

const Resolution = z
  .object({
    state: z.enum(DRIFT_STATES),
    at: timestamp,
    operation: z.string().optional().meta({ description: "The operation that brings it back, or did." }),
    by: z.string().optional().meta({ description: "Who accepted it." }),
    reason: z.string().optional(),
  })
  .meta({ id: "DriftResolution" });

export const Drift = z
  .object({
    id: z.string().meta({ description: "Short and stable name of the field, for paths." }),
    field: z
      .string()
      .meta({ description: "As a ClusterConfig names it.", examples: ["vpc.publicAccessCIDRs"] }),
    class: z.enum(DRIFT_CLASSES),
    desired: z.string().optional(),
    actual: z.string().optional(),
    detectedAt: timestamp,
    seenAt: timestamp,
    mode: z.enum(DRIFT_MODES).meta({ description: "What the policy says of this class." }),
    change: z
      .object({
        id: z.string(),
        at: timestamp,
        call: z.string(),
        actor: z.string(),
        via: z.string().optional(),
        sourceAddress: z.string().optional(),
        userAgent: z.string().optional(),
      })
      .loose()
      .optional()
      .meta({ description: "Who did it, where an event told." }),
    remediable: z.boolean(),
    remedy: z.string().optional(),
    resolution: Resolution,
    history: z.array(
      z.object({
        detectedAt: timestamp,
        desired: z.string().optional(),
        actual: z.string().optional(),
        actor: z.string().optional(),
        resolution: Resolution,
      }),
    ),
  })
  .loose()
  .meta({ id: "Drift", description: "A field in which a cluster is, or was, not as it should be." });

export const ClusterDrift = z
  .object({
    cluster: schema.ClusterRef,
    items: z.array(Drift),
    lookedAt: timestamp.optional().meta({ description: "The last look that saw all of it; absent: never." }),
    dueAt: timestamp.optional().meta({ description: "When it is looked at next, where somebody asked." }),
    failure: z
      .object({
        code: z.string(),
        message: z.string(),
        remedy: z.string().optional(),
        since: timestamp,
        count: z.number(),
      })
      .optional()
      .meta({ description: "Why it cannot be looked at." }),
    operation: z.string().optional().meta({ description: "The operation that has the cluster now." }),
  })
  .meta({ id: "ClusterDrift" });
export type ClusterDrift = z.infer<typeof ClusterDrift>;

export const DriftList = z
  .object({ items: z.array(ClusterDrift), nextToken: z.string().optional() })
  .meta({ id: "DriftList" });
export type DriftList = z.infer<typeof DriftList>;

export const ReconcileRequest = z
  .strictObject({
    remediate: z.boolean().optional().meta({
      description: "Bring back what can be, whatever the policy's mode; without it only look.",
    }),
    fields: z.array(z.string().min(1).max(900)).min(1).max(100).optional().meta({
      description: "Only these fields, or their ids.",
    }),
    reason: reason.optional(),
  })
  .meta({ id: "ReconcileRequest" });

const Reconciliation = z
  .union([ClusterDrift, schema.Plan])
  .meta({ id: "Reconciliation", description: "What was found; of a dry run the plan." });

export const AcceptRequest = z.strictObject({ reason }).meta({ id: "AcceptRequest" });

const all = boolean.optional().meta({ description: "Also what is over, and what the policy ignores." });

export const driftRoutes = {
  listDrift: {
    id: "list-drift",
    method: "GET",
    path: "/v1/drift",
    summary: "Clusters that are not as they should be, or cannot be looked at",
    query: z.strictObject(paging),
    responses: { 200: { description: "A page of clusters.", schema: DriftList } },
  },
  getDrift: {
    id: "get-drift",
    method: "GET",
    path: "/v1/clusters/{cluster}/drift",
    summary: "In what a cluster is not as it should be, and who changed it",
    query: z.strictObject({ all }),
    responses: { 200: { description: "Its fields.", schema: ClusterDrift } },
  },
  reconcileCluster: {
    id: "reconcile-cluster",
    method: "POST",
    path: "/v1/clusters/{cluster}/reconciliations",
    summary: "Look at a cluster now and, if asked to, bring it back to what it should be",
    query: dryRun,
    body: ReconcileRequest,
    responses: {
      200: {
        description: "What was found, or the plan (dry run).",
        schema: Reconciliation,
      },
      202: { description: "The operation was started; Location names it.", schema: schema.Operation },
    },
  },
  acceptDrift: {
    id: "accept-drift",
    method: "POST",
    path: "/v1/clusters/{cluster}/drift/{field}/accept",
    summary: "Make the actual value of a field (or its id) the desired one",
    body: AcceptRequest,
    responses: { 200: { description: "The field, accepted.", schema: Drift } },
  },
} as const satisfies Record<string, ApiRoute>;
