/** Where an Auto Scaling group starts its next machine and which it takes away: pure rules. */

export interface PlacementSubnet {
  readonly subnetId: string;
  readonly zone: string;
  readonly freeIps: number;
}

export interface PlacementInstance {
  readonly instanceId: string;
  readonly zone: string;
  readonly launchedAt: number;
  /** Started with settings that are not the group's current ones. */
  readonly outdated: boolean;
}

/** Machines for each zone of the group's subnets; zones without one count too. */
export function countZones(
  subnets: readonly Pick<PlacementSubnet, "zone">[],
  instances: Iterable<Pick<PlacementInstance, "zone">>,
): Map<string, number> {
  const counts = new Map<string, number>(subnets.map(({ zone }) => [zone, 0]));
  for (const { zone } of instances) counts.set(zone, (counts.get(zone) ?? 0) + 1);
  return counts;
}

/** Subnets in the order in which to try them: the emptiest zone first, in it the subnet with most addresses. */
export function launchOrder<S extends PlacementSubnet>(
  subnets: readonly S[],
  counts: ReadonlyMap<string, number>,
): S[] {
  return [...subnets].sort(
    (a, b) => (counts.get(a.zone) ?? 0) - (counts.get(b.zone) ?? 0) || b.freeIps - a.freeIps,
  );
}

/**
 * EC2's default termination policy: from the fullest zone, outdated launch settings first, then the oldest.
 * Returns at most `count` machines.
 */
export function victims<I extends PlacementInstance>(instances: readonly I[], count: number): I[] {
  const byZone = Map.groupBy(
    [...instances].sort((a, b) => Number(b.outdated) - Number(a.outdated) || a.launchedAt - b.launchedAt),
    (instance) => instance.zone,
  );
  const zones = [...byZone.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, machines]) => machines);
  const chosen: I[] = [];
  while (chosen.length < count) {
    let fullest: I[] | undefined;
    for (const zone of zones) if (zone.length > (fullest?.length ?? 0)) fullest = zone;
    const victim = fullest?.shift();
    if (!victim) break;
    chosen.push(victim);
  }
  return chosen;
}

/** The zones differ by two or more machines: the emptiest one should get one from the fullest. */
export function imbalance(
  counts: ReadonlyMap<string, number>,
): { readonly from: string; readonly to: string } | undefined {
  let from: string | undefined;
  let to: string | undefined;
  for (const [zone, count] of counts) {
    if (from === undefined || count > (counts.get(from) ?? 0)) from = zone;
    if (to === undefined || count < (counts.get(to) ?? 0)) to = zone;
  }
  if (from === undefined || to === undefined) return undefined;
  return (counts.get(from) ?? 0) - (counts.get(to) ?? 0) > 1 ? { from, to } : undefined;
}
