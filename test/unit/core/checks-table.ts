import type { CheckOptions } from "../../../core/checks/run.ts";
import type { Severity } from "../../../core/operation/types.ts";
import type { ClusterSnapshot } from "../../../core/snapshot.ts";
import { kubernetes, read } from "./builders.ts";

/** One row of the tables of checks. */
export interface Case {
  readonly code: string;
  readonly when: string;
  readonly world: Partial<ClusterSnapshot>;
  readonly options?: CheckOptions;
  /** Severity of the findings of this code, in order; empty where the check passes. */
  readonly expect: readonly Severity[];
  /** Text that subject, evidence or remedy must hold. */
  readonly says?: RegExp;
}

export const upgrade: CheckOptions = { type: "upgrade-cluster", to: "1.34" };
export const rotate: CheckOptions = { type: "rotate-nodegroup", nodegroup: "workers" };
export const upgradeTo = (to: string): CheckOptions => ({ ...upgrade, to });

export const k8s = (over: Parameters<typeof kubernetes>[0]): Partial<ClusterSnapshot> => ({
  kubernetes: read(kubernetes(over)),
});

export const unreadable = { ok: false, reason: "AccessDenied" } as const;
