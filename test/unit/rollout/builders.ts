import type { Finding } from "../../../core/operation/types.ts";
import { MEMBER_STATUSES, type MemberCounts, type RolloutRecord } from "../../../core/rollout/record.ts";
import { type RolloutSpec, type RolloutSpecInput, rolloutSchema } from "../../../core/rollout/schema.ts";
import { type Candidate, makeWaves, toleratedOf, waveRecords } from "../../../core/rollout/waves.ts";

export const NOW = Date.parse("2026-11-20T09:00:00Z");

export const specOf = (spec: Partial<RolloutSpecInput> = {}): RolloutSpec =>
  rolloutSchema.parse({
    apiVersion: "slipway.dev/v1",
    kind: "Rollout",
    metadata: { name: "test" },
    select: { all: true },
    action: { type: "upgrade", to: "1.35" },
    ...spec,
  });

export const clusters = (n: number, more: (i: number) => Partial<Candidate> = () => ({})): Candidate[] =>
  Array.from({ length: n }, (_, i) => ({
    ref: { account: "111122223333", region: "eu-west-1", name: `c-${String(i).padStart(4, "0")}` },
    labels: {},
    ...more(i),
  }));

export function recordOf(spec: RolloutSpec, candidates: readonly Candidate[]): RolloutRecord {
  const { total } = spec.tolerate;
  return {
    id: "ro-01ARZ3NDEKTSV4RRFFQ69G5FAV",
    spec,
    status: "Pending",
    requester: "alice",
    createdAt: new Date(NOW).toISOString(),
    attempt: 1,
    members: candidates.length,
    ...(total === undefined ? {} : { toleratedTotal: toleratedOf(total, candidates.length) }),
    waves: waveRecords(spec, makeWaves(spec, candidates)),
    wave: 0,
    control: {},
    approvals: [],
    log: [],
    outbox: [],
  };
}

export const countsOf = (counts: Partial<MemberCounts>): MemberCounts => ({
  ...(Object.fromEntries(MEMBER_STATUSES.map((status) => [status, 0])) as Record<keyof MemberCounts, number>),
  ...counts,
});

export const finding = (more: Partial<Finding>): Finding => ({
  code: "PDB_BLOCKS_DRAIN",
  severity: "block",
  subject: "poddisruptionbudget default/web",
  evidence: "allows no disruption",
  remedy: "Raise it.",
  ...more,
});
