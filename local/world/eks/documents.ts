import type { Addon, Cluster, ErrorDetail, Issue, Nodegroup, UpdateParam } from "@aws-sdk/client-eks";
import type { Place } from "../infra-contract.ts";

/**
 * What the simulated EKS remembers. Documents are plain JSON: times are milliseconds since the epoch, and
 * become `Date` only in an answer. `body` has the member names of the SDK.
 */

export interface ClusterDoc extends Place {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  /** Who created it, and with what: a repeated call with the same token gets the first result. */
  readonly token?: string;
  readonly creator: string;
  body: Omit<Cluster, "createdAt" | "connectorConfig"> & { version: string; tags: Record<string, string> };
  /** Id of the update in progress; EKS runs one at a time. */
  activeUpdate?: string;
  /** For a rollback: what it was before the last upgrade, and when that ended. */
  upgradedFrom?: { readonly version: string; readonly at: number };
  /** Auto Mode: its nodes go back before the control plane does; the status is ACTIVE meanwhile. */
  rollback?: { readonly nodesUntil: number; readonly timeoutAt: number; readonly cancelled?: true };
  readonly bootstrapSelfManagedAddons: boolean;
}

/** What an update belongs to: the filters of DescribeUpdate. */
export interface UpdateSubject {
  readonly nodegroup?: string;
  readonly addon?: string;
}

export interface UpdateDoc {
  readonly cluster: string;
  readonly subject: UpdateSubject;
  readonly id: string;
  readonly type: string;
  readonly params: UpdateParam[];
  readonly createdAt: number;
  status: "InProgress" | "Successful" | "Failed" | "Cancelled";
  errors: ErrorDetail[];
  readonly token?: string;
  /** The request as text: with the token, what makes two calls the same. */
  readonly request: string;
  /** What its end changes; each kind of update knows its own. */
  readonly change: UpdateChange;
}

export type UpdateChange =
  | { readonly kind: "config"; readonly patch: Partial<ClusterDoc["body"]> }
  | { readonly kind: "version"; readonly from: string; readonly to: string; readonly platformVersion: string }
  | { readonly kind: "identity-provider"; readonly associate: boolean }
  | { readonly kind: "other" };

/** Where the rolling update of a node group stands. */
export interface RollingUpdate {
  readonly updateId: string;
  readonly force: boolean;
  readonly minimal: boolean;
  /** Nodes that may be unavailable at once. */
  readonly parallel: number;
  readonly surge: number;
  readonly size: { readonly min: number; readonly max: number; readonly desired: number };
  readonly previous: {
    readonly version: string;
    readonly releaseVersion: string;
    readonly launchTemplate?: object;
  };
  readonly target: {
    readonly version: string;
    readonly releaseVersion: string;
    readonly launchTemplate?: object;
  };
  phase: "scale-up" | "upgrade" | "scale-down" | "roll-back";
  /** When the present phase gives up waiting for nodes. */
  deadline: number;
  /** Instances still on the old release, in the order in which they will be replaced. */
  old: string[];
  draining: DrainingNode[];
  failure?: ErrorDetail;
}

export interface DrainingNode {
  readonly instanceId: string;
  readonly node: string;
  readonly since: number;
  /** When its last pod was gone; the machine is terminated a minute after. */
  emptySince?: number;
}

export interface NodegroupDoc {
  readonly cluster: string;
  readonly name: string;
  readonly arn: string;
  readonly asg: string;
  readonly createdAt: number;
  modifiedAt: number;
  readonly token?: string;
  body: Omit<Nodegroup, "createdAt" | "modifiedAt"> & {
    version: string;
    releaseVersion: string;
    scalingConfig: { minSize: number; maxSize: number; desiredSize: number };
    labels: Record<string, string>;
    tags: Record<string, string>;
  };
  /** The sort of issue that the launch of machines has had lately; cleared when all are there. */
  launchFailure?: { readonly code: string; readonly message: string; readonly since: number };
  issues: Issue[];
  /** When nodes of a new group must have joined. */
  joinBy?: number;
  rolling?: RollingUpdate;
  activeUpdate?: string;
  deletion?: { readonly since: number; asgRequested: boolean };
}

export interface AddonDoc {
  readonly cluster: string;
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  modifiedAt: number;
  readonly token?: string;
  body: Omit<Addon, "createdAt" | "modifiedAt" | "health"> & {
    addonVersion: string;
    tags: Record<string, string>;
  };
  issues: { code: string; message: string; resourceIds: string[] }[];
  /** What its present CREATING, UPDATING or DELETING is about. */
  work?: {
    readonly updateId?: string | undefined;
    readonly startedAt: number;
    readonly version?: string | undefined;
    readonly configurationValues?: string | undefined;
    readonly serviceAccountRoleArn?: string | undefined;
    readonly podIdentityAssociations?: string[] | undefined;
    readonly resolveConflicts: string;
    readonly preserve?: boolean;
    applied?: boolean;
  };
}
