import type { ClusterRef } from "../cluster-ref.ts";
import type { Read } from "../snapshot.ts";

/** What `slipway doctor` found out; core/doctor/evaluate.ts judges it. A part that could not be read says why. */
export interface DoctorFacts {
  /** The account that Slipway is deployed in. */
  readonly home: { readonly account: string; readonly region: string; readonly stage: string };
  readonly accounts: readonly AccountFacts[];
}

export interface AccountFacts {
  readonly account: string;
  /** Who Slipway is in this account. */
  readonly identity: Read<{ readonly account: string; readonly arn: string }>;
  readonly permissions: Read<PermissionFacts>;
  readonly regions: readonly RegionFacts[];
}

export interface PermissionFacts {
  /** Actions on resources that were simulated. */
  readonly simulated: number;
  readonly denied: readonly DeniedAction[];
}

export interface DeniedAction {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
  /** Condition keys that the simulation had no values for: then it says nothing about the real call. */
  readonly missing: readonly string[];
}

export interface RegionFacts {
  readonly region: string;
  readonly trails: Read<readonly TrailFacts[]>;
  /** Milliseconds until a probe event was in the store; undefined when it did not come in `waitedMs`. */
  readonly eventPath: Read<{ readonly arrivedMs: number | undefined; readonly waitedMs: number }>;
  readonly clusters: { readonly count: Read<number>; readonly quota: QuotaValue };
  /** The clusters in it that Slipway manages. */
  readonly managed: readonly ClusterAccessFacts[];
}

export interface TrailFacts {
  readonly name: string;
  readonly logging: boolean;
  readonly deliveryError?: string;
}

/** A quota and whether it was asked for or is what AWS gives by default. */
export interface QuotaValue {
  readonly value: number;
  readonly source: "service-quotas" | "default";
  /** Why it is the default. */
  readonly reason?: string;
}

export interface ClusterAccessFacts {
  readonly ref: ClusterRef;
  /** What the Kubernetes API says to each question: `patch nodes`. */
  readonly access: Read<readonly { readonly question: string; readonly allowed: boolean }[]>;
  readonly nodegroups: { readonly count: Read<number>; readonly quota: QuotaValue };
}

/** EKS's quotas that Slipway runs into, with their codes and the values of a new account. */
export const EKS_QUOTAS = {
  clusters: { code: "L-1194D53C", value: 100 },
  nodegroups: { code: "L-6D54EA21", value: 30 },
} as const;
