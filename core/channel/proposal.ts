import * as z from "zod";
import type { OperationStatus } from "../operation/types.ts";
import { ENDED } from "../operation/types.ts";
import type { ChannelPolicy } from "../policy/channel.ts";
import type { VersionFacts } from "../snapshot.ts";
import { compareVersions } from "../versions/version.ts";
import { channelTarget } from "./target.ts";

export const PROPOSAL_KINDS = ["version", "addons", "nodes"] as const;
export type ProposalKind = (typeof PROPOSAL_KINDS)[number];

const remembered = z.object({
  /** What it was about; the same again is not proposed again. */
  key: z.string(),
  /** Absent while checks block it. */
  operationId: z.string().optional(),
  at: z.string(),
  /** What blocked it. */
  blocked: z.array(z.string()).optional(),
});

/** What is remembered of a cluster: `channel`, by its key. */
export const channelMemorySchema = z.object({
  /** ISO 8601. */
  lookedAt: z.string().optional(),
  version: z.string().optional(),
  /** Support notices that went out. */
  told: z.array(z.string()).default([]),
  proposals: z.partialRecord(z.enum(PROPOSAL_KINDS), remembered).default({}),
});
export type ChannelMemory = z.infer<typeof channelMemorySchema>;
export type Remembered = z.infer<typeof remembered>;

/** Something that the channel of a cluster wants to be done. */
export interface Proposal {
  readonly kind: ProposalKind;
  /** Changes when what is wanted changes, and only then. */
  readonly key: string;
  /** In words: `upgrade 1.34 to 1.35 (channel previous)`. */
  readonly reason: string;
  /** Of the operation. */
  readonly request: Readonly<Record<string, unknown>>;
}

/** What a channel looks at of one cluster. */
export interface ChannelFacts {
  readonly version: string;
  readonly versions: readonly VersionFacts[];
  /** Node groups whose image is older than the newest of their kind. */
  readonly oldNodes: readonly { readonly nodegroup: string; readonly from: string; readonly to: string }[];
  readonly oldAddons: readonly { readonly addon: string; readonly from: string; readonly to: string }[];
}

/**
 * What a cluster's channel wants, the most important first: an upgrade brings nodes and add-ons along, so while
 * one is wanted nothing else is.
 */
export function wantedOf(policy: ChannelPolicy, facts: ChannelFacts, now: number): Proposal[] {
  const target = channelTarget(policy.version, facts.versions, now);
  if (target !== undefined && compareVersions(facts.version, target) < 0)
    return [
      {
        kind: "version",
        key: `${facts.version} ${target} ${policy.act}`,
        reason: `channel ${policy.version}: from ${facts.version} to ${target}`,
        request: { to: target },
      },
    ];
  const wanted: Proposal[] = [];
  if (policy.addons && facts.oldAddons.length > 0) {
    const list = facts.oldAddons.toSorted((a, b) => (a.addon < b.addon ? -1 : 1));
    wanted.push({
      kind: "addons",
      key: `${list.map(({ addon, to }) => `${addon}@${to}`).join(" ")} ${policy.act}`,
      reason: `new add-on releases: ${list.map(({ addon, from, to }) => `${addon} ${from} to ${to}`).join(", ")}`,
      request: { addons: list.map(({ addon }) => addon) },
    });
  }
  if (policy.nodeReleases) {
    // One group at a time: an operation rotates one.
    const [first] = facts.oldNodes.toSorted((a, b) => (a.nodegroup < b.nodegroup ? -1 : 1));
    if (first)
      wanted.push({
        kind: "nodes",
        key: `${first.nodegroup}@${first.to} ${policy.act}`,
        reason: `new node image for ${first.nodegroup}: ${first.from} to ${first.to}`,
        request: { nodegroup: first.nodegroup },
      });
  }
  return wanted;
}

/**
 * Whether something is to be proposed now. Not while an earlier proposal of its kind is open; and not again for
 * the same thing, however that ended: who rejected it, or where it failed, is asked anew only when what is wanted
 * has changed. What checks blocked is tried again with each look. `status`: of the operation that is remembered;
 * undefined when there is none.
 */
export function mayPropose(
  proposal: Proposal,
  earlier: Remembered | undefined,
  status: OperationStatus | undefined,
): boolean {
  // Blocked by checks, or remembered and then cut off before the operation was stored.
  if (!earlier || status === undefined) return true;
  return ENDED.has(status) && earlier.key !== proposal.key;
}

const DAY_MS = 86_400_000;

/**
 * Whether a cluster is to be looked at now: once a day, at an hour of its own (`spread` from 0 to 1), so that a
 * fleet is spread over the day; one that was missed is caught up with.
 */
export function isDue(lookedAt: number | undefined, spread: number, now: number): boolean {
  if (lookedAt === undefined) return true;
  const dayOf = (at: number): number => Math.floor((at - spread * DAY_MS) / DAY_MS);
  return dayOf(now) > dayOf(lookedAt);
}
