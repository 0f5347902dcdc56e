import { tableDefinition } from "../adapters/store/table.ts";
import {
  type FunctionDeclaration,
  fillPattern,
  type Grant,
  type RuleDeclaration,
  type WorkflowDeclaration,
} from "../core/declaration.ts";
import { fillGrant } from "../core/grants.ts";
import { allowStatements } from "../core/iam-statements.ts";
import { WAKE_GROUP, wakeRole } from "../functions/platform/windows.ts";
import { foundationRole } from "../workflows/foundation-role.ts";
import { grantsOf } from "../workflows/grants.ts";
import { render } from "../workflows/render.ts";
import { type AwsEndpoint, AwsError, type CallScope, type ServiceName } from "./aws/contract.ts";
import {
  BUS,
  functionArn,
  grantNames,
  type Home,
  roleArn,
  STAGE,
  TABLE,
  TOPIC,
  topicArn,
  workflowArn,
} from "./names.ts";

export interface Deployment {
  readonly endpoint: AwsEndpoint;
  readonly home: Home;
  /** Regions that the stage works in, the home's first. */
  readonly regions: readonly string[];
  readonly functions: readonly FunctionDeclaration[];
  readonly workflows: readonly WorkflowDeclaration[];
  readonly rules: readonly RuleDeclaration[];
}

/** Brings table, bus, state machines and rules to what is declared; what exists already is updated or left. */
export async function deploy(deployment: Deployment): Promise<void> {
  const call = caller(deployment, deployment.home.region);
  await deployRoles(deployment, call);
  await call("dynamodb", "CreateTable", { TableName: TABLE, ...tableDefinition }, "ResourceInUseException");
  await call("eventbridge", "CreateEventBus", { Name: BUS }, "ResourceAlreadyExistsException");
  await call(
    "scheduler",
    "CreateScheduleGroup",
    { Name: `slipway-${STAGE}-${WAKE_GROUP}` },
    "ConflictException",
  );
  await call("sns", "CreateTopic", { Name: TOPIC });
  await deployMachines(deployment, call, deployment.home);
  for (const rule of deployment.rules) await deployRule(deployment, call, rule);
}

/**
 * What a further region has: the workflows, which call AWS in their own region only, and rules that bring home what
 * happens there. Their tasks are there as well (lambda.deployIn); table, bus and API are at home. The roles are the
 * same in all regions and allow all of `regions`.
 */
export async function deployPlane(deployment: Deployment, region: string): Promise<void> {
  const { home, rules } = deployment;
  await deployRoles(deployment, caller(deployment, home.region));
  const call = caller(deployment, region);
  await deployMachines(deployment, call, { ...home, region });
  for (const rule of rules) {
    if (!("pattern" in rule) || rule.bus !== "default") continue;
    const Name = `slipway-${STAGE}-${rule.name}`;
    const pattern = fillPattern(rule.pattern, grantNames(home));
    await call("eventbridge", "PutRule", { Name, EventPattern: JSON.stringify(pattern) });
    const Arn = `arn:aws:events:${home.region}:${home.account}:event-bus/default`;
    const RoleArn = roleArn(home, FORWARDING);
    await call("eventbridge", "PutTargets", { Rule: Name, Targets: [{ Id: "1", Arn, RoleArn }] });
  }
}

/** The role with which rules of further regions put events on the default bus at home. */
const FORWARDING = "forwarding";

async function deployRoles({ home, regions, functions, workflows }: Deployment, call: Call): Promise<void> {
  const role = (
    arn: string,
    service: string,
    grants: readonly Grant[],
    trusted: readonly object[] = [],
  ): Promise<void> =>
    deployRole(
      call,
      arn,
      { service, trusted },
      regions.flatMap((region) => grants.map((grant) => fillGrant(grant, grantNames(home, region)))),
    );
  for (const { name, grants } of functions) await role(roleArn(home, name), "lambda.amazonaws.com", grants);
  for (const workflow of workflows)
    await role(workflowRole(home, workflow.name), "states.amazonaws.com", grantsOf(workflow), [
      selfTrust(home, workflow.name),
    ]);
  await role(roleArn(home, foundationRole.name), foundationRole.service, foundationRole.grants);
  await role(roleArn(home, wakeRole.name), wakeRole.service, wakeRole.grants);
  if (regions.length > 1)
    await role(roleArn(home, FORWARDING), "events.amazonaws.com", [
      {
        actions: ["events:PutEvents"],
        resources: [`arn:aws:events:${home.region}:${home.account}:event-bus/default`],
      },
    ]);
}

/** The state machines of a region. */
async function deployMachines({ home, workflows }: Deployment, call: Call, place: Home): Promise<void> {
  const references = {
    function: (name: string) => functionArn(place, name),
    workflow: (name: string) => workflowArn(place, name),
    table: TABLE,
    bus: BUS,
  };
  for (const workflow of workflows) {
    const definition = JSON.stringify(render(workflow.definition, references));
    const arn = workflowArn(place, workflow.name);
    const role = workflowRole(home, workflow.name);
    const known = await call(
      "sfn",
      "DescribeStateMachine",
      { stateMachineArn: arn },
      "StateMachineDoesNotExist",
    );
    if (!known) {
      await call("sfn", "CreateStateMachine", {
        name: arn.split(":").at(-1),
        definition,
        roleArn: role,
        type: "STANDARD",
      });
    } else if (known.definition !== definition) {
      await call("sfn", "UpdateStateMachine", { stateMachineArn: arn, definition, roleArn: role });
    }
  }
}

type Call = (
  service: ServiceName,
  operation: string,
  input: object,
  tolerated?: string,
) => Promise<Record<string, unknown> | undefined>;

/** Calls as the deploying user; answers undefined where the error is the one expected. */
function caller({ endpoint, home }: Deployment, region: string): Call {
  const scope: CallScope = {
    ...home,
    region,
    principal: {
      type: "AssumedRole",
      arn: `arn:aws:sts::${home.account}:assumed-role/slipway-deploy/local`,
      roleArn: `arn:aws:iam::${home.account}:role/slipway-deploy`,
      account: home.account,
      accessKeyId: "",
    },
  };
  return async (service, operation, input, tolerated) => {
    try {
      return await endpoint.call(service, operation, input, scope);
    } catch (error) {
      if (error instanceof AwsError && error.code === tolerated) return undefined;
      throw error;
    }
  };
}

const workflowRole = (home: Home, name: string): string => roleArn(home, `workflow-${name}`);

/** A machine's role lets the machine in once more: what `Credentials` name at home (stacks/policy.ts has the same). */
const selfTrust = (home: Home, workflow: string) => ({
  Effect: "Allow",
  Principal: { AWS: `arn:aws:iam::${home.account}:root` },
  Action: "sts:AssumeRole",
  Condition: {
    ArnEquals: { "aws:PrincipalArn": workflowRole(home, workflow) },
    StringLike: {
      "sts:ExternalId": `arn:aws:states:*:${home.account}:stateMachine:slipway-${STAGE}-${workflow}`,
    },
  },
});

/** A role with its permissions. Nothing here enforces them; the policy simulator answers by them. */
async function deployRole(
  call: Call,
  arn: string,
  { service, trusted }: { readonly service: string; readonly trusted: readonly object[] },
  grants: readonly Grant[],
): Promise<void> {
  const trust = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }, ...trusted],
  };
  const RoleName = arn.split("/").at(-1);
  await call(
    "iam",
    "CreateRole",
    { RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) },
    "EntityAlreadyExists",
  );
  if (grants.length === 0) return;
  const policy = { Version: "2012-10-17", Statement: allowStatements(grants) };
  await call("iam", "PutRolePolicy", {
    RoleName,
    PolicyName: "slipway",
    PolicyDocument: JSON.stringify(policy),
  });
}

async function deployRule({ home }: Deployment, call: Call, rule: RuleDeclaration): Promise<void> {
  const arn =
    "function" in rule.target
      ? functionArn(home, rule.target.function)
      : "topic" in rule.target
        ? topicArn(home)
        : workflowArn(home, rule.target.workflow);
  const bus = "bus" in rule && rule.bus === "slipway" ? { EventBusName: BUS } : {};
  const when =
    "schedule" in rule
      ? { ScheduleExpression: rule.schedule }
      : { EventPattern: JSON.stringify(fillPattern(rule.pattern, grantNames(home))) };
  await call("eventbridge", "PutRule", {
    Name: `slipway-${STAGE}-${rule.name}`,
    Description: rule.purpose,
    ...bus,
    ...when,
  });
  await call("eventbridge", "PutTargets", {
    Rule: `slipway-${STAGE}-${rule.name}`,
    ...bus,
    Targets: [{ Id: "1", Arn: arn }],
  });
}
