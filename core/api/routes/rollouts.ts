import * as z from "zod";
import {
  MEMBER_STATUSES,
  memberSchema,
  ROLLOUT_STATUSES,
  rolloutRecordSchema,
} from "../../rollout/record.ts";
import { rolloutSchema } from "../../rollout/schema.ts";
import * as schema from "../schemas.ts";
import { type ApiRoute, dryRun, integer, paging } from "./route.ts";

const RolloutDocument = rolloutSchema.meta({
  id: "RolloutDocument",
  description: "Kind Rollout of slipway.dev/v1 (docs/fleets.md).",
});

const counts = z
  .record(z.enum(MEMBER_STATUSES), z.number())
  .meta({ id: "MemberCounts", description: "How many clusters have each status." });

const memberPlan = z.object({
  cluster: schema.ClusterRef,
  state: z.enum(["ready", "blocked", "nothing", "unplanned"]),
  from: z.string().optional(),
  to: z.string().optional(),
  expectedSeconds: z.number(),
  nodesReplaced: z.number(),
  findings: z.array(schema.Finding),
  reason: z.string().optional(),
});

const RolloutPlan = z
  .object({
    name: z.string(),
    action: z.record(z.string(), z.unknown()),
    waves: z.array(
      z.object({
        name: z.string(),
        maxConcurrent: z.number(),
        tolerated: z.number(),
        bakeMinutes: z.number(),
        expectedSeconds: z.number(),
        clusters: z.array(memberPlan),
      }),
    ),
    clusters: z.number(),
    blocked: z.number(),
    unplanned: z.number().meta({ description: "Not looked at here; each is planned when its turn comes." }),
    expectedSeconds: z.number(),
    nodesReplaced: z.number(),
    cost: z.object({ supportPerMonthBefore: z.number(), supportPerMonthAfter: z.number() }),
  })
  .meta({ id: "RolloutPlan", description: "What a rollout would do to all of its clusters." });

const { outbox: _, spec: __, waves, ...record } = rolloutRecordSchema.shape;
const Rollout = z
  .object({
    ...record,
    name: z.string(),
    status: z.enum(ROLLOUT_STATUSES),
    spec: z.unknown().meta({ description: "The document as it was sent, with its defaults." }),
    waves: z.array(waves.element.extend({ counts: counts.optional() })),
    counts: counts.optional().meta({ description: "Of all waves; only on GET of one rollout." }),
    now: z.string().optional().meta({ description: "The backend's clock." }),
  })
  .meta({ id: "Rollout" });

const Member = memberSchema.meta({ id: "RolloutMember", description: "A cluster of a rollout." });

const RolloutControl = z
  .strictObject({
    reason: z.string().min(1).max(1024).optional().meta({ description: "Why; recorded with the rollout." }),
    running: z
      .enum(["cancel", "finish"])
      .optional()
      .meta({ description: "Of an abort: what becomes of clusters in work. Default: as the document says." }),
  })
  .meta({ id: "RolloutControl" });

const control = (verb: "pause" | "resume" | "abort" | "approve", summary: string) =>
  ({
    id: `${verb}-rollout`,
    method: "POST",
    path: `/v1/rollouts/{rollout}/${verb}`,
    summary,
    body: RolloutControl,
    responses: { 200: { description: "The rollout.", schema: Rollout } },
  }) as const satisfies ApiRoute;

export const rolloutsRoutes = {
  startRollout: {
    id: "start-rollout",
    method: "POST",
    path: "/v1/rollouts",
    summary: "Take one action over many clusters, in waves",
    query: dryRun,
    body: RolloutDocument,
    responses: {
      200: { description: "The plan for all clusters (dry run).", schema: RolloutPlan },
      202: { description: "The rollout was started; Location names it.", schema: Rollout },
    },
  },
  listRollouts: {
    id: "list-rollouts",
    method: "GET",
    path: "/v1/rollouts",
    summary: "Rollouts, newest first",
    query: z.strictObject(paging),
    responses: {
      200: {
        description: "A page of rollouts.",
        schema: z
          .object({ items: z.array(Rollout), nextToken: z.string().optional() })
          .meta({ id: "RolloutList" }),
      },
    },
  },
  getRollout: {
    id: "get-rollout",
    method: "GET",
    path: "/v1/rollouts/{rollout}",
    summary: "One rollout with how its waves stand",
    query: z.strictObject({
      wait: integer(0, 20)
        .optional()
        .meta({ description: "Seconds after which it is answered, unless the rollout has ended." }),
    }),
    responses: { 200: { description: "The rollout.", schema: Rollout } },
  },
  listRolloutMembers: {
    id: "list-rollout-members",
    method: "GET",
    path: "/v1/rollouts/{rollout}/waves/{wave}/members",
    summary: "The clusters of a wave of a rollout",
    query: z.strictObject({ limit: integer(1, 500).optional(), nextToken: paging.nextToken }),
    responses: {
      200: {
        description: "A page of clusters.",
        schema: z
          .object({ items: z.array(Member), nextToken: z.string().optional() })
          .meta({ id: "RolloutMemberList" }),
      },
    },
  },
  pauseRollout: control("pause", "Begin no more clusters; those in work go on"),
  resumeRollout: control("resume", "Go on after a pause"),
  abortRollout: control("abort", "Begin no more clusters and end"),
  approveRollout: control("approve", "Let the next wave begin"),
} as const satisfies Record<string, ApiRoute>;
