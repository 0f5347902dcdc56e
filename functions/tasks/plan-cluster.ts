import * as z from "zod";
import type { ClusterConfig } from "../../core/cluster-config/schema.ts";
import type { PlanStep } from "../../core/operation/types.ts";
import { KUBERNETES_GROUP } from "../../core/provision/access.ts";
import {
  addonRequests,
  clusterRequest,
  foundationOf,
  nodegroupRequests,
} from "../../core/provision/requests.ts";
import { apiFunctions } from "../api/platform.ts";
import { desiredConfig } from "../lib/desired.ts";
import { integrationArguments } from "../lib/rotation-state.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, record } from "../lib/work.ts";
import { functions } from "../platform.ts";

const input = taskInput.extend({
  /** Outputs of the stack, as CloudFormation lists them. */
  outputs: z.array(z.object({ OutputKey: z.string(), OutputValue: z.string() })),
});

/**
 * Every request of the provisioning, in the form of service integrations, made of the ClusterConfig and of where
 * the cluster lives.
 */
export const handler = task("plan-cluster", input, async ({ operationId, outputs }, context) => {
  const operation = await operationAtGate(context, operationId);
  const config = await desiredConfig(context.store, operation);
  const steps = operation.plan.phases.flatMap((phase) => phase.steps);
  const version = steps.find((step) => step.kind === "cluster")?.to ?? operation.plan.toVersion ?? "";
  const foundation = foundationOf(
    config,
    Object.fromEntries(outputs.map((o) => [o.OutputKey, o.OutputValue])),
  );
  const common = { config, version, foundation, operationId };

  for (const step of steps.filter((s) => s.kind === "roles" || s.kind === "vpc"))
    await record(context, operationId, {
      kind: "StepSucceeded",
      step: step.id,
      message: `${step.title}: done`,
    });
  const cluster = steps.find((step) => step.kind === "cluster");
  if (cluster)
    await record(context, operationId, { kind: "StepStarted", step: cluster.id, message: cluster.title });

  const groups = nodegroupRequests(common);
  const addons = addonRequests(config, steps).map(({ request, ...item }) => ({
    ...item,
    request: integrationArguments(request),
  }));
  const firstGroup = steps.findIndex((step) => step.kind === "nodegroup");
  const early = new Set(steps.slice(0, firstGroup === -1 ? steps.length : firstGroup).map((step) => step.id));
  return {
    clusterStep: cluster?.id ?? "",
    cluster: integrationArguments(clusterRequest(common)),
    access: accessEntries(context.runtime.config, config),
    policies: accessPolicies(config),
    granter: roleArn(context.runtime.config, "grant-access"),
    addonsBefore: addons.filter((addon) => early.has(addon.step)),
    nodegroups: groups.map((request) => ({
      step: stepOf(steps, request.tags["slipway.dev/nodegroup"]),
      name: request.nodegroupName,
      size: request.scalingConfig.desiredSize,
      request: integrationArguments(request),
    })),
    addonsAfter: addons.filter((addon) => !early.has(addon.step)),
    loggingStep: steps.find((step) => step.kind === "logging")?.id ?? "",
    logGroup: `/aws/eks/${config.metadata.name}/cluster`,
    retentionDays: config.cloudWatch?.clusterLogging?.logRetentionInDays ?? 0,
  };
});

const stepOf = (steps: readonly PlanStep[], group: string | undefined): string =>
  steps.find((step) => step.kind === "nodegroup" && step.target === group)?.id ?? "";

/** The role of one of our functions, by the name that stacks and the embedded platform give it. */
const roleArn = (own: { account: string; stage: string }, name: string): string =>
  `arn:aws:iam::${own.account}:role/slipway-${own.stage}-${name}`;

/** Access of Slipway's own functions, then that of the file. Entries need the API authentication modes. */
function accessEntries(own: { account: string; stage: string }, config: ClusterConfig): unknown[] {
  if (config.accessConfig?.authenticationMode === "CONFIG_MAP") return [];
  const ours = [...functions, ...apiFunctions]
    .filter((declaration) => declaration.kubernetes)
    .map((declaration) => ({
      principalArn: roleArn(own, declaration.name),
      kubernetesGroups: [KUBERNETES_GROUP],
      type: "STANDARD",
    }));
  const theirs = (config.accessConfig?.accessEntries ?? []).map((entry) => ({
    principalArn: entry.principalARN,
    ...(entry.type ? { type: entry.type } : {}),
    ...(entry.kubernetesGroups ? { kubernetesGroups: entry.kubernetesGroups } : {}),
    ...(entry.kubernetesUsername ? { username: entry.kubernetesUsername } : {}),
  }));
  return [...ours, ...theirs].map((entry) =>
    integrationArguments({ clusterName: config.metadata.name, ...entry }),
  );
}

const accessPolicies = (config: ClusterConfig): unknown[] =>
  (config.accessConfig?.accessEntries ?? []).flatMap((entry) =>
    (entry.accessPolicies ?? []).map((policy) =>
      integrationArguments({
        clusterName: config.metadata.name,
        principalArn: entry.principalARN,
        policyArn: policy.policyARN,
        accessScope: policy.accessScope,
      }),
    ),
  );
