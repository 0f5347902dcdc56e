import type { Runtime } from "../../../adapters/runtime.ts";
import { parseClusterConfig } from "../../../core/cluster-config/parse.ts";
import type { ClusterConfig } from "../../../core/cluster-config/schema.ts";
import { type Baseline, withBaseline } from "../../../core/drift/baseline.ts";
import type { ClusterRecord, Store } from "../../../core/ports/store.ts";
import type { Comparison } from "../../../core/reconcile/context.ts";
import type { LiveState } from "../../../core/reconcile/live.ts";
import { type ComparisonRequest, readComparison } from "../comparison.ts";
import { readBaseline } from "./documents.ts";

export interface Desired {
  /** What the file says. */
  readonly config: ClusterConfig;
  /** How Slipway left what the file does not say. */
  readonly baseline: Baseline | undefined;
}

/** What a cluster should be. Throws InvalidInputError for a file that this version does not read. */
export async function desiredState(store: Store, record: ClusterRecord): Promise<Desired> {
  const stored = await readBaseline(store, record.ref);
  return {
    config: parseClusterConfig(record.config),
    baseline: stored && stored.generation <= record.generation ? stored : undefined,
  };
}

/**
 * A cluster as it is, compared with what it should be: what is there and not in the file counts, too. `baselineOf`
 * says what the baseline is when the cluster is like this.
 */
export async function driftComparison(
  runtime: Runtime,
  request: Pick<ComparisonRequest, "ref" | "prefer" | "operationId">,
  desired: Desired,
  baselineOf: (live: LiveState) => Baseline | undefined = () => desired.baseline,
): Promise<{ readonly comparison: Comparison; readonly baseline: Baseline | undefined }> {
  const read = await readComparison(runtime, { ...request, config: desired.config, prune: true });
  const baseline = baselineOf(read.live);
  const config = withBaseline(read.config, baseline);
  return {
    baseline,
    comparison: {
      ...read,
      config,
      // The size of a group is its autoscaler's: nothing moved it in the file since.
      earlier: config,
      deletionProtection: baseline?.deletionProtection,
    },
  };
}
