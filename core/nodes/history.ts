import * as z from "zod";

/** What Slipway remembers of its automation on the nodes of one cluster: document `automation/<clusterKey>`. */

const DAY_MS = 86_400_000;
const KEPT_MS = 7 * DAY_MS;
const KEPT_ENTRIES = 200;

/** One node that was, or is being, taken care of. Times in milliseconds since the epoch. */
export const remediationSchema = z.object({
  operationId: z.string(),
  node: z.string(),
  instanceId: z.string().optional(),
  /** Physical group. */
  group: z.string(),
  logicalGroup: z.string(),
  kind: z.enum(["remediation", "spot"]),
  action: z.enum(["terminate", "reboot", "drain"]),
  why: z.string(),
  startedAt: z.number(),
  endedAt: z.number().optional(),
  outcome: z.enum(["succeeded", "failed", "skipped"]).optional(),
  error: z.string().optional(),
  /** Asked for by a person: does not count for the breaker. */
  asked: z.boolean().optional(),
});
export type Remediation = z.infer<typeof remediationSchema>;

/** What was decided of a node at the last look. */
const verdictSchema = z.object({
  node: z.string(),
  code: z.string(),
  text: z.string(),
  since: z.number(),
  /** When to look again. */
  retryAt: z.number().optional(),
});

export const automationSchema = z.object({
  /** Set while automation is off for the cluster. */
  breaker: z.object({ openedAt: z.number(), reason: z.string() }).optional(),
  reset: z.object({ at: z.number(), by: z.string(), reason: z.string() }).optional(),
  remediations: z.array(remediationSchema),
  /** Of nodes that are not healthy; empty when all are. */
  verdicts: z.array(verdictSchema),
  lookedAt: z.number().optional(),
  /** What was said last, by what it is about: said again only when it changes. */
  said: z.record(z.string(), z.string()),
});
export type AutomationState = z.infer<typeof automationSchema>;

export const emptyAutomation: AutomationState = { remediations: [], verdicts: [], said: {} };

/** The stored document, or an empty one. Throws where it does not parse: what is not known permits nothing. */
export const parseAutomation = (stored: unknown): AutomationState =>
  stored === undefined ? emptyAutomation : automationSchema.parse(stored);

export const activeOf = (state: AutomationState): readonly Remediation[] =>
  state.remediations.filter((entry) => entry.endedAt === undefined);

/** Remediations that Slipway started by itself in the last day, since the breaker was reset. */
export const startedToday = (state: AutomationState, now: number): readonly Remediation[] =>
  state.remediations.filter(
    (entry) =>
      entry.kind === "remediation" &&
      entry.asked !== true &&
      entry.outcome !== "skipped" &&
      now - entry.startedAt < DAY_MS &&
      entry.startedAt > (state.reset?.at ?? Number.NEGATIVE_INFINITY),
  );

/** Failed ones of a group in the last day, since a person looked at it. */
export const failuresToday = (state: AutomationState, group: string, now: number): readonly Remediation[] =>
  state.remediations.filter(
    (entry) =>
      entry.logicalGroup === group &&
      entry.outcome === "failed" &&
      now - (entry.endedAt ?? entry.startedAt) < DAY_MS &&
      entry.startedAt > (state.reset?.at ?? Number.NEGATIVE_INFINITY),
  );

/** Adds entries; one of the same operation and node stays as it is. */
export function withStarted(
  state: AutomationState,
  started: readonly Remediation[],
  now: number,
): AutomationState {
  const known = new Set(state.remediations.map(keyOf));
  const added = started.filter((entry) => !known.has(keyOf(entry)));
  const kept = state.remediations.filter(
    (entry) => entry.endedAt === undefined || now - entry.endedAt < KEPT_MS,
  );
  return { ...state, remediations: [...kept, ...added].slice(-KEPT_ENTRIES) };
}

/** Ends an entry; the first end counts. */
export function withEnded(
  state: AutomationState,
  of: { readonly operationId: string; readonly node?: string },
  end: { readonly at: number; readonly outcome: "succeeded" | "failed" | "skipped"; readonly error?: string },
): AutomationState {
  return {
    ...state,
    remediations: state.remediations.map((entry) =>
      entry.operationId !== of.operationId ||
      (of.node !== undefined && entry.node !== of.node) ||
      entry.endedAt !== undefined
        ? entry
        : { ...entry, endedAt: end.at, outcome: end.outcome, ...(end.error ? { error: end.error } : {}) },
    ),
  };
}

/** Takes back what was reserved and not started: another operation has the cluster. */
export const withoutReserved = (state: AutomationState, operationId: string): AutomationState => ({
  ...state,
  remediations: state.remediations.filter(
    (entry) => entry.operationId !== operationId || entry.endedAt !== undefined,
  ),
});

/** A person closes the breaker; what was before counts no longer. */
export function withReset(
  state: AutomationState,
  by: { at: number; by: string; reason: string },
): AutomationState {
  const { breaker: _, ...rest } = state;
  return { ...rest, reset: by };
}

const keyOf = (entry: Remediation): string => `${entry.operationId} ${entry.node}`;
