import type { Addon } from "@aws-sdk/client-eks";
import { defaultRelease, findAddon } from "../catalogue/addons.ts";
import { addonObjects } from "../catalogue/manifests.ts";
import { checkAddon, checkAddonVersion, parseValues } from "./addon-settings.ts";
import { APPLY_AFTER_MS, addonWork, keyOf } from "./addon-work.ts";
import { checkRole } from "./cluster-settings.ts";
import {
  childArn,
  date,
  defined,
  duration,
  type EksContext,
  type EksHandlers,
  findActiveCluster,
  findCluster,
  need,
  ofCluster,
  resourceKey,
  standingFault,
  subject,
} from "./context.ts";
import type { AddonDoc, ClusterDoc } from "./documents.ts";
import { addonNotFound, inUse } from "./errors.ts";
import { page } from "./paging.ts";
import type { PodIdentity } from "./pod-identity.ts";
import { param, recordUpdate, renderUpdate, repeated } from "./updates.ts";

export function findInstalled(ctx: EksContext, cluster: ClusterDoc, name: string | undefined): AddonDoc {
  const wanted = need(name, "addonName");
  const addon = ctx.addons.get(resourceKey(cluster.arn, wanted));
  if (!addon) throw addonNotFound(cluster.name, wanted);
  return addon;
}

/** What EKS installs by itself on a new cluster: not managed, and not updated later. */
export function installSelfManaged(ctx: EksContext, cluster: ClusterDoc): void {
  for (const name of ["vpc-cni", "kube-proxy", "coredns"]) {
    const addon = findAddon(name);
    const release = addon && defaultRelease(addon, cluster.body.version);
    if (release)
      for (const object of addonObjects(name, release.version, cluster.region))
        ctx.kubernetes.apply(cluster.arn, object);
  }
}

export function renderAddon(ctx: EksContext, addon: AddonDoc): Addon {
  const fault = standingFault(
    ctx,
    "AddonHealthIssue",
    // With the version, so that one version of an add-on can be the sick one.
    `${subject(addon.cluster, "addon", addon.name)} version/${addon.body.addonVersion}`,
  );
  const issues = fault
    ? [
        ...addon.issues,
        {
          code: fault.args?.code ?? "AccessDenied",
          message: fault.args?.message ?? "The add-on is unhealthy because it is denied access.",
          resourceIds: [],
        },
      ]
    : addon.issues;
  return {
    ...addon.body,
    ...(fault && addon.body.status === "ACTIVE" ? { status: "DEGRADED" as const } : {}),
    addonArn: addon.arn,
    createdAt: date(addon.createdAt),
    modifiedAt: date(addon.modifiedAt),
    health: { issues: issues as NonNullable<NonNullable<Addon["health"]>["issues"]> },
  };
}

export const addonHandlers = (ctx: EksContext, podIdentity: PodIdentity) => {
  const { clock, ids } = ctx.kernel;
  const stepIn = addonWork(ctx, podIdentity);

  return {
    CreateAddon(input, scope) {
      const found = findCluster(ctx, scope, input.clusterName);
      const name = need(input.addonName, "addonName");
      const existing = ctx.addons.get(resourceKey(found.arn, name));
      if (existing) {
        if (existing.token !== undefined && existing.token === input.clientRequestToken)
          return { addon: renderAddon(ctx, existing) };
        throw inUse("Addon already exists.", { clusterName: found.name, addonName: name });
      }
      const cluster = findActiveCluster(ctx, scope, input.clusterName);
      const data = checkAddon(cluster, name);
      const release = checkAddonVersion(cluster, data, input.addonVersion);
      parseValues(name, input.configurationValues);
      if (input.serviceAccountRoleArn !== undefined) checkRole(ctx, input.serviceAccountRoleArn);
      const now = clock.now();
      const arn = childArn(cluster, "addon", name, ids.uuid());
      const namespace = input.namespaceConfig?.namespace ?? data.namespace;
      const associations = (input.podIdentityAssociations ?? []).map((association) =>
        podIdentity.add(cluster, { ...association, namespace, ownerArn: arn }),
      );
      const addon: AddonDoc = {
        cluster: cluster.arn,
        name,
        arn,
        createdAt: now,
        modifiedAt: now,
        ...(input.clientRequestToken === undefined ? {} : { token: input.clientRequestToken }),
        body: defined({
          addonName: name,
          clusterName: cluster.name,
          status: "CREATING" as const,
          addonVersion: release.version,
          tags: { ...input.tags },
          publisher: "eks",
          owner: "aws",
          namespaceConfig: { namespace },
          configurationValues: input.configurationValues,
          serviceAccountRoleArn: input.serviceAccountRoleArn,
          podIdentityAssociations: associations.length > 0 ? associations : undefined,
        }),
        issues: [],
        work: defined({
          startedAt: now,
          version: release.version,
          resolveConflicts: input.resolveConflicts ?? "NONE",
          configurationValues: input.configurationValues,
          serviceAccountRoleArn: input.serviceAccountRoleArn,
          podIdentityAssociations: associations.length > 0 ? associations : undefined,
        }),
      };
      ctx.addons.set(keyOf(addon), addon);
      stepIn(addon, APPLY_AFTER_MS);
      return { addon: renderAddon(ctx, addon) };
    },

    UpdateAddon(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const addon = findInstalled(ctx, cluster, input.addonName);
      const { clientRequestToken, clusterName: _c, addonName: _a, ...request } = input;
      const asked = { addon: addon.name, ...request };
      const same = repeated(ctx, cluster.arn, clientRequestToken, asked);
      if (same) return { update: renderUpdate(same) };
      findActiveCluster(ctx, scope, input.clusterName);
      if (addon.work)
        throw inUse(
          `Addon ${addon.name} cannot be updated as it is currently in ${addon.body.status} state`,
          {
            clusterName: cluster.name,
            addonName: addon.name,
          },
        );
      const release = checkAddonVersion(
        cluster,
        checkAddon(cluster, addon.name),
        input.addonVersion ?? addon.body.addonVersion,
      );
      parseValues(addon.name, input.configurationValues);
      if (input.serviceAccountRoleArn !== undefined) checkRole(ctx, input.serviceAccountRoleArn);
      let associations = addon.body.podIdentityAssociations;
      if (input.podIdentityAssociations) {
        for (const arn of associations ?? []) podIdentity.remove(arn);
        const namespace = addon.body.namespaceConfig?.namespace ?? "kube-system";
        associations = input.podIdentityAssociations.map((association) =>
          podIdentity.add(cluster, { ...association, namespace, ownerArn: addon.arn }),
        );
      }
      const update = recordUpdate(ctx, {
        cluster: cluster.arn,
        subject: { addon: addon.name },
        type: "AddonUpdate",
        params: [
          param("AddonVersion", release.version),
          ...(input.serviceAccountRoleArn
            ? [param("ServiceAccountRoleArn", input.serviceAccountRoleArn)]
            : []),
          param("ResolveConflicts", input.resolveConflicts ?? "NONE"),
          ...(input.configurationValues === undefined
            ? []
            : [param("ConfigurationValues", input.configurationValues)]),
          ...(input.podIdentityAssociations
            ? [param("PodIdentityAssociations", input.podIdentityAssociations)]
            : []),
        ],
        token: clientRequestToken,
        request: asked,
      });
      addon.body.status = "UPDATING";
      addon.issues = [];
      addon.work = defined({
        updateId: update.id,
        startedAt: clock.now(),
        version: release.version,
        resolveConflicts: input.resolveConflicts ?? "NONE",
        configurationValues: input.configurationValues ?? addon.body.configurationValues,
        serviceAccountRoleArn: input.serviceAccountRoleArn ?? addon.body.serviceAccountRoleArn,
        podIdentityAssociations: associations,
      });
      ctx.addons.touch(keyOf(addon));
      stepIn(addon, APPLY_AFTER_MS);
      return { update: renderUpdate(update) };
    },

    DeleteAddon(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const addon = findInstalled(ctx, cluster, input.addonName);
      if (addon.body.status === "DELETING") return { addon: renderAddon(ctx, addon) };
      if (addon.work)
        throw inUse(
          `Addon ${addon.name} cannot be deleted as it is currently in ${addon.body.status} state`,
          {
            clusterName: cluster.name,
            addonName: addon.name,
          },
        );
      addon.body.status = "DELETING";
      addon.work = { startedAt: clock.now(), resolveConflicts: "NONE", preserve: input.preserve ?? false };
      ctx.addons.touch(keyOf(addon));
      stepIn(addon, duration(ctx, 6, 12));
      return { addon: renderAddon(ctx, addon) };
    },

    DescribeAddon(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      return { addon: renderAddon(ctx, findInstalled(ctx, cluster, input.addonName)) };
    },

    ListAddons(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const names = ofCluster(ctx.addons, cluster.arn).map((addon) => addon.name);
      const { items, nextToken } = page(names, input);
      return { addons: items, nextToken };
    },
  } satisfies EksHandlers;
};
