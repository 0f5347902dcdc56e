import { TAG_OPERATION } from "../../core/plan/green.ts";
import { stackName, stackTemplate } from "../../core/provision/stack.ts";
import { desiredConfig } from "../lib/desired.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, record } from "../lib/work.ts";

/** What a cluster stands on and has to be made: the CreateStack request, or `needed: false`. */
export const handler = task("plan-provision", taskInput, async ({ operationId }, context) => {
  const operation = await operationAtGate(context, operationId);
  const config = await desiredConfig(context.store, operation);
  const template = stackTemplate(config);
  const steps = operation.plan.phases
    .flatMap((phase) => phase.steps)
    .filter((step) => step.kind === "roles" || step.kind === "vpc");
  for (const step of steps)
    await record(context, operationId, { kind: "StepStarted", step: step.id, message: step.title });
  const name = stackName(operation.cluster.name);
  const { account, stage } = context.runtime.config;
  if (!template) return { needed: false, stackName: name };
  return {
    needed: true,
    stackName: name,
    request: {
      StackName: name,
      TemplateBody: JSON.stringify(template),
      Capabilities: ["CAPABILITY_IAM"],
      // Declared in workflows/foundation-role.ts.
      RoleARN: `arn:aws:iam::${account}:role/slipway-${stage}-foundation`,
      // A stack that failed is ours to look at and delete; CloudFormation's own rollback would only hide why.
      OnFailure: "DO_NOTHING",
      Tags: [
        { Key: TAG_OPERATION, Value: operationId },
        { Key: "slipway.dev/cluster", Value: operation.cluster.name },
      ],
    },
  };
});
