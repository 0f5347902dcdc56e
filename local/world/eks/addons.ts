import type { Addon, ErrorDetail } from "@aws-sdk/client-eks";
import { defaultRelease, findAddon } from "../catalogue/addons.ts";
import { addonObjects } from "../catalogue/manifests.ts";
import {
  conflictsWith,
  deploymentsWithoutReplicas,
  hasReadyNode,
  install,
  objectsOf,
  uninstall,
} from "./addon-objects.ts";
import { checkAddon, checkAddonVersion, parseValues } from "./addon-settings.ts";
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
import {
  endUpdate,
  forgetUpdates,
  param,
  recordUpdate,
  renderUpdate,
  repeated,
  updateOf,
} from "./updates.ts";

const STEP = "eks.addon";
const HEALTH = "eks.addon-health";
const APPLY_AFTER_MS = 2_000;
const STEP_MS = 3_000;
/** Without a node to run on, coredns was seen DEGRADED after 17 s. */
const NO_NODES_MS = 17_000;
/** With nodes its pods get this long to become ready. */
const READY_MS = 5 * 60_000;
/** How long replicas may be missing before a running add-on counts as degraded. */
const DEGRADED_AFTER_MS = 60_000;
const RESTORED_AFTER_MS = 10_000;

const INSUFFICIENT = {
  code: "InsufficientNumberOfReplicas",
  message: "The add-on is unhealthy because it doesn't have the desired number of replicas.",
};

const keyOf = (addon: AddonDoc): string => resourceKey(addon.cluster, addon.name);

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
  const fault = standingFault(ctx, "AddonHealthIssue", subject(addon.cluster, "addon", addon.name));
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
  const { timers, clock, ids } = ctx.kernel;
  const stepIn = (addon: AddonDoc, ms: number): void => timers.set(STEP, keyOf(addon), clock.now() + ms);

  timers.on(STEP, (key) => {
    const addon = ctx.addons.get(key);
    if (!addon?.work || !ctx.kubernetes.hasCluster(addon.cluster)) return;
    if (addon.body.status === "DELETING") finishDeletion(addon);
    else if (addon.work.applied) settle(addon, addon.work);
    else applyWork(addon, addon.work);
    if (ctx.addons.has(key)) ctx.addons.touch(key);
  });

  /** The new objects go to the API server, unless they would overwrite what is not the add-on's. */
  function applyWork(addon: AddonDoc, work: NonNullable<AddonDoc["work"]>): void {
    const creating = addon.body.status === "CREATING";
    const about = subject(addon.cluster, "addon", addon.name);
    const objects = objectsOf(addon, work.version ?? addon.body.addonVersion, work.configurationValues);
    const failure = ctx.faults.hit(creating ? "AddonCreationFails" : "AddonUpdateFails", about);
    if (failure) {
      fail(addon, [
        {
          code: failure.args?.code ?? "InternalFailure",
          message: failure.args?.message ?? "The add-on could not be applied.",
        },
      ]);
      return;
    }
    const expected = creating
      ? objects
      : objectsOf(addon, addon.body.addonVersion, addon.body.configurationValues);
    const overwrite = work.resolveConflicts === "OVERWRITE";
    const tolerant = overwrite || (!creating && work.resolveConflicts === "PRESERVE");
    const conflicts = tolerant ? [] : conflictsWith(ctx, addon.cluster, expected);
    if (!tolerant && ctx.faults.hit("AddonConflict", about))
      conflicts.push(`ConfigMap kube-system/${addon.name} - .data`);
    if (conflicts.length > 0) {
      fail(addon, [
        {
          code: "ConfigurationConflict",
          message: `Conflicts found when trying to apply. Will not continue due to resolve conflicts mode. Conflicts:\n${conflicts.join("\n")}`,
        },
      ]);
      return;
    }
    install(ctx, addon.cluster, objects, !overwrite && !creating);
    work.applied = true;
    stepIn(addon, Math.max(STEP_MS, work.startedAt + duration(ctx, 6, 12) - clock.now()));
  }

  function fail(addon: AddonDoc, issues: readonly { code: string; message: string }[]): void {
    const work = addon.work;
    const update = updateOf(ctx, addon.cluster, work?.updateId);
    if (update)
      endUpdate(
        ctx,
        update,
        issues.map(({ code, message }) => ({
          errorCode: code as ErrorDetail["errorCode"],
          errorMessage: message,
          resourceIds: [],
        })),
      );
    addon.body.status = addon.body.status === "CREATING" ? "CREATE_FAILED" : "UPDATE_FAILED";
    addon.issues = issues.map((issue) => ({ ...issue, resourceIds: [] }));
    addon.modifiedAt = clock.now();
    delete addon.work;
  }

  /** Applied: waits for the first ready replica of every deployment, then takes the new settings over. */
  function settle(addon: AddonDoc, work: NonNullable<AddonDoc["work"]>): void {
    const missing = deploymentsWithoutReplicas(ctx, addon);
    const patience = hasReadyNode(ctx, addon.cluster) ? READY_MS : NO_NODES_MS;
    if (missing.length > 0 && clock.now() - work.startedAt < patience) {
      stepIn(addon, STEP_MS);
      return;
    }
    addon.body = defined({
      ...addon.body,
      addonVersion: work.version ?? addon.body.addonVersion,
      configurationValues: work.configurationValues,
      serviceAccountRoleArn: work.serviceAccountRoleArn,
      podIdentityAssociations: work.podIdentityAssociations,
      status: missing.length > 0 ? ("DEGRADED" as const) : ("ACTIVE" as const),
    });
    addon.issues = missing.length > 0 ? [{ ...INSUFFICIENT, resourceIds: missing }] : [];
    addon.modifiedAt = clock.now();
    delete addon.work;
    const update = updateOf(ctx, addon.cluster, work.updateId);
    if (update)
      endUpdate(
        ctx,
        update,
        missing.length > 0
          ? [
              {
                errorCode: "InsufficientNumberOfReplicas",
                errorMessage: INSUFFICIENT.message,
                resourceIds: missing,
              },
            ]
          : [],
      );
  }

  function finishDeletion(addon: AddonDoc): void {
    if (!addon.work?.preserve)
      uninstall(
        ctx,
        addon.cluster,
        objectsOf(addon, addon.body.addonVersion, addon.body.configurationValues),
      );
    for (const arn of addon.body.podIdentityAssociations ?? []) podIdentity.remove(arn);
    ctx.addons.delete(keyOf(addon));
    forgetUpdates(ctx, addon.cluster, { addon: addon.name });
  }

  /** A running add-on is degraded when a deployment has had no ready replica for a while, and recovers. */
  timers.on(HEALTH, (key) => {
    const addon = ctx.addons.get(key);
    if (!addon || addon.work || !ctx.kubernetes.hasCluster(addon.cluster)) return;
    const { status } = addon.body;
    if (status !== "ACTIVE" && status !== "DEGRADED") return;
    const missing = deploymentsWithoutReplicas(ctx, addon);
    if ((status === "DEGRADED") === missing.length > 0) return;
    addon.body.status = missing.length > 0 ? "DEGRADED" : "ACTIVE";
    addon.issues = missing.length > 0 ? [{ ...INSUFFICIENT, resourceIds: missing }] : [];
    addon.modifiedAt = clock.now();
    ctx.addons.touch(key);
  });

  /** Deployments of the add-ons, so that a change of one finds its add-on: `NAMESPACE/NAME` to add-on name. */
  const owners = new Map<string, string>();
  for (const name of [
    "coredns",
    "metrics-server",
    "snapshot-controller",
    "aws-ebs-csi-driver",
    "aws-efs-csi-driver",
    "amazon-cloudwatch-observability",
  ])
    for (const object of addonObjects(name, "", ""))
      if (object.kind === "Deployment")
        owners.set(`${object.metadata.namespace}/${object.metadata.name}`, name);

  ctx.kubernetes.onChange((arn, _type, object) => {
    if (object.kind !== "Deployment") return;
    const name = owners.get(`${object.metadata.namespace}/${object.metadata.name}`);
    const key = name === undefined ? undefined : resourceKey(arn, name);
    const addon = key === undefined ? undefined : ctx.addons.get(key);
    if (!addon || key === undefined || addon.work || timers.dueAt(HEALTH, key) !== undefined) return;
    const ready = Number(object.status?.readyReplicas ?? 0);
    const degraded = addon.body.status === "DEGRADED";
    if (degraded === (ready === 0)) return;
    timers.set(HEALTH, key, clock.now() + (degraded ? RESTORED_AFTER_MS : DEGRADED_AFTER_MS));
  });

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
