import type * as cloudformation from "@aws-sdk/client-cloudformation";
import { AwsError, type Scope, type ServiceHandlers } from "../../../aws/contract.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { Place } from "../../infra-contract.ts";
import { page, tagList, tagsOf } from "../ec2/listing.ts";
import { isIn, placeOf } from "../state.ts";
import type { StackEngine } from "./stack-engine.ts";
import { own, type StackDocument, type StackResource, type StackSource, type StackState } from "./state.ts";
import { parameterValues, type Template, validation } from "./template.ts";

const notFound = (name: string | undefined): AwsError => validation(`Stack with id ${name} does not exist`);

const NAMED: Readonly<Record<string, string>> = {
  "AWS::IAM::Role": "RoleName",
  "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
  "AWS::IAM::InstanceProfile": "InstanceProfileName",
};

/** IAM resources need the caller's word for it, those with names of their own a stronger one. */
function checkCapabilities(template: Template, given: readonly string[]): void {
  const resources = Object.values(template.resources);
  const named = resources.some((r) => r.properties[NAMED[r.type] ?? ""] !== undefined);
  const any = resources.some((r) => r.type in NAMED);
  const needed = named ? "CAPABILITY_NAMED_IAM" : any ? "CAPABILITY_IAM" : undefined;
  if (!needed || given.includes("CAPABILITY_NAMED_IAM") || given.includes(needed)) return;
  throw new AwsError("InsufficientCapabilitiesException", `Requires capabilities : [${needed}]`);
}

const resourceShape = (r: StackResource) => ({
  LogicalResourceId: r.logicalId,
  ...(r.physicalId === undefined ? {} : { PhysicalResourceId: r.physicalId }),
  ResourceType: r.type,
  ResourceStatus: r.status as cloudformation.ResourceStatus,
  ...(r.reason === undefined ? {} : { ResourceStatusReason: r.reason }),
  DriftInformation: { StackResourceDriftStatus: "NOT_CHECKED" as const },
});

/** The CloudFormation API on the stacks. */
export function cloudformationHandlers(parts: {
  readonly kernel: Kernel;
  readonly state: StackState;
  readonly engine: StackEngine;
}) {
  const { kernel, state, engine } = parts;
  const touch = (stack: StackDocument): void => state.stacks.touch(stack.stackId);
  /** By id also when deleted, by name only while it lives. */
  const lookUp = (place: Place, nameOrId: string | undefined): StackDocument | undefined => {
    const byId = state.stacks.get(nameOrId ?? "");
    if (byId) return isIn(place, byId) ? byId : undefined;
    return [...state.stacks.values()].find(
      (stack) => isIn(place, stack) && stack.stackName === nameOrId && stack.deletedAt === undefined,
    );
  };
  const find = (place: Place, nameOrId: string | undefined): StackDocument => {
    const stack = lookUp(place, nameOrId);
    if (!stack) throw notFound(nameOrId);
    return stack;
  };
  const bodyOf = (input: { TemplateBody?: string | undefined; TemplateURL?: string | undefined }): string => {
    if (input.TemplateBody === undefined)
      throw validation(
        input.TemplateURL === undefined
          ? "Either Template URL or Template Body must be specified."
          : "TemplateURL is not supported here: send the template as TemplateBody.",
      );
    return input.TemplateBody;
  };
  const shape = (stack: StackDocument): cloudformation.Stack => {
    const template = engine.template(stack.source.body);
    return {
      StackId: stack.stackId,
      StackName: stack.stackName,
      ...(stack.description === undefined ? {} : { Description: stack.description }),
      Parameters: Object.entries(stack.source.parameters).map(([ParameterKey, value]) => ({
        ParameterKey,
        ParameterValue: template.parameters[ParameterKey]?.noEcho ? "****" : value,
      })),
      CreationTime: new Date(stack.createdAt),
      ...(stack.updatedAt === undefined ? {} : { LastUpdatedTime: new Date(stack.updatedAt) }),
      ...(stack.deletedAt === undefined ? {} : { DeletionTime: new Date(stack.deletedAt) }),
      StackStatus: stack.status as cloudformation.StackStatus,
      ...(stack.statusReason === undefined ? {} : { StackStatusReason: stack.statusReason }),
      DisableRollback: stack.onFailure === "DO_NOTHING",
      NotificationARNs: [],
      RollbackConfiguration: {},
      Capabilities: stack.capabilities as cloudformation.Capability[],
      Outputs: stack.outputs.map(({ key, value, description, exportName }) => ({
        OutputKey: key,
        OutputValue: value,
        ...(description === undefined ? {} : { Description: description }),
        ...(exportName === undefined ? {} : { ExportName: exportName }),
      })),
      Tags: tagList(stack.tags),
      EnableTerminationProtection: stack.terminationProtection,
      DriftInformation: { StackDriftStatus: "NOT_CHECKED" },
    };
  };

  return {
    CreateStack(input, scope: Scope) {
      const name = input.StackName ?? "";
      if (!/^[a-zA-Z][-a-zA-Z0-9]{0,127}$/.test(name))
        throw validation(
          `1 validation error detected: Value '${name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`,
        );
      const existing = lookUp(scope, name);
      if (
        existing &&
        input.ClientRequestToken !== undefined &&
        existing.tokens.CREATE === input.ClientRequestToken
      )
        return { StackId: existing.stackId };
      if (existing) throw new AwsError("AlreadyExistsException", `Stack [${name}] already exists`);
      const body = bodyOf(input);
      const template = engine.template(body);
      const source: StackSource = { body, parameters: parameterValues(template, input.Parameters ?? []) };
      checkCapabilities(template, input.Capabilities ?? []);
      const stack: StackDocument = {
        ...placeOf(scope),
        stackName: name,
        stackId: `arn:aws:cloudformation:${scope.region}:${scope.account}:stack/${name}/${kernel.ids.uuid()}`,
        createdAt: kernel.clock.now(),
        status: "CREATE_IN_PROGRESS",
        source,
        resources: {},
        leftovers: [],
        outputs: [],
        onFailure: input.DisableRollback ? "DO_NOTHING" : (input.OnFailure ?? "ROLLBACK"),
        capabilities: [...(input.Capabilities ?? [])],
        ...(template.description === undefined ? {} : { description: template.description }),
        tags: tagsOf(input.Tags),
        terminationProtection: input.EnableTerminationProtection ?? false,
        tokens: input.ClientRequestToken === undefined ? {} : { CREATE: input.ClientRequestToken },
        caller: scope.principal.arn,
      };
      engine.check(stack, source);
      state.stacks.set(stack.stackId, stack);
      engine.start(stack, "CREATE", source);
      return { StackId: stack.stackId };
    },
    UpdateStack(input, scope: Scope) {
      const stack = find(scope, input.StackName);
      const token = input.ClientRequestToken;
      if (token !== undefined && stack.tokens.UPDATE === token) return { StackId: stack.stackId };
      if (!/^(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE$/.test(stack.status))
        throw validation(`Stack:${stack.stackId} is in ${stack.status} state and can not be updated.`);
      const body = input.UsePreviousTemplate ? stack.source.body : bodyOf(input);
      const template = engine.template(body);
      const parameters = parameterValues(template, input.Parameters ?? [], stack.source.parameters);
      checkCapabilities(template, input.Capabilities ?? []);
      const tags = input.Tags === undefined ? stack.tags : tagsOf(input.Tags);
      const changed =
        JSON.stringify(template) !== JSON.stringify(engine.template(stack.source.body)) ||
        JSON.stringify(parameters) !== JSON.stringify(stack.source.parameters) ||
        JSON.stringify(tags) !== JSON.stringify(stack.tags);
      if (!changed) throw validation("No updates are to be performed.");
      const source: StackSource = { body, parameters };
      engine.check(stack, source);
      stack.previous = stack.source;
      stack.source = source;
      stack.tags = tags;
      stack.updatedAt = kernel.clock.now();
      stack.capabilities = [...(input.Capabilities ?? [])];
      if (template.description !== undefined) stack.description = template.description;
      if (token !== undefined) stack.tokens.UPDATE = token;
      engine.start(stack, "UPDATE", stack.source);
      return { StackId: stack.stackId };
    },
    DeleteStack(input, scope: Scope) {
      const stack = lookUp(scope, input.StackName);
      // A stack that is not there is deleted already; one that is being deleted goes on.
      if (!stack || stack.deletedAt !== undefined || stack.status === "DELETE_IN_PROGRESS") return {};
      if (stack.terminationProtection)
        throw validation(
          `Stack [${stack.stackName}] cannot be deleted while TerminationProtection is enabled`,
        );
      if (/_IN_PROGRESS$/.test(stack.status) && stack.status !== "CREATE_IN_PROGRESS")
        throw validation(`Stack:${stack.stackId} is in ${stack.status} state and can not be deleted.`);
      const retain = new Set(input.RetainResources ?? []);
      if (retain.size > 0 && stack.status !== "DELETE_FAILED")
        throw validation(
          "Invalid operation on stack. RetainResources is only allowed for stacks in DELETE_FAILED state.",
        );
      for (const resource of Object.values(stack.resources)) {
        if (retain.has(resource.logicalId)) resource.retain = true;
        // A creation that is cut off: what is in flight is deleted with the rest.
        if (resource.status.endsWith("_IN_PROGRESS")) {
          resource.status = "CREATE_FAILED";
          delete resource.doneAt;
        }
        if (resource.status === "DELETE_FAILED") resource.status = "CREATE_COMPLETE";
      }
      if (input.ClientRequestToken !== undefined) stack.tokens.DELETE = input.ClientRequestToken;
      engine.start(stack, "DELETE", null);
      return {};
    },
    DescribeStacks(input, scope: Scope) {
      const stacks =
        input.StackName !== undefined
          ? [find(scope, input.StackName)]
          : [...state.stacks.values()].filter((stack) => isIn(scope, stack) && stack.deletedAt === undefined);
      const { items, ...next } = page(stacks, input.NextToken, 100);
      return { Stacks: items.map(shape), ...next };
    },
    ListStacks(input, scope: Scope) {
      const wanted = new Set<string>(input.StackStatusFilter ?? []);
      const stacks = [...state.stacks.values()].filter(
        (stack) => isIn(scope, stack) && (wanted.size === 0 || wanted.has(stack.status)),
      );
      const { items, ...next } = page(stacks, input.NextToken, 100);
      return {
        StackSummaries: items.map((stack) => ({
          StackId: stack.stackId,
          StackName: stack.stackName,
          CreationTime: new Date(stack.createdAt),
          ...(stack.deletedAt === undefined ? {} : { DeletionTime: new Date(stack.deletedAt) }),
          StackStatus: stack.status as cloudformation.StackStatus,
        })),
        ...next,
      };
    },
    DescribeStackEvents(input, scope: Scope) {
      const stack = lookUp(scope, input.StackName);
      if (!stack) throw validation(`Stack [${input.StackName}] does not exist`);
      const events = [...state.events.values()].filter((event) => event.stackId === stack.stackId).reverse();
      const { items, ...next } = page(events, input.NextToken, 100);
      return {
        StackEvents: items.map((e) => ({
          EventId: e.eventId,
          StackId: e.stackId,
          StackName: e.stackName,
          LogicalResourceId: e.logicalId,
          PhysicalResourceId: e.physicalId,
          ResourceType: e.type,
          Timestamp: new Date(e.at),
          ResourceStatus: e.status as cloudformation.ResourceStatus,
          ...(e.reason === undefined ? {} : { ResourceStatusReason: e.reason }),
          ...(e.properties === undefined ? {} : { ResourceProperties: e.properties }),
          ...(e.token === undefined ? {} : { ClientRequestToken: e.token }),
        })),
        ...next,
      };
    },
    DescribeStackResources(input, scope: Scope) {
      const stack =
        input.StackName !== undefined || input.PhysicalResourceId === undefined
          ? find(scope, input.StackName)
          : [...state.stacks.values()].find(
              (s) =>
                isIn(scope, s) &&
                Object.values(s.resources).some((r) => r.physicalId === input.PhysicalResourceId),
            );
      if (!stack) throw validation(`Stack for ${input.PhysicalResourceId} does not exist`);
      const all = Object.values(stack.resources).filter(
        (r) => input.LogicalResourceId === undefined || r.logicalId === input.LogicalResourceId,
      );
      return {
        StackResources: all.map((r) => ({
          StackId: stack.stackId,
          StackName: stack.stackName,
          Timestamp: new Date(r.at),
          ...resourceShape(r),
        })),
      };
    },
    DescribeStackResource(input, scope: Scope) {
      const stack = find(scope, input.StackName);
      const id = input.LogicalResourceId ?? "";
      const found = own(stack.resources, id);
      if (!found)
        throw validation(`Resource ${input.LogicalResourceId} does not exist for stack ${stack.stackName}`);
      return {
        StackResourceDetail: {
          StackId: stack.stackId,
          StackName: stack.stackName,
          LastUpdatedTimestamp: new Date(found.at),
          ...resourceShape(found),
        },
      };
    },
    ListStackResources(input, scope: Scope) {
      const stack = find(scope, input.StackName);
      const { items, ...next } = page(Object.values(stack.resources), input.NextToken, 100);
      return {
        StackResourceSummaries: items.map((r) => ({
          LastUpdatedTimestamp: new Date(r.at),
          ...resourceShape(r),
        })),
        ...next,
      };
    },
    GetTemplate: (input, scope: Scope) => ({
      TemplateBody: find(scope, input.StackName).source.body,
      StagesAvailable: ["Original" as const, "Processed" as const],
    }),
    ValidateTemplate(input, _scope: Scope) {
      const template = engine.template(bodyOf(input));
      return {
        Parameters: Object.entries(template.parameters).map(([ParameterKey, p]) => ({
          ParameterKey,
          ...(p.fallback === undefined ? {} : { DefaultValue: p.fallback }),
          NoEcho: p.noEcho,
          ...(p.description === undefined ? {} : { Description: p.description }),
        })),
        ...(template.description === undefined ? {} : { Description: template.description }),
      };
    },
    UpdateTerminationProtection(input, scope: Scope) {
      const stack = find(scope, input.StackName);
      stack.terminationProtection = input.EnableTerminationProtection ?? false;
      touch(stack);
      return { StackId: stack.stackId };
    },
  } satisfies ServiceHandlers<typeof cloudformation>;
}
