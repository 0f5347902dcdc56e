import { stackName, stackTemplate } from "../../core/provision/stack.ts";
import { desiredConfig } from "../lib/desired.ts";
import { completedConfig } from "../lib/provisioning.ts";
import { stackRequest } from "../lib/stack-request.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, record } from "../lib/work.ts";

/** What a cluster stands on and has to be made: the CreateStack request, or `needed: false`. */
export const handler = task("plan-provision", taskInput, async ({ operationId }, context) => {
  const operation = await operationAtGate(context, operationId);
  // What it refers to may have gone since it was applied: better known before anything is made.
  const config = await completedConfig(
    context.runtime,
    operation.cluster,
    await desiredConfig(context.store, operation),
  );
  const template = stackTemplate(config);
  const steps = operation.plan.phases
    .flatMap((phase) => phase.steps)
    .filter((step) => step.kind === "roles" || step.kind === "vpc");
  for (const step of steps)
    await record(context, operationId, { kind: "StepStarted", step: step.id, message: step.title });
  const name = stackName(operation.cluster.name);
  if (!template) return { needed: false, stackName: name };
  return {
    needed: true,
    stackName: name,
    request: stackRequest({ runtime: context.runtime, operation, name, template }),
  };
});
