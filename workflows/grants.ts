import type { Grant, State, StateMachine, WorkflowDeclaration } from "../core/declaration.ts";
import { mergeGrants } from "../core/grants.ts";
import { CREDENTIALS } from "./fragments/states.ts";
import { awsCallGrants } from "./service-grants.ts";

/**
 * The permissions of a state machine's role, from nothing but its definition: what its tasks call, and what Step
 * Functions does in its name. Placeholders: see `core/grants.ts`. Throws TypeError for a resource of which it is
 * not known what it needs: a workflow without its permissions must not be deployed.
 */
export function grantsOf(workflow: WorkflowDeclaration): Grant[] {
  const needed = tasksOf(workflow.definition).flatMap(({ name, state }) => {
    try {
      return [...taskGrants(state), ...assumed(workflow.name, state)];
    } catch (error) {
      throw new TypeError(`${workflow.name}/${name}: ${error instanceof Error ? error.message : error}`);
    }
  });
  return mergeGrants([...needed, ...mapRuns(workflow), ...observability]);
}

/** Every Task of a machine, those inside of Maps and Parallels too. */
export function tasksOf(machine: Pick<StateMachine, "States">): { name: string; state: State }[] {
  return Object.entries(machine.States).flatMap(([name, state]) => {
    const processor = state.ItemProcessor as Pick<StateMachine, "States"> | undefined;
    const branches = (state.Branches ?? []) as readonly Pick<StateMachine, "States">[];
    return [
      ...(state.Type === "Task" ? [{ name, state }] : []),
      ...[...(processor ? [processor] : []), ...branches].flatMap(tasksOf),
    ];
  });
}

/** `arn:aws:states:::lambda:invoke.waitForTaskToken`: service and action. */
const RESOURCE = /^arn:aws:states:::([a-z0-9-]+(?::[a-z0-9-]+)?):([a-zA-Z]+)(\.[a-zA-Z:0-9]+)?$/;

/** What one Task needs. */
export function taskGrants(state: State): readonly Grant[] {
  const resource = String(state.Resource);
  const [, service = "", action = "", pattern = ""] = RESOURCE.exec(resource) ?? [];
  const args = (state.Arguments ?? {}) as Readonly<Record<string, unknown>>;
  if (state.Credentials !== undefined && JSON.stringify(state.Credentials) !== JSON.stringify(CREDENTIALS))
    throw new TypeError("which role its Credentials assume is not known to workflows/grants.ts");
  if (service === "lambda" && action === "invoke") return invocation(args.FunctionName);
  if (service === "states" && action === "startExecution") return nested(args.StateMachineArn, pattern);
  if (service.startsWith("aws-sdk:")) return awsCallGrants(service.slice("aws-sdk:".length), action, args);
  throw new TypeError(`what ${resource} needs is not known to workflows/grants.ts`);
}

/** The roles that a task assumes for its call: Slipway's in the account of the cluster, or the machine's own. */
function assumed(workflow: string, { Credentials }: State): readonly Grant[] {
  if (Credentials === undefined) return [];
  return [
    {
      actions: ["sts:AssumeRole"],
      resources: [
        // Any account: the trust of the role there decides, not we.
        "arn:{partition}:iam::????????????:role/slipway-{stage}-managed",
        `arn:{partition}:iam::{account}:role/slipway-{stage}-workflow-${workflow}`,
      ],
    },
  ];
}

const target = (value: unknown, kind: "function" | "workflow"): string => {
  const name = new RegExp(`^\\$\\{${kind}:([^}]+)\\}$`).exec(String(value))?.[1];
  if (!name) throw new TypeError(`${String(value)} does not name a ${kind}`);
  return name;
};

/** The function and its versions: definitions name versions, so that what runs keeps the code it began with. */
function invocation(functionName: unknown): Grant[] {
  const name = target(functionName, "function");
  return [{ actions: ["lambda:InvokeFunction"], resources: [`{function:${name}}`, `{function:${name}}:*`] }];
}

/** The rule on which Step Functions hears that an execution awaited by `.sync` has ended; it makes it itself. */
const EXECUTION_ENDED =
  "arn:{partition}:events:{region}:{account}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule";

function nested(stateMachine: unknown, pattern: string): Grant[] {
  const name = target(stateMachine, "workflow");
  const start = {
    actions: ["states:StartExecution"],
    resources: [`{workflow:${name}}`, `{workflow:${name}}:*`],
  };
  if (!pattern.startsWith(".sync")) return [start];
  return [
    start,
    {
      actions: ["states:DescribeExecution", "states:StopExecution"],
      resources: [`{executions:${name}}`],
    },
    { actions: ["events:DescribeRule", "events:PutRule", "events:PutTargets"], resources: [EXECUTION_ENDED] },
  ];
}

/** A distributed Map starts, watches and stops executions of its own machine, with the machine's role. */
function mapRuns({ name, definition }: WorkflowDeclaration): Grant[] {
  const distributed = Object.values(definition.States).some((state) => {
    const processor = state.ItemProcessor as { ProcessorConfig?: { Mode?: string } } | undefined;
    return processor?.ProcessorConfig?.Mode === "DISTRIBUTED";
  });
  if (!distributed) return [];
  return [
    {
      actions: ["states:StartExecution"],
      resources: [`{workflow:${name}}`, `{workflow:${name}}:*`],
    },
    { actions: ["states:DescribeExecution", "states:StopExecution"], resources: [`{executions:${name}}`] },
  ];
}

/** Logs and traces of the executions, written by Step Functions with the machine's role. */
const observability: readonly Grant[] = [
  {
    // The vended-logs API knows no resource for any of these.
    actions: [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ],
    resources: ["*"],
  },
  {
    // X-Ray knows no resource for segments and sampling.
    actions: [
      "xray:GetSamplingRules",
      "xray:GetSamplingTargets",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ],
    resources: ["*"],
  },
];
