import type { ClusterRef } from "../cluster-ref.ts";

/** An operation is one requested piece of work and its whole life. */
export type OperationType =
  | "provision-cluster"
  | "upgrade-cluster"
  | "rotate-nodegroup"
  | "update-addons"
  | "apply-changes"
  | "adopt-cluster"
  | "delete-cluster"
  | "rollback-cluster"
  | "reconcile-drift"
  | "remediate-node";

export const OPERATION_STATUSES = [
  "Pending",
  "AwaitingWindow",
  "AwaitingApproval",
  "Running",
  "Paused",
  "Succeeded",
  "Failed",
  "RollingBack",
  "RolledBack",
  "Cancelled",
] as const;

export type OperationStatus = (typeof OPERATION_STATUSES)[number];

export const isOperationStatus = (text: string): text is OperationStatus =>
  OPERATION_STATUSES.some((status) => status === text);

/** Block stops the operation before it changes anything; unknown counts as block until it is overridden. */
export type Severity = "block" | "unknown" | "warn" | "info";

/** One result of a pre-flight check. */
export interface Finding {
  /** Stable, e.g. `PDB_BLOCKS_DRAIN`; has a page in docs/checks. */
  readonly code: string;
  readonly severity: Severity;
  /** What it is about: `poddisruptionbudget default/web`, `nodegroup workers`, `cluster prod-1`. */
  readonly subject: string;
  /** What was seen, in words, with numbers. */
  readonly evidence: string;
  /** What to do about it. */
  readonly remedy: string;
  /** Set when somebody overrode it, with their reason. */
  readonly overridden?: { readonly by: string; readonly reason: string };
}

/** A finding code that the requester lets pass, recorded with the operation. */
export interface Override {
  readonly code: string;
  readonly reason: string;
}

export type StepKind =
  | "checks"
  | "control-plane"
  | "addon"
  | "nodegroup"
  | "cluster"
  | "vpc"
  | "roles"
  | "logging"
  /** Settings of the control plane, one kind of EKS's updates each. */
  | "configuration"
  | "access"
  | "pod-identity"
  | "fargate"
  /** The OIDC provider of the cluster and the roles that trust it. */
  | "identity"
  /** A node group of our own, without EKS's management. */
  | "self-managed"
  /** Nodes that their own controller replaces: Karpenter's, and those of EKS Auto Mode. */
  | "provisioned"
  | "identity-provider"
  | "capability"
  /** One field that is not as it should be. */
  | "drift"
  /** One sick node: drained and replaced. */
  | "node"
  | "verify";

/** One field in which a cluster is not as its file says, and what an apply does about it. */
export interface Difference {
  /** As the file names it: `managedNodeGroups[workers].minSize`. */
  readonly field: string;
  /** What it is; absent where there is nothing yet. */
  readonly from?: string;
  /** What the file wants; absent where the file has nothing. */
  readonly to?: string;
  /**
   * `rotate`: by new nodes in place of the old. `left`: not by an apply, the remedy says how. `immutable`: not at
   * all; an apply with one of these is refused.
   */
  readonly how: "create" | "update" | "rotate" | "delete" | "left" | "immutable";
  /** What to do about one that is left or immutable. */
  readonly remedy?: string;
  /** Id of the step of the plan that brings it. */
  readonly step?: string;
}

/** One step of a plan. Events of the operation name it by `id`. */
export interface PlanStep {
  /** Unique in the plan and readable: `1.34/control-plane`, `1.34/addon/vpc-cni`, `1.34/nodegroup/workers`. */
  readonly id: string;
  readonly kind: StepKind;
  /** `Upgrade the control plane to 1.34`. */
  readonly title: string;
  /** Which resource: add-on or logical node group name. */
  readonly target?: string;
  readonly from?: string;
  readonly to?: string;
  readonly expectedSeconds: number;
  /** Nodes that this step replaces. */
  readonly nodes?: number;
  /** What new nodes have that the old ones have not: a NodegroupChange of core/plan/green.ts. */
  readonly change?: Readonly<Record<string, unknown>>;
}

/** One minor version at a time; a plan without hops (rotation, add-ons) has one phase. */
export interface PlanPhase {
  /** `1.34` for a hop, otherwise `rotate`, `addons`, `provision`, `delete`. */
  readonly id: string;
  /** Kubernetes version of the control plane after the phase. */
  readonly version: string;
  readonly steps: readonly PlanStep[];
}

/** What an operation will do, computed before it starts and stored with it. */
export interface Plan {
  readonly type: OperationType;
  readonly cluster: ClusterRef;
  readonly fromVersion?: string;
  readonly toVersion?: string;
  readonly phases: readonly PlanPhase[];
  readonly findings: readonly Finding[];
  /** Only of an apply to a cluster that exists: what is not as the file says. */
  readonly differences?: readonly Difference[];
  readonly expectedSeconds: number;
  /** Node groups that rotate at once, where that is less than the policy lets: the quota has no room for more. */
  readonly parallelNodegroups?: number;
  readonly disruption: {
    readonly nodesReplaced: number;
    /** At most so many nodes of one group drained at once. */
    readonly maxUnavailable: string;
    /** EC2 instances that run beside the present ones at the peak. */
    readonly surgeNodes: number;
  };
  /** US dollars per month for control-plane support, before and after; absent where it does not change. */
  readonly cost?: { readonly supportPerMonthBefore: number; readonly supportPerMonthAfter: number };
  /** Hash of what was planned, so that a person approves exactly this. */
  readonly digest: string;
}

export interface OperationError {
  /** Stable code (`PdbBlockedDrain`, `ChecksBlocked`, `UpdateFailed`). */
  readonly code: string;
  /** What happened, in words a platform engineer would use. */
  readonly message: string;
  /** What to do next. */
  readonly remedy: string;
  readonly step?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** What a person asked of a running operation; the gates of its workflow read it. */
export interface OperationControl {
  readonly request?: "pause" | "cancel";
  readonly by?: string;
  readonly at?: string;
  readonly reason?: string;
}

/**
 * Why an operation waits. It has neither execution nor lease meanwhile: what it waits for wakes it, and it goes on
 * as a new attempt with the phases that are left. (A pause is short and keeps both.)
 */
export interface Awaiting {
  readonly for: "window" | "approval";
  /** Id of the phase before which it waits; absent before the first. */
  readonly phase?: string;
  /** ISO 8601: when the window opens, or when the approval can no longer be given. Absent: nobody knows. */
  readonly until?: string;
  /** ISO 8601. */
  readonly since: string;
  /** In words: `window weekend opens Sat 2026-11-21 02:00 Europe/Berlin`. */
  readonly reason: string;
}

/** What somebody said to what an operation waited for. */
export interface ApprovalDecision {
  /** The phase that it was about; absent: the whole operation. */
  readonly phase?: string;
  /** Digest of the plan that was shown. */
  readonly digest: string;
  readonly decision: "approved" | "rejected";
  readonly by: string;
  /** ISO 8601. */
  readonly at: string;
  readonly reason?: string;
}

/** The stored record. Steps are not stored: they are folded from the events. */
export interface Operation {
  readonly id: string;
  readonly type: OperationType;
  readonly cluster: ClusterRef;
  readonly status: OperationStatus;
  readonly requester: string;
  readonly reason?: string;
  readonly overrides: readonly Override[];
  /** Parameters of the request, by type of operation (`to`, `nodegroup`, `addons`, ...). */
  readonly request: Readonly<Record<string, unknown>>;
  readonly plan: Plan;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly executionArn?: string;
  /** 1 for the first run; a retry is a new execution of the same operation. */
  readonly attempt: number;
  readonly control: OperationControl;
  /** Set exactly while the status is AwaitingWindow or AwaitingApproval. */
  readonly awaiting?: Awaiting;
  readonly approvals?: readonly ApprovalDecision[];
  /** Somebody who is not the requester has to approve before it begins, whatever the policy says. */
  readonly needsApproval?: true;
  /** ISO 8601: it does not begin before, whatever windows are open. */
  readonly notBefore?: string;
  /** Somebody let it run outside of windows, with their reason (a security fix). */
  readonly ignoreWindow?: { readonly by: string; readonly at: string; readonly reason: string };
  /** The rollout that it is a part of. */
  readonly rollout?: string;
  readonly error?: OperationError;
  /** Raised by one at each change: optimistic lock. */
  readonly revision: number;
}

export type StepStatus = "Pending" | "Running" | "Succeeded" | "Failed" | "Skipped" | "RolledBack";

/** An entry of the operation's log: contiguous, ordered, append only. */
export interface OperationEvent {
  /** 1, 2, 3, ...: the cursor of `GET /v1/operations/{id}/events?after=N`. */
  readonly seq: number;
  /** ISO 8601. */
  readonly at: string;
  readonly kind:
    | "OperationStatusChanged"
    | "StepStarted"
    | "StepProgressed"
    | "StepSucceeded"
    | "StepFailed"
    | "StepSkipped"
    | "StepRolledBack"
    | "ChecksCompleted"
    | "Note";
  /** The plan step that it is about. */
  readonly step?: string;
  readonly message: string;
  readonly status?: OperationStatus;
  readonly findings?: readonly Finding[];
  readonly progress?: StepProgress;
  readonly error?: OperationError;
}

/** How far a step is; node states are those that changed since the event before. */
export interface StepProgress {
  readonly done: number;
  readonly total: number;
  /** `nodes`, `percent`. */
  readonly unit: string;
  readonly phase?: string;
  readonly nodes?: readonly NodeProgress[];
}

export interface NodeProgress {
  readonly name: string;
  readonly state:
    | "Joining"
    | "Ready"
    | "Cordoned"
    | "Draining"
    | "Drained"
    | "Blocked"
    | "Deleted"
    | "Uncordoned";
  readonly podsLeft?: number;
  /** Pods that may not be evicted now and the budget that says so. */
  readonly blockedBy?: readonly string[];
}

/** A step of the plan and what the events say of it. */
export interface StepView extends PlanStep {
  readonly phase: string;
  readonly status: StepStatus;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly progress?: Omit<StepProgress, "nodes">;
  /** Last known state of each node the step touches, in order of first mention. */
  readonly nodeStates?: readonly NodeProgress[];
  /** Text of the last event. */
  readonly message?: string;
  readonly error?: OperationError;
}

/** The lock of one cluster, held by one operation. */
export interface Lease {
  readonly operationId: string;
  readonly operationType: OperationType;
  readonly executionArn?: string;
  /** ISO 8601. */
  readonly acquiredAt: string;
}

/** Statuses in which an operation has ended: no lease, no execution, nothing half finished. */
export const ENDED: ReadonlySet<OperationStatus> = new Set([
  "Succeeded",
  "Failed",
  "RolledBack",
  "Cancelled",
]);
