import { runtimeIn } from "../../adapters/accounts.ts";
import { eksClientOf, eksOf } from "../../adapters/aws/eks.ts";
import { readPrincipals } from "../../adapters/live.ts";
import { clusterNotFound } from "../../adapters/snapshot.ts";
import { TerminalError } from "../../core/errors.ts";
import { kubernetesRole, ownEntries } from "../lib/own-access.ts";
import { integrationArguments } from "../lib/rotation-state.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, phaseOf, record } from "../lib/work.ts";

/**
 * The access entries of Slipway's functions that a cluster lacks. Throws TerminalError `AccessEntriesNeeded` where
 * the authentication mode knows none.
 */
export const handler = task("plan-access", taskInput, async ({ operationId }, context) => {
  const operation = await operationAtGate(context, operationId);
  const { name } = operation.cluster;
  const there = await runtimeIn(context.runtime, operation.cluster);
  const cluster = await eksOf(there).cluster(name);
  if (!cluster) throw clusterNotFound(operation.cluster);
  const mode = cluster.accessConfig?.authenticationMode ?? "CONFIG_MAP";
  if (mode === "CONFIG_MAP")
    throw new TerminalError(`the authentication mode of ${name} is CONFIG_MAP`, {
      code: "AccessEntriesNeeded",
      remedy: "Set accessConfig.authenticationMode to API_AND_CONFIG_MAP and apply, then adopt once more.",
    });
  for (const { id, title } of phaseOf(operation, "adopt").steps)
    await record(context, operationId, { kind: "StepStarted", step: id, message: title });
  const known = new Set(await readPrincipals(eksClientOf(there), name));
  const missing = ownEntries(context.runtime, operation.cluster, mode).filter(
    (entry) => !known.has(entry.principalArn),
  );
  return {
    access: integrationArguments(missing),
    granter: kubernetesRole(context.runtime, operation.cluster, "grant-access"),
    step: phaseOf(operation, "adopt").steps[0]?.id ?? "",
  };
});
