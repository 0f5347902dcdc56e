import * as z from "zod";
import { VERDICTS } from "../../nodes/decide.ts";
import * as schema from "../schemas.ts";
import { type ApiRoute, dryRun, started } from "./route.ts";

const timestamp = z.string().meta({ description: "ISO 8601", format: "date-time" });
const reason = z.string().trim().min(1).max(1024);

const Remediation = z
  .object({
    operation: z.string().meta({ description: "The operation; `spot-<instance>` for a Spot interruption." }),
    node: z.string(),
    nodegroup: z.string().meta({ description: "Name in the ClusterConfig." }),
    kind: z.enum(["remediation", "spot"]),
    action: z.enum(["terminate", "reboot", "drain"]),
    why: z.string(),
    startedAt: timestamp,
    endedAt: timestamp.optional(),
    outcome: z.enum(["succeeded", "failed", "skipped"]).optional(),
    error: z.string().optional(),
  })
  .meta({ id: "Remediation" });

export const Automation = z
  .object({
    cluster: schema.ClusterRef,
    mode: z.enum(["off", "report", "remediate", "invalid"]).meta({
      description: "What the policy says of nodes; invalid: it does not parse, and permits nothing.",
    }),
    spot: z.enum(["off", "report", "drain"]).optional(),
    breaker: z
      .object({ openedAt: timestamp, reason: z.string() })
      .optional()
      .meta({ description: "Set while automation is off for the cluster." }),
    reset: z.object({ at: timestamp, by: z.string(), reason: z.string() }).optional(),
    today: z.object({ started: z.number(), of: z.number().optional() }).meta({
      description: "Remediations of the last day, and how many turn automation off.",
    }),
    active: z.array(Remediation),
    past: z.array(Remediation).meta({ description: "Of the last seven days, newest first." }),
  })
  .meta({ id: "Automation", description: "What Slipway does about the nodes of a cluster by itself." });
export type Automation = z.infer<typeof Automation>;

export const ClusterNodes = z
  .object({
    automation: Automation,
    nodes: z.array(
      z.object({
        name: z.string(),
        instanceId: z.string().optional(),
        nodegroup: z.string().optional(),
        zone: z.string(),
        health: z.enum(["healthy", "joining", "leaving", "sick"]),
        problems: z.array(z.string()),
        since: timestamp.optional(),
        cordoned: z.boolean(),
        verdict: z.object({
          code: z.enum(VERDICTS),
          text: z.string().meta({ description: "Why it is, or is not, remediated now." }),
          retryAt: timestamp.optional(),
        }),
      }),
    ),
  })
  .meta({ id: "ClusterNodes" });
export type ClusterNodes = z.infer<typeof ClusterNodes>;

export const RemediationRequest = z
  .strictObject({ reason: reason.optional() })
  .meta({ id: "RemediationRequest" });
export const BreakerResetRequest = z.strictObject({ reason }).meta({ id: "BreakerResetRequest" });

export const nodesRoutes = {
  listNodes: {
    id: "list-nodes",
    method: "GET",
    path: "/v1/clusters/{cluster}/nodes",
    summary: "Nodes of a cluster: their health, what is done about it, and why not",
    responses: { 200: { description: "The nodes.", schema: ClusterNodes } },
  },
  getAutomation: {
    id: "get-automation",
    method: "GET",
    path: "/v1/clusters/{cluster}/automation",
    summary: "What Slipway does about the nodes of a cluster by itself, and whether it is off",
    responses: { 200: { description: "The automation.", schema: Automation } },
  },
  resetBreaker: {
    id: "reset-breaker",
    method: "POST",
    path: "/v1/clusters/{cluster}/automation/breaker-resets",
    summary: "Turn the automation of nodes on again, after a look at what failed",
    body: BreakerResetRequest,
    responses: { 200: { description: "The automation.", schema: Automation } },
  },
  remediateNode: {
    id: "remediate-node",
    method: "POST",
    path: "/v1/clusters/{cluster}/nodes/{node}/remediations",
    summary: "Have a sick node replaced now",
    query: dryRun,
    body: RemediationRequest,
    responses: started,
  },
} as const satisfies Record<string, ApiRoute>;
