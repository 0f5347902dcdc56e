import type { InsightFacts, Read } from "../snapshot.ts";
import { formatMinor, parseMinor } from "../versions/version.ts";

/** A change of the control plane's version that ended well. */
export interface VersionChange {
  readonly type: "VersionUpdate" | "VersionRollback";
  /** `1.34`. */
  readonly to: string;
  /** Milliseconds since the epoch; EKS tells when a change began, not when it ended. */
  readonly begunAt: number;
}

/** What EKS tells of the way back. */
export interface RollbackFacts {
  /** Newest first. */
  readonly changes: readonly VersionChange[];
  /** Those of the category ROLLBACK_READINESS. */
  readonly insights: Read<readonly InsightFacts[]>;
}

/** EKS takes the way of an upgrade back for 7 days after it was completed. */
export const ROLLBACK_DAYS = 7;

export type WayBack =
  /** `until`: milliseconds since the epoch; up to then EKS takes it for certain. */
  | { readonly ok: true; readonly to: string; readonly until: number }
  | { readonly ok: false; readonly reason: string };

/** The version that the control plane could go back to: the one before, and only where an upgrade in place led here. */
export const versionBefore = (version: string): string => formatMinor(parseMinor(version) - 1);

/**
 * Whether there is a way back from `version`, and until when. The seven days count from the end of the upgrade; its
 * beginning, which EKS tells, is some minutes before that and so on the safe side. Says nothing about the time now.
 */
export function wayBack(version: string, changes: readonly VersionChange[]): WayBack {
  const [last] = changes;
  if (!last) return { ok: false, reason: `EKS knows of no upgrade that led to ${version}` };
  if (last.type === "VersionRollback")
    return { ok: false, reason: `its last change of version was a rollback, to ${last.to}` };
  if (last.to !== version)
    return { ok: false, reason: `its last upgrade led to ${last.to}, not to ${version}` };
  return { ok: true, to: versionBefore(version), until: last.begunAt + ROLLBACK_DAYS * 86_400_000 };
}

/** A step of an operation, as far as it tells of the control plane. */
interface DoneStep {
  readonly kind: string;
  readonly status: string;
  /** The version that it brings. */
  readonly to?: string;
  /** ISO 8601. */
  readonly endedAt?: string;
}

/** Until when the newest version that an upgrade reached can be taken back; undefined where it reached none. */
export function offerOf(
  type: string,
  steps: readonly DoneStep[],
): { readonly to: string; readonly until: number } | undefined {
  if (type !== "upgrade-cluster") return undefined;
  const done = steps.findLast((step) => step.kind === "control-plane" && step.status === "Succeeded");
  if (done?.to === undefined || done.endedAt === undefined) return undefined;
  return { to: versionBefore(done.to), until: Date.parse(done.endedAt) + ROLLBACK_DAYS * 86_400_000 };
}
