import { clusterRequest } from "../../core/provision/requests.ts";
import { needsIdentity } from "../../core/provision/stack.ts";
import { desiredConfig } from "../lib/desired.ts";
import { completedConfig, foundationFor } from "../lib/provisioning.ts";
import { integrationArguments } from "../lib/rotation-state.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, record } from "../lib/work.ts";

/** The CreateCluster request, made of the ClusterConfig and of where the cluster lives. */
export const handler = task("plan-cluster", taskInput, async ({ operationId }, context) => {
  const operation = await operationAtGate(context, operationId);
  const config = await completedConfig(
    context.runtime,
    operation.cluster,
    await desiredConfig(context.store, operation),
  );
  const steps = operation.plan.phases.flatMap((phase) => phase.steps);
  const cluster = steps.find((step) => step.kind === "cluster");
  const version = cluster?.to ?? operation.plan.toVersion ?? "";
  const foundation = await foundationFor(context.runtime, operation.cluster, config);

  for (const step of steps.filter((s) => s.kind === "roles" || s.kind === "vpc"))
    await record(context, operationId, {
      kind: "StepSucceeded",
      step: step.id,
      message: `${step.title}: done`,
    });
  if (cluster)
    await record(context, operationId, { kind: "StepStarted", step: cluster.id, message: cluster.title });
  return {
    clusterStep: cluster?.id ?? "",
    cluster: integrationArguments(clusterRequest({ config, version, foundation, operationId })),
    identityStep: needsIdentity(config) ? (steps.find((step) => step.kind === "identity")?.id ?? "") : "",
  };
});
