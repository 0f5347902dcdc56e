import type { WorkflowDeclaration } from "../core/declaration.ts";
import { filePolicies, foundationRole } from "../workflows/foundation-role.ts";
import { grantsOf } from "../workflows/grants.ts";
import { placeholders, render } from "../workflows/render.ts";
import { type Context, retention, roleArgs } from "./context.ts";
import type { Functions } from "./functions.ts";
import { selfTrust, statements, withinBoundary } from "./policy.ts";
import type { Storage } from "./storage.ts";

export type Workflows = ReadonlyMap<string, aws.sfn.StateMachine>;

/** The roles of the state machines, and the one that CloudFormation makes what clusters stand on with. */
export function workflowRoles(context: Context, declared: readonly WorkflowDeclaration[]): WorkflowRoles {
  const { names } = context;
  const { filePolicies: filesMayBringPolicies, permissionsBoundary } = context.settings;
  const foundation = new aws.iam.Role(
    "FoundationRole",
    roleArgs(context, {
      name: names.of(foundationRole.name),
      purpose: foundationRole.purpose,
      service: foundationRole.service,
      statements: statements(
        [
          ...foundationRole.grants,
          ...(filesMayBringPolicies && permissionsBoundary
            ? withinBoundary(filePolicies, permissionsBoundary)
            : []),
        ],
        names,
      ),
    }),
  );
  const roles = declared.map(
    (workflow) =>
      [
        workflow.name,
        new aws.iam.Role(
          `${context.id(workflow.name)}WorkflowRole`,
          roleArgs(context, {
            name: names.workflowRole(workflow.name),
            purpose: workflow.purpose,
            service: "states.amazonaws.com",
            onlyOwnAccount: true,
            trusted: [selfTrust(names, workflow.name)],
            statements: statements(grantsOf(workflow), names),
          }),
        ),
      ] as const,
  );
  return { foundation, of: new Map(roles) };
}

export interface WorkflowRoles {
  readonly foundation: aws.iam.Role;
  readonly of: ReadonlyMap<string, aws.iam.Role>;
}

/**
 * A state machine per workflow. Definitions name versions, of functions and of the state machines that they
 * start: an execution that runs for days ends on what it began with, whatever is deployed meanwhile. So those
 * that others start come first.
 */
export function workflows(
  context: Context,
  storage: Pick<Storage, "key">,
  functions: Functions,
  roles: WorkflowRoles,
  declared: readonly WorkflowDeclaration[],
): Workflows {
  const deployed = new Map<string, aws.sfn.StateMachine>();
  for (const workflow of declared)
    deployed.set(workflow.name, stateMachine(context, storage, functions, roles, deployed, workflow));
  return deployed;
}

function stateMachine(
  context: Context,
  { key }: Pick<Storage, "key">,
  functions: Functions,
  { foundation, of }: WorkflowRoles,
  before: Workflows,
  workflow: WorkflowDeclaration,
): aws.sfn.StateMachine {
  const { settings, names, options } = context;
  const id = context.id(workflow.name);
  const role = of.get(workflow.name);
  if (!role) throw new TypeError(`${workflow.name} has no role`);
  const logs = new aws.cloudwatch.LogGroup(
    `${id}WorkflowLogs`,
    {
      // Step Functions may write groups of this prefix without a resource policy, whose size is limited.
      name: `/aws/vendedlogs/states/${names.of(workflow.name)}`,
      retentionInDays: retention(settings).days,
      ...(key ? { kmsKeyId: key.arn } : {}),
    },
    options,
  );
  return new aws.sfn.StateMachine(
    `${id}Workflow`,
    {
      name: names.of(workflow.name),
      type: "STANDARD",
      roleArn: role.arn,
      publish: true,
      definition: definition(context, functions, before, workflow),
      // Inputs and outputs name clusters, nodes and pods; in production they stay in the execution's history,
      // which Step Functions keeps 90 days for those who may read it.
      loggingConfiguration: {
        level: "ALL",
        includeExecutionData: !settings.production,
        logDestination: $interpolate`${logs.arn}:*`,
      },
      tracingConfiguration: { enabled: true },
    },
    { ...options, dependsOn: [foundation] },
  );
}

/** The definition as text. Throws TypeError for a placeholder that nothing stands behind. */
function definition(
  { names }: Context,
  functions: Functions,
  before: Workflows,
  { name, definition }: WorkflowDeclaration,
): $util.Output<string> {
  const references = placeholders(definition).map((placeholder) => {
    const [kind, target = ""] = placeholder.split(":");
    if (kind === "function")
      return [placeholder, functions.named(target).nodes.function.qualifiedArn] as const;
    if (kind !== "workflow") return [placeholder, names.of()] as const;
    const machine = before.get(target);
    if (!machine) throw new TypeError(`${name} starts ${target}, which is not declared before it`);
    return [placeholder, machine.stateMachineVersionArn] as const;
  });
  return $util.all(Object.fromEntries(references)).apply((values) => {
    const value = (placeholder: string): string => {
      const found = values[placeholder];
      if (!found) throw new TypeError(`${name}: nothing stands for \${${placeholder}}`);
      return found;
    };
    return JSON.stringify(
      render(definition, {
        function: (target) => value(`function:${target}`),
        workflow: (target) => value(`workflow:${target}`),
        table: names.of(),
        bus: names.of(),
      }),
    );
  });
}
