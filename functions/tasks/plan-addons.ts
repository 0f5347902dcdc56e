import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { type EksReader, eksOf } from "../../adapters/aws/eks.ts";
import type { Operation, PlanStep } from "../../core/operation/types.ts";
import { compareVersions } from "../../core/versions/version.ts";
import { earlierConfig } from "../lib/comparison.ts";
import { type TaskContext, task, taskInput } from "../lib/task.ts";
import { operationAtGate, phaseOf, policyFor, record } from "../lib/work.ts";

const input = taskInput.extend({ phase: z.string() });

/** One update, with what EKS must be told to keep. */
export interface AddonItem {
  readonly step: string;
  readonly addon: string;
  readonly version: string;
  /** Arguments of UpdateAddon as a service integration names them. */
  readonly update: Readonly<Record<string, unknown>>;
  /** The version that it has now. */
  readonly previous: string;
  /** Arguments of the UpdateAddon that brings that one back; absent where EKS would not take it. */
  readonly undo?: Readonly<Record<string, unknown>>;
}

/**
 * The add-on updates of a phase that are still to do, in their order. An add-on that has the version already (an
 * earlier attempt) or that was removed meanwhile is skipped and the log says so.
 */
export const handler = task("plan-addons", input, async ({ operationId, phase: id }, context) => {
  const operation = await operationAtGate(context, operationId);
  const steps = phaseOf(operation, id).steps.filter((step) => step.kind === "addon");
  const conflicts = await conflictsOf(context, operation);
  const items: AddonItem[] = [];
  for (const step of steps) {
    const item = await itemFor(context, operation, step, conflicts);
    if (item) items.push(item);
  }
  const [first] = items;
  if (first)
    await record(context, operationId, {
      kind: "StepStarted",
      step: first.step,
      message: steps.find((step) => step.id === first.step)?.title ?? "",
    });
  return { items };
});

async function itemFor(
  context: TaskContext,
  { id: operationId, cluster: ref, type }: Operation,
  { id, target = "", to = "" }: PlanStep,
  conflicts: (addon: string) => string,
): Promise<AddonItem | undefined> {
  const cluster = ref.name;
  const eks = eksOf(await runtimeIn(context.runtime, ref));
  const addon = await eks.addon(cluster, target);
  const skip = async (message: string): Promise<undefined> => {
    await record(context, operationId, { kind: "StepSkipped", step: id, message });
  };
  if (!addon) return skip(`${target} is not installed any more`);
  const version = addon.addonVersion ?? "";
  const back = type === "rollback-cluster";
  const there = back ? compareVersions(version, to) <= 0 : compareVersions(version, to) >= 0;
  if (there && addon.status === "ACTIVE") return skip(`${target} is on ${version} already`);
  const kept = {
    ClusterName: cluster,
    AddonName: target,
    ...(addon.configurationValues ? { ConfigurationValues: addon.configurationValues } : {}),
    ...(addon.serviceAccountRoleArn ? { ServiceAccountRoleArn: addon.serviceAccountRoleArn } : {}),
  };
  const takes = version !== to && (await runsOn(eks, target, version, cluster));
  return {
    step: id,
    addon: target,
    version: to,
    previous: version,
    update: { ...kept, AddonVersion: to, ResolveConflicts: conflicts(target) },
    ...(takes ? { undo: { ...kept, AddonVersion: version, ResolveConflicts: "PRESERVE" } } : {}),
  };
}

/** Whether EKS would take the version for the control plane as it is: after a hop the old one may not be offered. */
async function runsOn(eks: EksReader, addon: string, version: string, cluster: string): Promise<boolean> {
  const minor = (await eks.cluster(cluster))?.version;
  const offered = (await eks.addonVersions(addon)).flatMap((info) => info.addonVersions ?? []);
  return offered.some(
    (release) =>
      release.addonVersion === version &&
      release.compatibilities?.some((compatible) => compatible.clusterVersion === minor),
  );
}

/**
 * What an update does with fields that people changed: what the file says of the add-on, else the policy. By default
 * they stay: a conflict is for people to settle, not for us.
 */
async function conflictsOf(context: TaskContext, operation: Operation): Promise<(addon: string) => string> {
  const { addons } = await policyFor(context.store, operation);
  const stored = await context.store.getCluster(operation.cluster);
  const config = earlierConfig(stored?.applied ?? stored?.config);
  return (name) =>
    (
      config?.addons?.find((addon) => addon.name === name)?.resolveConflicts ?? addons.conflicts
    ).toUpperCase();
}
