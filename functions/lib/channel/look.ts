import { runtimeIn } from "../../../adapters/accounts.ts";
import { eksOf } from "../../../adapters/aws/eks.ts";
import { nodegroupFacts } from "../../../adapters/aws/eks-facts.ts";
import { eventsOf } from "../../../adapters/aws/events.ts";
import { newestNodeReleases } from "../../../adapters/aws/node-releases.ts";
import { collectSnapshot, readVersions } from "../../../adapters/snapshot.ts";
import { oldNodesOf } from "../../../core/channel/old-nodes.ts";
import {
  type ChannelFacts,
  type ChannelMemory,
  mayPropose,
  type Proposal,
  type ProposalKind,
  wantedOf,
} from "../../../core/channel/proposal.ts";
import { supportNotice } from "../../../core/channel/support.ts";
import { blocking } from "../../../core/checks/gate.ts";
import { iso } from "../../../core/clock.ts";
import { clusterKey } from "../../../core/cluster-ref.ts";
import { SlipwayError } from "../../../core/errors.ts";
import { ENDED, type OperationType, type Plan } from "../../../core/operation/types.ts";
import { planAddonUpdate } from "../../../core/plan/addon-update.ts";
import type { AutomationPolicy } from "../../../core/policy/schema.ts";
import type { ClusterRecord } from "../../../core/ports/store.ts";
import type { VersionFacts } from "../../../core/snapshot.ts";
import { startOperation } from "../api/operations.ts";
import { planFor } from "../api/plans.ts";
import { policyOfCluster } from "../policies.ts";
import type { TaskContext } from "../task.ts";
import { memoryOf, remember } from "./memory.ts";

/** Who starts the operations of channels. */
export const CHANNEL_REQUESTER = "slipway/channel";

const TYPES: Readonly<Record<ProposalKind, OperationType>> = {
  version: "upgrade-cluster",
  addons: "update-addons",
  nodes: "rotate-nodegroup",
};

/**
 * The daily look at one cluster: what its version's support means is told, also where nobody follows a channel;
 * then what its channel wants is proposed or begun.
 */
export async function lookAtChannel(context: TaskContext, record: ClusterRecord): Promise<void> {
  const { runtime, store } = context;
  const now = runtime.clock.now();
  const there = await runtimeIn(runtime, record.ref);
  const eks = eksOf(there);
  const [cluster, versions] = await Promise.all([eks.cluster(record.ref.name), readVersions(eks)]);
  const version = cluster?.version;
  // Not made yet, or gone: other parts tell of that.
  if (!cluster || version === undefined || cluster.status === "CREATING" || cluster.status === "DELETING") {
    await remember(store, record.ref, (memory) => ({ ...memory, lookedAt: iso(now) }));
    return;
  }
  const supportType = cluster.upgradePolicy?.supportType;
  await tellSupport(context, record, { version, ...(supportType ? { supportType } : {}) }, versions);
  try {
    await follow(context, record, version, versions);
  } catch (error) {
    // A policy that does not parse permits nothing; what the cluster answers with is for people to see.
    if (!(error instanceof SlipwayError) || error.retryable) throw error;
    context.log.warn("the channel of a cluster cannot be followed", {
      cluster: clusterKey(record.ref),
      error,
    });
  }
  await remember(store, record.ref, (memory) => ({ ...memory, lookedAt: iso(now), version }));
}

async function tellSupport(
  { runtime, store }: TaskContext,
  { ref }: ClusterRecord,
  cluster: { readonly version: string; readonly supportType?: string },
  versions: readonly VersionFacts[],
): Promise<void> {
  const { told } = await memoryOf(store, ref);
  const notice = supportNotice({ name: ref.name, ...cluster }, versions, runtime.clock.now(), told);
  if (!notice) return;
  // Told first: a crash in between tells it twice, never not at all.
  await eventsOf(runtime).put(
    "slipway.rollout",
    notice.level === "ending" ? "Support Ending" : "Support Ended",
    { cluster: ref, version: notice.version, level: notice.level, message: notice.message },
  );
  await remember(store, ref, (memory) => ({
    ...memory,
    told: [
      ...new Set([...memory.told.filter((key) => key.startsWith(`${cluster.version}/`)), ...notice.keys]),
    ],
  }));
}

async function follow(
  context: TaskContext,
  record: ClusterRecord,
  version: string,
  versions: readonly VersionFacts[],
): Promise<void> {
  const { store, runtime } = context;
  const policy = await policyOfCluster(store, record);
  const { channel } = policy;
  if (channel.version === "none" && !channel.addons && !channel.nodeReleases) return;
  // Somebody works on it: tomorrow is another day.
  if (await store.getLease(record.ref)) return;
  const facts = await factsOf(context, record, policy, version, versions);
  for (const proposal of wantedOf(channel, facts, runtime.clock.now())) {
    const earlier = (await memoryOf(store, record.ref)).proposals[proposal.kind];
    const status = earlier?.operationId ? (await store.getOperation(earlier.operationId))?.status : undefined;
    if (mayPropose(proposal, earlier, status)) return propose(context, record, policy, proposal, earlier);
    // One thing at a time: while the most important is open, nothing else is begun.
    if (status !== undefined && !ENDED.has(status)) return;
  }
}

async function factsOf(
  { runtime }: TaskContext,
  record: ClusterRecord,
  policy: AutomationPolicy,
  version: string,
  versions: readonly VersionFacts[],
): Promise<ChannelFacts> {
  const { channel } = policy;
  const there = await runtimeIn(runtime, record.ref);
  let oldAddons: ChannelFacts["oldAddons"] = [];
  if (channel.addons) {
    const snapshot = await collectSnapshot(runtime, record.ref, { extent: "state" });
    const plan = planAddonUpdate({ snapshot, policy, overrides: [], requester: CHANNEL_REQUESTER });
    oldAddons = plan.phases.flatMap(({ steps }) =>
      steps.flatMap(({ kind, target, from, to }) =>
        kind === "addon" && target && from && to ? [{ addon: target, from, to }] : [],
      ),
    );
  }
  const oldNodes = channel.nodeReleases
    ? oldNodesOf(
        (await eksOf(there).nodegroups(record.ref.name)).map(nodegroupFacts),
        version,
        await newestNodeReleases(there, version),
      )
    : [];
  return { version, versions, oldNodes, oldAddons };
}

/** Starts the operation of a proposal: held for approval, or in the next window where the policy says `perform`. */
async function propose(
  context: TaskContext,
  record: ClusterRecord,
  policy: AutomationPolicy,
  proposal: Proposal,
  earlier: ChannelMemory["proposals"][ProposalKind],
): Promise<void> {
  const { runtime, store } = context;
  const now = runtime.clock.now();
  const type = TYPES[proposal.kind];
  const plan = await planFor(runtime, record, {
    type,
    request: proposal.request,
    overrides: [],
    requester: CHANNEL_REQUESTER,
  });
  const blocked = blocking(plan.findings).map(({ code, subject }) => `${code} ${subject}`);
  if (blocked.length > 0) {
    await tellBlocked(context, record, proposal, plan, blocked, earlier);
    return;
  }
  // Remembered first: after a crash in between, the next look proposes it under the same id.
  const id =
    earlier?.key === proposal.key && earlier.operationId ? earlier.operationId : `op-${runtime.ids.ulid()}`;
  await remember(store, record.ref, (memory) => ({
    ...memory,
    proposals: { ...memory.proposals, [proposal.kind]: { key: proposal.key, operationId: id, at: iso(now) } },
  }));
  await startOperation({
    runtime,
    id,
    type,
    cluster: record.ref,
    requester: CHANNEL_REQUESTER,
    plan,
    request: proposal.request,
    reason: proposal.reason,
    ...(policy.channel.act === "propose"
      ? {
          hold: {
            for: "approval" as const,
            until: iso(now + policy.approvalHours * 3_600_000),
            reason: `proposed by Slipway: ${proposal.reason}`,
          },
        }
      : {}),
  });
}

/** What stands against it is told once; it is tried again every day. */
async function tellBlocked(
  { runtime, store }: TaskContext,
  { ref }: ClusterRecord,
  proposal: Proposal,
  plan: Plan,
  blocked: readonly string[],
  earlier: ChannelMemory["proposals"][ProposalKind],
): Promise<void> {
  const same = earlier?.key === proposal.key && earlier.blocked?.join() === blocked.join();
  if (same) return;
  await eventsOf(runtime).put("slipway.rollout", "Channel Blocked", {
    cluster: ref,
    kind: proposal.kind,
    message: `${proposal.reason}: ${blocking(plan.findings)
      .map(({ code, subject, evidence }) => `${code} (${subject}: ${evidence})`)
      .join("; ")
      .slice(0, 2000)}`,
  });
  await remember(store, ref, (memory) => ({
    ...memory,
    proposals: {
      ...memory.proposals,
      [proposal.kind]: { key: proposal.key, at: iso(runtime.clock.now()), blocked: blocked.slice(0, 20) },
    },
  }));
}
