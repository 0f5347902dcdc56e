import type { Runtime } from "../../../adapters/runtime.ts";
import { parseClusterConfig } from "../../../core/cluster-config/parse.ts";
import type { ClusterConfig } from "../../../core/cluster-config/schema.ts";
import { type Baseline, withBaseline } from "../../../core/drift/baseline.ts";
import type { ClusterRecord, Store } from "../../../core/ports/store.ts";
import type { Comparison } from "../../../core/reconcile/context.ts";
import { type ComparisonRequest, readComparison } from "../comparison.ts";
import { readBaseline } from "./documents.ts";

export interface Desired {
  /** What the file says. */
  readonly config: ClusterConfig;
  /** With what it does not say as Slipway left it. */
  readonly whole: ClusterConfig;
  readonly baseline: Baseline | undefined;
}

/** What a cluster should be. Throws InvalidInputError for a file that this version does not read. */
export async function desiredState(store: Store, record: ClusterRecord): Promise<Desired> {
  const config = parseClusterConfig(record.config);
  const stored = await readBaseline(store, record.ref);
  const baseline = stored && stored.generation <= record.generation ? stored : undefined;
  return { config, baseline, whole: withBaseline(config, baseline) };
}

/** A cluster as it is, compared with what it should be: what is there and not in the file counts, too. */
export async function driftComparison(
  runtime: Runtime,
  store: Store,
  record: ClusterRecord,
  request: Pick<ComparisonRequest, "ref" | "prefer" | "operationId">,
  desired?: Desired,
): Promise<Comparison> {
  const { whole, baseline } = desired ?? (await desiredState(store, record));
  const comparison = await readComparison(runtime, {
    ...request,
    config: whole,
    // The size of a group is its autoscaler's: nothing moved it in the file since.
    earlier: whole,
    prune: true,
  });
  return { ...comparison, deletionProtection: baseline?.deletionProtection };
}
