import type { ClusterRef } from "../cluster-ref.ts";
import type { AddonFacts, NodegroupFacts } from "../snapshot.ts";

/**
 * What a cluster is, in EKS's words: everything that a ClusterConfig can say and EKS can be asked. Plain data;
 * adapters/live.ts reads it, local to one look.
 */
export interface LiveState {
  readonly ref: ClusterRef;
  readonly cluster: LiveControlPlane;
  readonly nodegroups: readonly NodegroupFacts[];
  readonly addons: readonly LiveAddon[];
  /** Empty where the authentication mode is CONFIG_MAP: EKS answers no such call then. */
  readonly accessEntries: readonly LiveAccessEntry[];
  /** Those of add-ons too: they have an owner. */
  readonly podIdentities: readonly LivePodIdentity[];
  readonly fargateProfiles: readonly LiveFargateProfile[];
  /** OIDC providers that people sign in at; EKS takes one. */
  readonly identityProviders: readonly LiveIdentityProvider[];
  /** Software that EKS runs for the cluster. Absent: nobody asked. */
  readonly capabilities?: readonly LiveCapability[];
  /** The subnets of the cluster and of its groups, as far as EC2 knows them. */
  readonly subnets: readonly LiveSubnet[];
}

export interface LiveSubnet {
  readonly id: string;
  readonly zone: string;
  /** Its machines get public addresses. */
  readonly public: boolean;
}

export interface LiveControlPlane {
  readonly arn: string;
  readonly status: string;
  /** `1.34`. */
  readonly version: string;
  readonly roleArn: string;
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  /** Those that somebody gave it; EKS's own is not among them. */
  readonly securityGroupIds: readonly string[];
  readonly publicAccess: boolean;
  readonly privateAccess: boolean;
  readonly publicAccessCidrs: readonly string[];
  readonly logTypes: readonly string[];
  readonly authenticationMode: string;
  readonly creatorIsAdmin?: boolean;
  readonly supportType?: string;
  readonly zonalShift: boolean;
  readonly deletionProtection: boolean;
  readonly tier: string;
  /** `ipv4` or `ipv6`. */
  readonly ipFamily: string;
  readonly serviceCidr?: string;
  /** KMS key of the secrets. */
  readonly keyArn?: string;
  readonly autoMode: {
    readonly enabled: boolean;
    readonly nodePools: readonly string[];
    readonly nodeRoleArn?: string;
  };
  readonly remoteNodeNetworks: readonly (readonly string[])[];
  readonly remotePodNetworks: readonly (readonly string[])[];
  readonly tags: Readonly<Record<string, string>>;
  readonly endpoint?: string;
}

export interface LiveAddon extends AddonFacts {
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly namespace?: string;
}

export interface LiveAccessEntry {
  readonly principalArn: string;
  readonly arn: string;
  readonly type: string;
  readonly groups: readonly string[];
  readonly username: string;
  readonly policies: readonly LiveAccessPolicy[];
}

export interface LiveAccessPolicy {
  readonly policyArn: string;
  readonly scope: { readonly type: string; readonly namespaces: readonly string[] };
}

export interface LivePodIdentity {
  readonly associationId: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
  /** ARN of the add-on that it belongs to. */
  readonly ownerArn?: string;
  readonly targetRoleArn?: string;
  readonly disableSessionTags: boolean;
  readonly policy?: string;
}

export interface LiveFargateProfile {
  readonly name: string;
  readonly status: string;
  readonly roleArn: string;
  readonly subnets: readonly string[];
  readonly selectors: readonly {
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  }[];
  readonly tags: Readonly<Record<string, string>>;
}

export interface LiveCapability {
  readonly name: string;
  /** `ACK`, `KRO`, `ARGOCD`. */
  readonly type: string;
  readonly status: string;
}

export interface LiveIdentityProvider {
  readonly name: string;
  readonly status: string;
  readonly issuerUrl: string;
  readonly clientId: string;
  readonly usernameClaim?: string;
  readonly usernamePrefix?: string;
  readonly groupsClaim?: string;
  readonly groupsPrefix?: string;
  readonly requiredClaims: Readonly<Record<string, string>>;
}

/** Statuses of what never came to be. */
export const FAILED: ReadonlySet<string> = new Set(["CREATE_FAILED", "DELETE_FAILED"]);

/** Statuses in which EKS is at work on something: look again later. */
export const BUSY: ReadonlySet<string> = new Set(["CREATING", "UPDATING", "DELETING", "PENDING"]);
