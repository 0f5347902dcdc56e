import type { ErrorDetail } from "@aws-sdk/client-eks";
import { addonData } from "../catalogue/addon-data.ts";
import { addonObjects } from "../catalogue/manifests.ts";
import {
  conflictsWith,
  deploymentsWithoutReplicas,
  hasReadyNode,
  install,
  objectsOf,
  uninstall,
} from "./addon-objects.ts";
import { defined, duration, type EksContext, resourceKey, subject } from "./context.ts";
import type { AddonDoc } from "./documents.ts";
import type { PodIdentity } from "./pod-identity.ts";
import { endUpdate, forgetUpdates, updateOf } from "./updates.ts";

/** The work that CreateAddon, UpdateAddon and DeleteAddon begin, step by step, and the health that follows. */

const STEP = "eks.addon";
const HEALTH = "eks.addon-health";
export const APPLY_AFTER_MS = 2_000;
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

export const keyOf = (addon: AddonDoc): string => resourceKey(addon.cluster, addon.name);

/** An answer of the API server, as against a defect of ours: it carries a Kubernetes Status. */
const isRefusal = (error: unknown): error is Error =>
  error instanceof Error && "status" in error && typeof error.status === "object";

/** Carries the work on and keeps the health; returns what sets an add-on's next step. */
export function addonWork(ctx: EksContext, podIdentity: PodIdentity): (addon: AddonDoc, ms: number) => void {
  const { timers, clock } = ctx.kernel;
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
    try {
      install(ctx, addon.cluster, objects, !overwrite && !creating);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      fail(addon, [{ code: "AdmissionRequestDenied", message: error.message }]);
      return;
    }
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
  for (const { name } of addonData)
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

  return stepIn;
}
