import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import type { Operation, PlanStep } from "../../core/operation/types.ts";
import { compareVersions } from "../../core/versions/version.ts";
import { type TaskContext, task, taskInput } from "../lib/task.ts";
import { operationAtGate, phaseOf, record } from "../lib/work.ts";

const input = taskInput.extend({ phase: z.string() });

/** One update, with what EKS must be told to keep. */
export interface AddonItem {
  readonly step: string;
  readonly addon: string;
  readonly version: string;
  /** Arguments of UpdateAddon as a service integration names them. */
  readonly update: Readonly<Record<string, unknown>>;
}

/**
 * The add-on updates of a phase that are still to do, in their order. An add-on that has the version already (an
 * earlier attempt) or that was removed meanwhile is skipped and the log says so.
 */
export const handler = task("plan-addons", input, async ({ operationId, phase: id }, context) => {
  const operation = await operationAtGate(context, operationId);
  const steps = phaseOf(operation, id).steps.filter((step) => step.kind === "addon");
  const items: AddonItem[] = [];
  for (const step of steps) {
    const item = await itemFor(context, operation, step);
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
): Promise<AddonItem | undefined> {
  const cluster = ref.name;
  const addon = await eksOf(await runtimeIn(context.runtime, ref)).addon(cluster, target);
  const skip = async (message: string): Promise<undefined> => {
    await record(context, operationId, { kind: "StepSkipped", step: id, message });
  };
  if (!addon) return skip(`${target} is not installed any more`);
  const version = addon.addonVersion ?? "";
  const back = type === "rollback-cluster";
  const there = back ? compareVersions(version, to) <= 0 : compareVersions(version, to) >= 0;
  if (there && addon.status === "ACTIVE") return skip(`${target} is on ${version} already`);
  return {
    step: id,
    addon: target,
    version: to,
    update: {
      ClusterName: cluster,
      AddonName: target,
      AddonVersion: to,
      // Changes that people made to the add-on's objects stay; a conflict is for them to settle, not for us.
      ResolveConflicts: "PRESERVE",
      ...(addon.configurationValues ? { ConfigurationValues: addon.configurationValues } : {}),
      ...(addon.serviceAccountRoleArn ? { ServiceAccountRoleArn: addon.serviceAccountRoleArn } : {}),
    },
  };
}
