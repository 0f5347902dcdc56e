import { sizesOf } from "../../core/cluster-config/defaults.ts";
import type { ClusterConfig } from "../../core/cluster-config/schema.ts";
import type { PlanStep, StepKind } from "../../core/operation/types.ts";
import { physicalName } from "../../core/plan/green.ts";
import { accessEntryRequests, accessPolicyRequests } from "../../core/provision/access-requests.ts";
import type { Foundation } from "../../core/provision/foundation.ts";
import { needsTemplate } from "../../core/provision/group-settings.ts";
import { addonRequests, nodegroupRequests } from "../../core/provision/requests.ts";
import { partStackName } from "../../core/provision/stack.ts";
import {
  capabilityPolicyRequests,
  capabilityRequests,
  fargateRequests,
  identityProviderRequests,
  podIdentityRequests,
} from "../../core/provision/workload-requests.ts";
import { desiredConfig } from "../lib/desired.ts";
import { kubernetesRole, ownEntries } from "../lib/own-access.ts";
import { completedConfig, foundationFor } from "../lib/provisioning.ts";
import { integrationArguments } from "../lib/rotation-state.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate } from "../lib/work.ts";

/** Every request for what lives in a new cluster, in the form of service integrations, with its step of the plan. */
export const handler = task("plan-contents", taskInput, async ({ operationId }, context) => {
  const { runtime } = context;
  const operation = await operationAtGate(context, operationId);
  const config = await completedConfig(
    runtime,
    operation.cluster,
    await desiredConfig(context.store, operation),
  );
  const foundation = await foundationFor(runtime, operation.cluster, config);
  const steps = operation.plan.phases.flatMap((phase) => phase.steps);
  const version = operation.plan.toVersion ?? "";
  const stepOf = (kind: StepKind, target?: string): string =>
    steps.find((step) => step.kind === kind && (target === undefined || step.target === target))?.id ?? "";

  const { before, after } = splitAddons(config, steps, foundation);
  const policies = integrationArguments(capabilityPolicyRequests(config, foundation)) as {
    PrincipalArn: string;
  }[];
  return {
    access: integrationArguments([
      ...ownEntries(runtime, operation.cluster, config.accessConfig?.authenticationMode),
      ...accessEntryRequests(config, foundation),
    ]),
    policies: integrationArguments(accessPolicyRequests(config)),
    granter: kubernetesRole(runtime, operation.cluster, "grant-access"),
    podIdentityStep: stepOf("pod-identity"),
    podIdentities: integrationArguments(podIdentityRequests(config, foundation)),
    addonsBefore: before,
    // Stacks first, so that their machines start while others are made.
    stacks: [
      ...(config.managedNodeGroups ?? [])
        .filter(needsTemplate)
        .map(({ name }) => ({ group: name, begins: "" })),
      ...(config.nodeGroups ?? []).map(({ name }) => ({ group: name, begins: stepOf("self-managed", name) })),
    ],
    templateStacks: (config.managedNodeGroups ?? [])
      .filter(needsTemplate)
      .map(({ name }) => partStackName(operation.cluster.name, `nodegroup/${name}`)),
    nodegroups: nodegroupRequests({ config, version, foundation, operationId }).map((request) => ({
      step: stepOf("nodegroup", request.tags["slipway.dev/nodegroup"]),
      name: request.nodegroupName,
      size: request.scalingConfig.desiredSize,
      request: integrationArguments(request),
    })),
    selfManaged: (config.nodeGroups ?? []).map((group) => ({
      step: stepOf("self-managed", group.name),
      name: physicalName(group.name, 1),
      stackName: partStackName(operation.cluster.name, `nodegroup/${physicalName(group.name, 1)}`),
      size: sizesOf(group).desiredSize,
      suspend: group.asgSuspendProcesses ?? [],
    })),
    fargate: fargateRequests(config, foundation).map((request) => ({
      step: stepOf("fargate", request.fargateProfileName),
      name: request.fargateProfileName,
      request: integrationArguments(request),
    })),
    addonsAfter: after,
    identityProviders: identityProviderRequests(config).map((request) => ({
      step: stepOf("identity-provider", request.oidc.identityProviderConfigName),
      name: request.oidc.identityProviderConfigName,
      request: integrationArguments(request),
    })),
    capabilities: capabilityRequests(config, foundation).map((request) => ({
      step: stepOf("capability", request.capabilityName),
      name: request.capabilityName,
      request: integrationArguments(request),
      policies: policies.filter((policy) => policy.PrincipalArn === request.roleArn),
    })),
    loggingStep: stepOf("logging"),
    logGroup: `/aws/eks/${config.metadata.name}/cluster`,
    retentionDays: config.cloudWatch?.clusterLogging?.logRetentionInDays ?? 0,
  };
});

const DATA_PLANE: ReadonlySet<StepKind> = new Set(["nodegroup", "self-managed", "fargate"]);

/** Add-ons that the plan has before the nodes, and those that it has after them. */
function splitAddons(config: ClusterConfig, steps: readonly PlanStep[], foundation: Foundation) {
  const addons = addonRequests(config, steps, foundation).map(({ request, ...item }) => ({
    ...item,
    request: integrationArguments(request),
  }));
  const first = steps.findIndex((step) => DATA_PLANE.has(step.kind));
  const early = new Set(steps.slice(0, first === -1 ? steps.length : first).map((step) => step.id));
  return {
    before: addons.filter((addon) => early.has(addon.step)),
    after: addons.filter((addon) => !early.has(addon.step)),
  };
}
