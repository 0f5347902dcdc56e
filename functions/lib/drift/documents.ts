import * as z from "zod";
import { type ClusterRef, clusterKey } from "../../../core/cluster-ref.ts";
import { type Baseline, baselineSchema } from "../../../core/drift/baseline.ts";
import { type LookState, lookStateSchema } from "../../../core/drift/sweep.ts";
import { type ClusterChange, DRIFT_STATES, type DriftRecord } from "../../../core/drift/types.ts";
import { DRIFT_CLASSES, DRIFT_MODES } from "../../../core/policy/drift.ts";
import type { Store } from "../../../core/ports/store.ts";

/** Where drift is kept: one collection of fields per cluster, and what looks need to know of every cluster. */
export const LOOKS = "drift-looks";
export const RATES = "drift-rates";
const BASELINES = "drift-baselines";
const fieldsOf = (ref: ClusterRef): string => `drift/${clusterKey(ref)}`;

const changeSchema = z.object({
  id: z.string(),
  at: z.string(),
  call: z.string(),
  actor: z.string(),
  via: z.string().optional(),
  sourceAddress: z.string().optional(),
  userAgent: z.string().optional(),
  classes: z.array(z.enum(DRIFT_CLASSES)),
  subject: z.string().optional(),
});

const resolutionSchema = z.object({
  state: z.enum(DRIFT_STATES),
  at: z.string(),
  operation: z.string().optional(),
  by: z.string().optional(),
  reason: z.string().optional(),
});

const recordSchema = z.object({
  id: z.string(),
  field: z.string(),
  class: z.enum(DRIFT_CLASSES),
  desired: z.string().optional(),
  actual: z.string().optional(),
  detectedAt: z.string(),
  seenAt: z.string(),
  mode: z.enum(DRIFT_MODES),
  change: changeSchema.optional(),
  remediable: z.boolean(),
  remedy: z.string().optional(),
  resolution: resolutionSchema,
  flips: z.array(z.object({ at: z.string(), actual: z.string().optional(), actor: z.string().optional() })),
  remediations: z.array(z.string()),
  history: z.array(
    z.object({
      detectedAt: z.string(),
      desired: z.string().optional(),
      actual: z.string().optional(),
      actor: z.string().optional(),
      resolution: resolutionSchema,
    }),
  ),
});

/** A record of another version of Slipway is none: the next look writes it anew. */
export function parseRecord(value: unknown): DriftRecord | undefined {
  const parsed = recordSchema.safeParse(value);
  // Absent and undefined are the same in JSON, which is all that a store holds.
  return parsed.success ? (parsed.data as DriftRecord) : undefined;
}

export function parseLook(value: unknown): LookState {
  const parsed = lookStateSchema.safeParse(value ?? {});
  return parsed.success ? parsed.data : lookStateSchema.parse({});
}

export const changesIn = (state: LookState): ClusterChange[] =>
  state.changes.flatMap((value) => {
    const parsed = changeSchema.safeParse(value);
    return parsed.success ? [parsed.data as ClusterChange] : [];
  });

/** The records of a cluster by their fields. */
export async function readRecords(store: Store, ref: ClusterRef): Promise<Map<string, DriftRecord>> {
  const found = new Map<string, DriftRecord>();
  let nextToken: string | undefined;
  do {
    const page = await store.listDocuments(fieldsOf(ref), {
      limit: 100,
      ...(nextToken ? { nextToken } : {}),
    });
    for (const { value } of page.items) {
      const record = parseRecord(value);
      if (record) found.set(record.field, record);
    }
    nextToken = page.nextToken;
  } while (nextToken);
  return found;
}

/** Names of documents have at most 900 characters; a longer field is kept by its beginning and its id. */
const nameOf = ({ field, id }: Pick<DriftRecord, "field" | "id">): string =>
  field.length <= 800 ? field : `${field.slice(0, 780)} ${id}`;

/** Changes a record as it is stored; `change` returns undefined to leave it. */
export const updateRecord = (
  store: Store,
  ref: ClusterRef,
  of: Pick<DriftRecord, "field" | "id">,
  change: (current: DriftRecord | undefined) => DriftRecord | undefined,
): Promise<unknown> =>
  store.updateDocument(fieldsOf(ref), nameOf(of), (current) => {
    const next = change(parseRecord(current));
    return next && { value: next };
  });

export async function readBaseline(store: Store, ref: ClusterRef): Promise<Baseline | undefined> {
  const parsed = baselineSchema.safeParse((await store.getDocument(BASELINES, clusterKey(ref)))?.value);
  return parsed.success ? parsed.data : undefined;
}

export const writeBaseline = (store: Store, ref: ClusterRef, value: Baseline): Promise<unknown> =>
  store.updateDocument(BASELINES, clusterKey(ref), () => ({ value }));

export const readLook = async (store: Store, ref: ClusterRef): Promise<LookState> =>
  parseLook((await store.getDocument(LOOKS, clusterKey(ref)))?.value);

export const updateLook = async (
  store: Store,
  ref: ClusterRef,
  change: (current: LookState) => LookState,
): Promise<LookState> => {
  const stored = await store.updateDocument(LOOKS, clusterKey(ref), (current) => ({
    value: change(parseLook(current)),
  }));
  return parseLook(stored?.value);
};

/** Everything about a cluster that Slipway manages no more. */
export async function forgetDrift(store: Store, ref: ClusterRef): Promise<void> {
  for (const record of (await readRecords(store, ref)).values())
    await store.deleteDocument(fieldsOf(ref), nameOf(record));
  await store.deleteDocument(BASELINES, clusterKey(ref));
  await store.deleteDocument(LOOKS, clusterKey(ref));
}
