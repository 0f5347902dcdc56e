/** What is known of the machines of a cluster at one moment. Times in milliseconds since the epoch. */

export interface NodeCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  /** Since when it is so. */
  readonly since: number;
}

/** A machine as EC2 sees it. */
export interface MachineFacts {
  /** `running`, `stopped`, `terminated`, ...; `unknown` where EC2 was asked and gave no answer. */
  readonly state: string;
  /** EC2's own status checks fail. */
  readonly impaired?: boolean;
  /** Maintenance that AWS has planned for it. */
  readonly maintenance?: { readonly code: string; readonly notBefore: number };
}

export interface ObservedNode {
  /** Name of the Kubernetes node. */
  readonly name: string;
  /** `i-0abc`; absent where the node is no EC2 instance (Fargate, hybrid). */
  readonly instanceId?: string;
  /** Physical node group: EKS's managed group. Absent for every other kind of node. */
  readonly nodegroup?: string;
  readonly zone: string;
  readonly createdAt: number;
  readonly conditions: readonly NodeCondition[];
  readonly cordoned: boolean;
  /** Id of the operation of Slipway that cordoned it, `spot`, or `rotation`. */
  readonly cordonedBy?: string;
  /** It is being deleted. */
  readonly leaving: boolean;
  readonly machine: MachineFacts;
}

export interface ObservedGroup {
  /** Physical name. */
  readonly name: string;
  /** Name in the ClusterConfig. */
  readonly logicalName: string;
  /** `ACTIVE`, `UPDATING`, ... */
  readonly status: string;
  /** EKS's own node auto repair is on for it. */
  readonly eksRepairs: boolean;
  readonly autoScalingGroup?: string;
}

/** Everything that a decision about the nodes of a cluster looks at. */
export interface ClusterObservation {
  readonly nodes: readonly ObservedNode[];
  readonly groups: readonly ObservedGroup[];
  /** Whether the cluster takes part in zonal shifts at all. */
  readonly zonalShiftEnabled: boolean;
  /** Whether work that can be planned may begin now (maintenance windows). */
  readonly window: { readonly open: boolean; readonly reason: string };
  /** The operation that has the cluster. */
  readonly lease?: { readonly operationId: string; readonly type: string };
}
