import type { Difference } from "../operation/types.ts";
import type { DriftClass, DriftMode } from "../policy/drift.ts";

/** A write of somebody that an event told of. */
export interface ClusterChange {
  /** `eventID` of CloudTrail. */
  readonly id: string;
  /** ISO 8601: when the call was made. */
  readonly at: string;
  /** Name of the call: `UpdateClusterConfig`. */
  readonly call: string;
  /** ARN of who called. */
  readonly actor: string;
  /** The service through which they did: `cloudformation.amazonaws.com`. */
  readonly via?: string;
  readonly sourceAddress?: string;
  readonly userAgent?: string;
  /** What such a call can change. */
  readonly classes: readonly DriftClass[];
  /** The node group, add-on, principal, ... that it names. */
  readonly subject?: string;
}

/** A field that is not as it should be, as one look saw it. */
export interface Observation {
  /** As the file names it: `managedNodeGroups[workers].minSize`. */
  readonly field: string;
  readonly class: DriftClass;
  readonly desired?: string;
  readonly actual?: string;
  readonly how: Difference["how"];
  /** Step of a plan that brings it back; absent where Slipway cannot, or does not. */
  readonly step?: string;
  /** Bringing it back may stop workloads. */
  readonly disruptive: boolean;
  /** What a person can do where there is no step. */
  readonly remedy?: string;
}

export const DRIFT_STATES = [
  /** Seen, and about to be decided on. */
  "open",
  "ignored",
  "reported",
  "awaiting-approval",
  "remediating",
  /** It would be remediated, but not again: somebody changes it back, or the remediation fails. */
  "stopped",
  "remediated",
  "accepted",
  /** By itself, or by somebody. */
  "gone",
] as const;
export type DriftState = (typeof DRIFT_STATES)[number];

/** Drift in these states is over. */
export const CLOSED: ReadonlySet<DriftState> = new Set(["remediated", "accepted", "gone"]);

export interface Resolution {
  readonly state: DriftState;
  /** ISO 8601. */
  readonly at: string;
  readonly operation?: string;
  /** Who accepted it. */
  readonly by?: string;
  /** In words: why it stopped, why it was accepted, why it is only reported. */
  readonly reason?: string;
}

/** When a field left its desired value, or changed from one wrong value to another. */
export interface Flip {
  /** ISO 8601. */
  readonly at: string;
  readonly actual?: string;
  readonly actor?: string;
}

/** One that is over. */
export interface PastDrift {
  readonly detectedAt: string;
  readonly desired?: string;
  readonly actual?: string;
  readonly actor?: string;
  readonly resolution: Resolution;
}

/** What is known of one field; a document of `drift/<clusterKey>` under the field's name. */
export interface DriftRecord {
  /** Short and stable, for paths and command lines. */
  readonly id: string;
  readonly field: string;
  readonly class: DriftClass;
  readonly desired?: string;
  readonly actual?: string;
  /** ISO 8601. */
  readonly detectedAt: string;
  /** ISO 8601: the last look that saw it. */
  readonly seenAt: string;
  /** The mode that counted at the last look. */
  readonly mode: DriftMode;
  /** Who did it, where an event told. */
  readonly change?: ClusterChange;
  readonly remediable: boolean;
  readonly remedy?: string;
  readonly resolution: Resolution;
  /** The latest, oldest first. */
  readonly flips: readonly Flip[];
  /** Times at which a remediation was started, oldest first. */
  readonly remediations: readonly string[];
  /** The latest, newest first. */
  readonly history: readonly PastDrift[];
}
