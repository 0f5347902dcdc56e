import type { Capability } from "../cluster-config/control-plane.ts";
import type { ClusterConfig } from "../cluster-config/schema.ts";
import type { AccessPolicyRequest } from "./access-requests.ts";
import { type Foundation, fargateSubnets } from "./foundation.ts";
import { accountRoleKey, podRoleKey } from "./roles.ts";

/** The inputs of CreateFargateProfile. */
export const fargateRequests = (config: ClusterConfig, foundation: Foundation) =>
  (config.fargateProfiles ?? []).map((profile) => ({
    clusterName: config.metadata.name,
    fargateProfileName: profile.name,
    podExecutionRoleArn:
      profile.podExecutionRoleARN ?? config.iam?.fargatePodExecutionRoleARN ?? foundation.role("fargate"),
    subnets: fargateSubnets(foundation, profile.subnets),
    selectors: profile.selectors.map(({ namespace, labels }) => ({
      namespace,
      ...(labels ? { labels } : {}),
    })),
    tags: { ...config.metadata.tags, ...profile.tags },
  }));

/** The inputs of CreatePodIdentityAssociation. */
export const podIdentityRequests = (config: ClusterConfig, foundation: Foundation) =>
  (config.iam?.podIdentityAssociations ?? []).map((association) => {
    const { namespace, serviceAccountName } = association;
    return {
      clusterName: config.metadata.name,
      namespace,
      serviceAccount: serviceAccountName,
      roleArn: association.roleARN ?? foundation.role(podRoleKey(namespace, serviceAccountName)),
      ...(association.targetRoleARN ? { targetRoleArn: association.targetRoleARN } : {}),
      ...(association.disableSessionTags === undefined
        ? {}
        : { disableSessionTags: association.disableSessionTags }),
      ...(association.policy ? { policy: association.policy } : {}),
      tags: { ...config.metadata.tags, ...association.tags },
    };
  });

/** The inputs of AssociateIdentityProviderConfig. */
export const identityProviderRequests = (config: ClusterConfig) =>
  (config.identityProviders ?? []).map((provider) => ({
    clusterName: config.metadata.name,
    oidc: {
      identityProviderConfigName: provider.name,
      issuerUrl: provider.issuerURL,
      clientId: provider.clientID,
      ...(provider.usernameClaim ? { usernameClaim: provider.usernameClaim } : {}),
      ...(provider.usernamePrefix ? { usernamePrefix: provider.usernamePrefix } : {}),
      ...(provider.groupsClaim ? { groupsClaim: provider.groupsClaim } : {}),
      ...(provider.groupsPrefix ? { groupsPrefix: provider.groupsPrefix } : {}),
      ...(provider.requiredClaims ? { requiredClaims: provider.requiredClaims } : {}),
    },
    tags: { ...config.metadata.tags, ...provider.tags },
  }));

const capabilityRole = (capability: Capability, foundation: Foundation): string =>
  capability.roleArn ?? foundation.role(`capability/${capability.name}`);

/** The inputs of CreateCapability. */
export const capabilityRequests = (config: ClusterConfig, foundation: Foundation) =>
  (config.capabilities ?? []).map((capability) => {
    const argocd = capability.configuration?.argocd;
    return {
      clusterName: config.metadata.name,
      capabilityName: capability.name,
      type: capability.type,
      roleArn: capabilityRole(capability, foundation),
      deletePropagationPolicy: capability.deletePropagationPolicy ?? "RETAIN",
      ...(argocd
        ? {
            configuration: {
              argoCd: {
                ...(argocd.namespace ? { namespace: argocd.namespace } : {}),
                awsIdc: { ...argocd.awsIdc },
                ...(argocd.rbacRoleMappings ? { rbacRoleMappings: argocd.rbacRoleMappings } : {}),
                ...(argocd.networkAccess ? { networkAccess: { ...argocd.networkAccess } } : {}),
              },
            },
          }
        : {}),
      tags: { ...config.metadata.tags, ...capability.tags },
    };
  });

/** What capabilities may do in Kubernetes. EKS makes their access entries with them: these come afterwards. */
export const capabilityPolicyRequests = (
  config: ClusterConfig,
  foundation: Foundation,
): AccessPolicyRequest[] =>
  (config.capabilities ?? []).flatMap((capability) =>
    (capability.accessPolicies ?? []).map((policy) => ({
      clusterName: config.metadata.name,
      principalArn: capabilityRole(capability, foundation),
      policyArn: policy.policyARN,
      accessScope: policy.accessScope,
    })),
  );

interface KubernetesObject {
  readonly path: string;
  readonly object: object;
}

const SYSTEM_NAMESPACES = new Set(["default", "kube-system", "kube-public", "kube-node-lease"]);

/** Service accounts that the file asks for, after their namespaces; those of roles carry the role's ARN. */
export function serviceAccountObjects(config: ClusterConfig, foundation: Foundation): KubernetesObject[] {
  const accounts = [
    ...(config.iam?.serviceAccounts ?? [])
      .filter((account) => !account.roleOnly)
      .map((account) => {
        const { name, namespace = "default", labels, annotations } = account.metadata;
        const role = account.attachRoleARN ?? foundation.role(accountRoleKey(namespace, name));
        return {
          name,
          namespace,
          labels,
          annotations: { ...annotations, "eks.amazonaws.com/role-arn": role },
        };
      }),
    ...(config.iam?.podIdentityAssociations ?? [])
      .filter((association) => association.createServiceAccount)
      .map(({ serviceAccountName, namespace }) => ({
        name: serviceAccountName,
        namespace,
        labels: undefined,
        annotations: {},
      })),
  ];
  const namespaces = [...new Set(accounts.map((account) => account.namespace))].filter(
    (namespace) => !SYSTEM_NAMESPACES.has(namespace),
  );
  return [
    ...namespaces.map((name) => ({
      path: `/api/v1/namespaces/${name}`,
      object: { apiVersion: "v1", kind: "Namespace", metadata: { name } },
    })),
    ...accounts.map(({ name, namespace, labels, annotations }) => ({
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`,
      object: {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name, namespace, annotations, ...(labels ? { labels } : {}) },
      },
    })),
  ];
}
