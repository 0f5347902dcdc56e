import type { OidcIdentityProviderConfig } from "@aws-sdk/client-eks";
import { beginClusterUpdate, type ClusterUpdates } from "./cluster-updates.ts";
import {
  childArn,
  defined,
  duration,
  type EksContext,
  type EksHandlers,
  findCluster,
  need,
} from "./context.ts";
import type { ClusterDoc } from "./documents.ts";
import { inUse, invalidParameter, invalidRequest, notActive, notFound, updateInProgress } from "./errors.ts";
import { page } from "./paging.ts";
import { param, renderUpdate } from "./updates.ts";

/** OIDC identity providers (one per cluster) and secrets encryption (once, for good): updates of the cluster. */
export const associations = (
  ctx: EksContext,
  updates: ClusterUpdates,
): { readonly forget: (cluster: string) => void; readonly handlers: EksHandlers } => {
  const { ids, durable } = ctx.kernel;
  /** By cluster ARN. */
  const providers = durable.map<OidcIdentityProviderConfig>("eks.identity-providers");

  updates.onEnd("identity-provider", (cluster, change) => {
    if (change.associate) {
      const provider = providers.get(cluster.arn);
      if (provider) providers.set(cluster.arn, { ...provider, status: "ACTIVE" });
    } else providers.delete(cluster.arn);
    return [];
  });

  function checkIdle(cluster: ClusterDoc, type: string): void {
    if (cluster.activeUpdate) throw updateInProgress(type, cluster.name, cluster.activeUpdate);
    if (cluster.body.status !== "ACTIVE") throw notActive(cluster.name);
  }

  function find(
    cluster: ClusterDoc,
    wanted: { type?: string | undefined; name?: string | undefined } | undefined,
  ): OidcIdentityProviderConfig {
    const provider = providers.get(cluster.arn);
    if (wanted?.type !== "oidc" || provider?.identityProviderConfigName !== wanted.name || !provider)
      throw notFound(`Identity provider config is not associated with cluster ${cluster.name}`, {
        clusterName: cluster.name,
      });
    return provider;
  }

  const handlers = {
    AssociateIdentityProviderConfig(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const oidc = need(input.oidc, "oidc");
      if (providers.has(cluster.arn))
        throw inUse("Identity provider config already exists for the cluster", { clusterName: cluster.name });
      if (!oidc.issuerUrl?.startsWith("https://"))
        throw invalidParameter("issuerUrl must begin with https://");
      checkIdle(cluster, "AssociateIdentityProviderConfig");
      const name = need(oidc.identityProviderConfigName, "oidc.identityProviderConfigName");
      providers.set(
        cluster.arn,
        defined({
          ...oidc,
          identityProviderConfigName: name,
          identityProviderConfigArn: childArn(cluster, "identityproviderconfig", "oidc", name, ids.uuid()),
          clusterName: cluster.name,
          tags: { ...input.tags },
          status: "CREATING" as const,
        }),
      );
      const update = beginClusterUpdate(ctx, cluster, {
        type: "AssociateIdentityProviderConfig",
        params: [param("IdentityProviderConfig", [{ type: "oidc", name }])],
        change: { kind: "identity-provider", associate: true },
        token: input.clientRequestToken,
        request: { oidc },
        ms: duration(ctx, 8 * 60, 14 * 60),
      });
      return { update: renderUpdate(update), tags: { ...input.tags } };
    },
    DisassociateIdentityProviderConfig(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const provider = find(cluster, input.identityProviderConfig);
      checkIdle(cluster, "DisassociateIdentityProviderConfig");
      providers.set(cluster.arn, { ...provider, status: "DELETING" });
      const update = beginClusterUpdate(ctx, cluster, {
        type: "DisassociateIdentityProviderConfig",
        params: [param("IdentityProviderConfig", [input.identityProviderConfig])],
        change: { kind: "identity-provider", associate: false },
        token: input.clientRequestToken,
        request: { identityProviderConfig: input.identityProviderConfig },
        ms: duration(ctx, 8 * 60, 14 * 60),
      });
      return { update: renderUpdate(update) };
    },
    DescribeIdentityProviderConfig(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      return { identityProviderConfig: { oidc: find(cluster, input.identityProviderConfig) } };
    },
    ListIdentityProviderConfigs(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const provider = providers.get(cluster.arn);
      const all = provider ? [{ type: "oidc", name: provider.identityProviderConfigName }] : [];
      const { items, nextToken } = page(all, input);
      return { identityProviderConfigs: items, nextToken };
    },
    AssociateEncryptionConfig(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const encryptionConfig = need(input.encryptionConfig, "encryptionConfig");
      if ((cluster.body.encryptionConfig?.length ?? 0) > 0)
        throw invalidRequest("Cluster already has encryption enabled; it cannot be changed or removed", {
          clusterName: cluster.name,
        });
      checkIdle(cluster, "AssociateEncryptionConfig");
      const update = beginClusterUpdate(ctx, cluster, {
        type: "AssociateEncryptionConfig",
        params: [param("EncryptionConfig", encryptionConfig)],
        change: { kind: "config", patch: { encryptionConfig } },
        token: input.clientRequestToken,
        request: { encryptionConfig },
        ms: duration(ctx, 5 * 60, 15 * 60),
      });
      return { update: renderUpdate(update) };
    },
  } satisfies EksHandlers;

  return { handlers, forget: (cluster) => void providers.delete(cluster) };
};
