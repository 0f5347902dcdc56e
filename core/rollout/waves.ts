import { type ClusterRef, clusterKey } from "../cluster-ref.ts";
import { InvalidInputError } from "../errors.ts";
import type { WaveRecord } from "./record.ts";
import type { RolloutSelect, RolloutSpec, Tolerance } from "./schema.ts";

/** What selection looks at. */
export interface Candidate {
  readonly ref: ClusterRef;
  /** `metadata.tags` of its ClusterConfig. */
  readonly labels: Readonly<Record<string, string>>;
  readonly ring?: string;
}

/** True when a cluster fits every criterion that is given. */
export function selects(select: RolloutSelect, { ref, labels, ring }: Candidate): boolean {
  const { names, regions, accounts, rings } = select;
  return (
    (names?.some((name) => name === ref.name || name === clusterKey(ref)) ?? true) &&
    (regions?.includes(ref.region) ?? true) &&
    (accounts?.includes(ref.account) ?? true) &&
    (rings === undefined || (ring !== undefined && rings.includes(ring))) &&
    Object.entries(select.labels ?? {}).every(([key, value]) => labels[key] === value)
  );
}

/**
 * One of each account and region after the other, in the order of their names: a small wave meets every place,
 * and what is wrong with one of them is found early.
 */
function spread(candidates: readonly Candidate[]): Candidate[] {
  const sorted = candidates.toSorted((a, b) => (clusterKey(a.ref) < clusterKey(b.ref) ? -1 : 1));
  const places = [...Map.groupBy(sorted, ({ ref }) => `${ref.account}:${ref.region}`).values()];
  const longest = Math.max(0, ...places.map((place) => place.length));
  return Array.from({ length: longest }, (_, i) => places.flatMap((place) => place[i] ?? [])).flat();
}

/**
 * The clusters of a rollout, spread over their accounts and regions. Throws InvalidInputError when nothing fits, when a name
 * fits none or several: a rollout that silently leaves out what was named is worse than none.
 */
export function selectClusters(select: RolloutSelect, candidates: readonly Candidate[]): Candidate[] {
  const found = spread(candidates.filter((candidate) => selects(select, candidate)));
  const problems = (select.names ?? []).flatMap((name, index) => {
    const field = `select.names[${index}]`;
    const fits = found.filter(({ ref }) => name === ref.name || name === clusterKey(ref));
    if (fits.length === 0)
      return [
        { field, message: `there is no cluster ${name} that fits`, remedy: "See slipway get clusters." },
      ];
    if (fits.length > 1)
      return [
        {
          field,
          message: `${name} is the name of ${fits.length} clusters: ${fits.map(({ ref }) => clusterKey(ref)).join(", ")}`,
          remedy: "Write account:region:name.",
        },
      ];
    return [];
  });
  if (problems.length > 0) throw new InvalidInputError(problems, "rollout");
  if (found.length === 0)
    throw new InvalidInputError([
      {
        field: "select",
        message: "no cluster that Slipway manages fits",
        remedy: "See slipway get clusters for names and regions; labels are metadata.tags of their files.",
      },
    ]);
  return found;
}

export interface Wave {
  readonly name: string;
  readonly clusters: readonly Candidate[];
  /** Index of the wave of the document; absent for the rest that no wave took. */
  readonly of?: number;
}

/**
 * Puts clusters into waves: each cluster into exactly one, in the order of the waves. Clusters of a ring that some
 * wave names are kept for it. Waves that stay empty are left out; what no wave takes forms the last.
 */
export function makeWaves(spec: Pick<RolloutSpec, "waves">, clusters: readonly Candidate[]): Wave[] {
  const named = new Set(spec.waves.flatMap(({ ring }) => ring ?? []));
  const free = clusters.filter(({ ring }) => ring === undefined || !named.has(ring));
  const ofRing = (wanted: string): Candidate[] => clusters.filter(({ ring }) => ring === wanted);
  const used = new Set<string>();
  const taken = new Set<string>();
  const waves = spec.waves.map(({ name, ring, size }, of): Wave => {
    if (ring !== undefined) {
      const of_ = taken.has(ring) ? [] : ofRing(ring);
      taken.add(ring);
      return { name: name ?? ring, clusters: of_, of };
    }
    const left = free.filter(({ ref }) => !used.has(clusterKey(ref)));
    const chosen = left.slice(0, sizeOf(size ?? "100%", clusters.length));
    for (const { ref } of chosen) used.add(clusterKey(ref));
    return { name: name ?? `wave-${of + 1}`, clusters: chosen, of };
  });
  const rest = free.filter(({ ref }) => !used.has(clusterKey(ref)));
  return [...waves, { name: "rest", clusters: rest }].filter((wave) => wave.clusters.length > 0);
}

/** A share is rounded up: a wave of 10 % of three clusters is one, not none. */
const sizeOf = (size: number | string, all: number): number =>
  typeof size === "number" ? size : Math.ceil((Number.parseInt(size, 10) * all) / 100);

/** A share of failures is rounded down: 5 % of 10 clusters tolerates none. */
export const toleratedOf = (tolerance: Tolerance, of: number): number =>
  typeof tolerance === "number" ? tolerance : Math.floor((Number.parseInt(tolerance, 10) * of) / 100);

/** The waves of a new rollout as they are stored. */
export function waveRecords(spec: RolloutSpec, waves: readonly Wave[]): WaveRecord[] {
  let first = 0;
  return waves.map(({ name, clusters, of }) => {
    const own = of === undefined ? undefined : spec.waves[of];
    const record: WaveRecord = {
      name,
      first,
      size: clusters.length,
      phase: "Pending",
      bakeMinutes: own?.bakeMinutes ?? spec.bakeMinutes,
      maxConcurrent: own?.maxConcurrent ?? spec.maxConcurrent,
      tolerated: toleratedOf(own?.tolerate ?? spec.tolerate.perWave, clusters.length),
      failed: [],
    };
    first += clusters.length;
    return record;
  });
}
