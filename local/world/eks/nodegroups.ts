import type { Issue, Nodegroup } from "@aws-sdk/client-eks";
import {
  date,
  type EksContext,
  type EksHandlers,
  findActiveCluster,
  findCluster,
  need,
  ofCluster,
  placeOf,
  resourceKey,
  standingFault,
  subject,
} from "./context.ts";
import type { ClusterDoc, NodegroupDoc } from "./documents.ts";
import { inUse, nodegroupNotFound } from "./errors.ts";
import { deletionStep, startDeletion } from "./nodegroup-deletion.ts";
import { rollingStep } from "./nodegroup-rolling.ts";
import { newNodegroupBody, nodeLaunch } from "./nodegroup-settings.ts";
import { asgOf, keyOf, liveInstances, readyInstances, STEP } from "./nodegroup-world.ts";
import { page } from "./paging.ts";
import { endUpdate, forgetUpdates, updateOf } from "./updates.ts";

const GONE = "eks.nodegroup-gone";
const STEP_MS = 5_000;
/** Nodes of a new group have this long to join. */
const JOIN_MS = 20 * 60_000;
/** How long EKS waits for EC2 to find machines before it calls the creation failed. */
const LAUNCH_PATIENCE_MS = 5 * 60_000;

export function findNodegroup(ctx: EksContext, cluster: ClusterDoc, name: string | undefined): NodegroupDoc {
  const wanted = need(name, "nodegroupName");
  const group = ctx.nodegroups.get(resourceKey(cluster.arn, wanted));
  if (!group) throw nodegroupNotFound(cluster.name, wanted);
  return group;
}

/** The group as DescribeNodegroup answers: its desired size is the Auto Scaling group's, whoever changed it. */
export function renderNodegroup(ctx: EksContext, group: NodegroupDoc): Nodegroup {
  const issues = healthIssues(ctx, group);
  const degraded = group.body.status === "ACTIVE" && issues.length > 0;
  const desired = asgOf(ctx, group)?.desired ?? group.body.scalingConfig.desiredSize;
  return {
    ...group.body,
    status: degraded ? "DEGRADED" : group.body.status,
    scalingConfig: {
      ...group.body.scalingConfig,
      desiredSize: group.rolling ? group.rolling.size.desired : desired,
    },
    health: { issues },
    createdAt: date(group.createdAt),
    modifiedAt: date(group.modifiedAt),
  };
}

function healthIssues(ctx: EksContext, group: NodegroupDoc): Issue[] {
  const issues = [...group.issues];
  const status = group.body.status;
  if (status !== "ACTIVE" && status !== "UPDATING" && status !== "CREATING") return issues;
  if (!asgOf(ctx, group))
    issues.push({
      code: "AutoScalingGroupNotFound",
      message: "We couldn't find the Auto Scaling group associated with the managed node group.",
      resourceIds: [group.asg],
    });
  if (group.launchFailure) issues.push(launchIssue(group, group.launchFailure));
  const template = templateIssue(ctx, group);
  if (template) issues.push(template);
  const fault = standingFault(ctx, "NodegroupHealthIssue", subject(group.cluster, "nodegroup", group.name));
  if (fault)
    issues.push({
      code: (fault.args?.code ?? "Ec2LaunchTemplateNotFound") as "Ec2LaunchTemplateNotFound",
      message:
        fault.args?.message ?? "We couldn't find the Amazon EC2 launch template for your managed node group.",
      resourceIds: [group.asg],
    });
  return issues;
}

/** The launch template that the group names is gone, or (`LaunchTemplateChanged`) somebody set the group to another version. */
function templateIssue(ctx: EksContext, group: NodegroupDoc): Issue | undefined {
  const { id, version } = group.body.launchTemplate ?? {};
  const place = placeOf(group.cluster);
  if (
    id &&
    ctx.infra.launchTemplate &&
    !ctx.infra.launchTemplate(place, { id, ...(version ? { version } : {}) })
  )
    return {
      code: "Ec2LaunchTemplateNotFound",
      message: "We couldn't find the Amazon EC2 launch template for your managed node group.",
      resourceIds: [id],
    };
  if (!standingFault(ctx, "LaunchTemplateChanged", subject(group.cluster, "nodegroup", group.name)))
    return undefined;
  return {
    code: "Ec2LaunchTemplateVersionMismatch",
    message:
      "The Amazon EC2 launch template version for your managed node group doesn't match the version that Amazon EKS created.",
    resourceIds: [group.asg],
  };
}

const launchIssue = (group: NodegroupDoc, failure: { code: string; message: string }): Issue => ({
  code: failure.code as "AsgInstanceLaunchFailures",
  message: failure.message,
  resourceIds: [group.asg],
});

export const nodegroupHandlers = (
  ctx: EksContext,
  hooks: { created(cluster: ClusterDoc, nodeRole: string): void },
) => {
  const { timers, clock, ids } = ctx.kernel;
  /** Node group of each Auto Scaling group; derived, so that it needs no journal. */
  const byAsg = new Map<string, string>();
  for (const [key, group] of ctx.nodegroups.entries()) byAsg.set(group.asg, key);
  const groupOfAsg = (asg: string | undefined): NodegroupDoc | undefined => {
    const key = asg === undefined ? undefined : byAsg.get(asg);
    return key === undefined ? undefined : ctx.nodegroups.get(key);
  };
  const stepIn = (group: NodegroupDoc, ms: number): void => timers.set(STEP, keyOf(group), clock.now() + ms);

  timers.on(STEP, (key) => {
    const group = ctx.nodegroups.get(key);
    if (!group) return;
    if (group.body.status === "CREATING") creationStep(group);
    else if (group.deletion) deletionStep(ctx, group);
    else if (group.rolling) rollingStep(ctx, group);
    ctx.nodegroups.touch(key);
    if (group.body.status === "CREATING" || group.rolling || (group.deletion && !group.deletion.asgRequested))
      stepIn(group, STEP_MS);
  });

  timers.on(GONE, (key) => {
    const group = ctx.nodegroups.get(key);
    if (!group) return;
    byAsg.delete(group.asg);
    ctx.nodegroups.delete(key);
    forgetUpdates(ctx, group.cluster, { nodegroup: group.name });
  });

  function creationStep(group: NodegroupDoc): void {
    const wanted = asgOf(ctx, group)?.desired ?? group.body.scalingConfig.desiredSize;
    const ready = readyInstances(ctx, group);
    const now = clock.now();
    if (ready.length >= wanted) {
      group.body.status = "ACTIVE";
      delete group.launchFailure;
    } else if (group.launchFailure && now - group.launchFailure.since >= LAUNCH_PATIENCE_MS) {
      group.issues = [launchIssue(group, group.launchFailure)];
      delete group.launchFailure;
      group.body.status = "CREATE_FAILED";
    } else if (now >= (group.joinBy ?? 0)) {
      const missing = liveInstances(ctx, group).filter((instance) => !ready.includes(instance));
      const joined = new Set(ctx.kubernetes.nodeNames(group.cluster));
      group.issues = [
        {
          code: "NodeCreationFailure",
          message: missing.every((instance) => joined.has(instance.nodeName))
            ? "Unhealthy nodes in the kubernetes cluster"
            : "Instances failed to join the kubernetes cluster",
          resourceIds: missing.map((instance) => instance.instanceId),
        },
      ];
      group.body.status = "CREATE_FAILED";
    } else return;
    group.modifiedAt = now;
  }

  ctx.infra.onLaunchFailure((_place, failure) => {
    const group = groupOfAsg(failure.asg);
    if (!group || group.deletion || group.body.status === "CREATE_FAILED") return;
    group.launchFailure = {
      code: failure.code,
      message: failure.message,
      since: group.launchFailure?.since ?? clock.now(),
    };
    ctx.nodegroups.touch(keyOf(group));
  });
  ctx.infra.onInstance((instance) => {
    const group = groupOfAsg(instance.asg);
    if (!group?.launchFailure || instance.state !== "running" || group.body.status === "CREATING") return;
    if (liveInstances(ctx, group).length < (asgOf(ctx, group)?.desired ?? 0)) return;
    delete group.launchFailure;
    ctx.nodegroups.touch(keyOf(group));
  });
  ctx.infra.onAsgDeleted((_place, name) => {
    const group = groupOfAsg(name);
    // What is left to tidy after the last machine: security groups, launch template, instance profile.
    if (group?.deletion) timers.set(GONE, keyOf(group), clock.now() + 20_000);
  });

  return {
    CreateNodegroup(input, scope) {
      const found = findCluster(ctx, scope, input.clusterName);
      const name = need(input.nodegroupName, "nodegroupName");
      const existing = ctx.nodegroups.get(resourceKey(found.arn, name));
      if (existing) {
        if (existing.token !== undefined && existing.token === input.clientRequestToken)
          return { nodegroup: renderNodegroup(ctx, existing) };
        throw inUse(`NodeGroup already exists with name ${name} and cluster name ${found.name}`, {
          clusterName: found.name,
          nodegroupName: name,
        });
      }
      const cluster = findActiveCluster(ctx, scope, input.clusterName);
      const body = newNodegroupBody(ctx, cluster, input);
      const now = clock.now();
      const asg = `eks-${name}-${ids.uuid()}`;
      body.resources = {
        autoScalingGroups: [{ name: asg }],
        ...(body.remoteAccess ? { remoteAccessSecurityGroup: `sg-${ids.hex(17)}` } : {}),
      };
      const group: NodegroupDoc = {
        cluster: cluster.arn,
        name,
        arn: body.nodegroupArn ?? "",
        asg,
        createdAt: now,
        modifiedAt: now,
        ...(input.clientRequestToken === undefined ? {} : { token: input.clientRequestToken }),
        body,
        issues: [],
        joinBy: now + JOIN_MS,
      };
      ctx.nodegroups.set(keyOf(group), group);
      byAsg.set(asg, keyOf(group));
      ctx.infra.createAsg(placeOf(cluster.arn), {
        name: asg,
        min: body.scalingConfig.minSize,
        max: body.scalingConfig.maxSize,
        desired: body.scalingConfig.desiredSize,
        subnetIds: body.subnets ?? [],
        launch: nodeLaunch(ctx, group),
        drainBeforeTermination: true,
        tags: {
          "eks:cluster-name": cluster.name,
          "eks:nodegroup-name": name,
          [`kubernetes.io/cluster/${cluster.name}`]: "owned",
          "k8s.io/cluster-autoscaler/enabled": "true",
          [`k8s.io/cluster-autoscaler/${cluster.name}`]: "owned",
        },
      });
      hooks.created(cluster, body.nodeRole ?? "");
      stepIn(group, STEP_MS);
      return { nodegroup: renderNodegroup(ctx, group) };
    },

    DescribeNodegroup(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      return { nodegroup: renderNodegroup(ctx, findNodegroup(ctx, cluster, input.nodegroupName)) };
    },

    ListNodegroups(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const names = ofCluster(ctx.nodegroups, cluster.arn).map((group) => group.name);
      const { items, nextToken } = page(names, input);
      return { nodegroups: items, nextToken };
    },

    DeleteNodegroup(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const group = findNodegroup(ctx, cluster, input.nodegroupName);
      if (group.deletion) return { nodegroup: renderNodegroup(ctx, group) };
      if (group.body.status === "UPDATING")
        throw inUse("Nodegroup cannot be deleted as it is currently not in Active State", {
          clusterName: cluster.name,
          nodegroupName: group.name,
        });
      const update = updateOf(ctx, cluster.arn, group.activeUpdate);
      if (update) endUpdate(ctx, update);
      startDeletion(ctx, group);
      ctx.nodegroups.touch(keyOf(group));
      if (asgOf(ctx, group)) stepIn(group, STEP_MS);
      else timers.set(GONE, keyOf(group), clock.now() + 20_000);
      return { nodegroup: renderNodegroup(ctx, group) };
    },
  } satisfies EksHandlers;
};
