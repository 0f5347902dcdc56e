import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { TerminalError } from "../../core/errors.ts";
import type { Operation } from "../../core/operation/types.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, record, stepById } from "../lib/work.ts";

const input = taskInput.extend({
  step: z.string(),
  addon: z.string(),
  version: z.string(),
  polls: z.number().int().min(0),
  /** Step of the add-on that comes next, to be recorded as started; empty after the last. */
  nextStep: z.string(),
});

const POLL_SECONDS = 15;
/** DEGRADED right after an update often means pods that are still starting: ten minutes, then it is a failure. */
const MAX_POLLS = 40;
const FAILED = new Set(["UPDATE_FAILED", "CREATE_FAILED", "DELETE_FAILED"]);

const DATA_PLANE = new Set(["nodegroup", "self-managed", "fargate"]);

/** A new cluster that is to have no nodes: its add-ons wait for some, as their file wants it. */
const withoutNodes = ({ plan }: Operation): boolean =>
  plan.type === "provision-cluster" &&
  !plan.phases
    .flatMap((phase) => phase.steps)
    .some((step) => DATA_PLANE.has(step.kind) && (step.nodes ?? 1) > 0);

/**
 * Looks whether an add-on that was updated or created is healthy on its version. Throws TerminalError
 * `AddonFailed`, or `AddonDegraded` when it does not become healthy in time, with EKS's own reasons.
 */
export const handler = task(
  "end-addon",
  input,
  async ({ operationId, step, addon: name, version, polls, nextStep }, context) => {
    const operation = await operationAtGate(context, operationId);
    const there = await runtimeIn(context.runtime, operation.cluster);
    const addon = await eksOf(there).addon(operation.cluster.name, name);
    const issues = (addon?.health?.issues ?? []).map((issue) => `${issue.code}: ${issue.message}`);
    const status = addon?.status ?? "gone";
    const error = (code: string, remedy: string) =>
      new TerminalError(
        `add-on ${name} is ${status} on ${addon?.addonVersion ?? "no version"}, wanted ACTIVE on ${version}${issues.length > 0 ? `: ${issues.join("; ")}` : ""}`,
        { code, remedy, detail: { addon: name, status, issues } },
      );
    if (!addon || FAILED.has(status))
      throw error(
        "AddonFailed",
        "Settle what EKS names (often a field that somebody changed), then retry the operation.",
      );
    const idle =
      status === "DEGRADED" &&
      withoutNodes(operation) &&
      (addon.health?.issues ?? []).every((issue) => issue.code === "InsufficientNumberOfReplicas");
    if (status !== "ACTIVE" && !idle) {
      if (polls >= MAX_POLLS)
        throw error("AddonDegraded", "Look at the add-on's pods in kube-system, then retry the operation.");
      return { state: "waiting", waitSeconds: POLL_SECONDS };
    }
    if (addon.addonVersion !== version)
      throw error("AddonFailed", "Somebody else may have changed the add-on; retry the operation.");
    await record(context, operationId, {
      kind: "StepSucceeded",
      step,
      message: `${name} is on ${version}${idle ? "; it has no node to run on yet" : ""}`,
    });
    if (nextStep)
      await record(context, operationId, {
        kind: "StepStarted",
        step: nextStep,
        message: stepById(operation, nextStep).title,
      });
    return { state: "done" };
  },
);
