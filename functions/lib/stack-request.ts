import type { Runtime } from "../../adapters/runtime.ts";
import { TerminalError } from "../../core/errors.ts";
import type { Operation } from "../../core/operation/types.ts";
import { TAG_OPERATION } from "../../core/plan/green.ts";
import type { Template } from "../../core/provision/stack.ts";

/** CloudFormation's limit for a template in the call itself. */
const MAX_TEMPLATE_BYTES = 51_200;

export const TAG_CLUSTER = "slipway.dev/cluster";

/** The input of CreateStack for a part of a cluster, in the form of a service integration. */
export function stackRequest(parts: {
  readonly runtime: Runtime;
  readonly operation: Operation;
  readonly name: string;
  readonly template: Template;
}) {
  const { runtime, operation, name, template } = parts;
  const body = JSON.stringify(template);
  const bytes = Buffer.byteLength(body);
  if (bytes > MAX_TEMPLATE_BYTES)
    throw new TerminalError(
      `the template of the stack ${name} has ${bytes} bytes; CloudFormation takes ${MAX_TEMPLATE_BYTES}`,
      {
        code: "TemplateTooLarge",
        remedy: "Shorten what the file puts into it: commands at the start of nodes, policies, zones.",
      },
    );
  const { stage } = runtime.config;
  const { account } = operation.cluster;
  return {
    StackName: name,
    TemplateBody: body,
    // The file may name roles itself.
    Capabilities: ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    // Declared in workflows/foundation-role.ts; in another account made by managed-account/template.yaml.
    RoleARN: `arn:aws:iam::${account}:role/slipway-${stage}-foundation`,
    // A stack that failed is ours to look at and delete; CloudFormation's own rollback would only hide why.
    OnFailure: "DO_NOTHING",
    Tags: [
      { Key: TAG_OPERATION, Value: operation.id },
      { Key: TAG_CLUSTER, Value: operation.cluster.name },
    ],
  };
}
