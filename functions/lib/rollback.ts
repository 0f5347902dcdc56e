import { versionChanges } from "../../adapters/aws/eks-rollback.ts";
import type { Runtime } from "../../adapters/runtime.ts";
import { iso } from "../../core/clock.ts";
import { wayBack } from "../../core/rollback/facts.ts";

/** To which version a cluster can go back now, and until when; undefined where there is no way back. */
export async function rollbackOf(
  there: Runtime,
  cluster: string,
  version: string,
): Promise<{ readonly to: string; readonly until: string } | undefined> {
  const way = wayBack(version, await versionChanges(there, cluster));
  return way.ok && way.until > there.clock.now() ? { to: way.to, until: iso(way.until) } : undefined;
}
