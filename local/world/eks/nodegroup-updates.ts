import type { LaunchTemplateSpecification, Taint, UpdateParam } from "@aws-sdk/client-eks";
import { minorNumber } from "../catalogue/versions.ts";
import type { NodeTaint } from "../kubernetes-contract.ts";
import {
  duration,
  type EksContext,
  type EksHandlers,
  findActiveCluster,
  findCluster,
  placeOf,
} from "./context.ts";
import type { ClusterDoc, NodegroupDoc, RollingUpdate } from "./documents.ts";
import { inUse, invalidParameter } from "./errors.ts";
import { startRolling } from "./nodegroup-rolling.ts";
import {
  checkAmiType,
  checkLabels,
  checkRelease,
  checkScaling,
  checkTaints,
  checkUpdateConfig,
  findTemplate,
  mergeTaints,
  nodeLaunch,
  nodeTaints,
} from "./nodegroup-settings.ts";
import { asgOf, keyOf, liveInstances, STEP } from "./nodegroup-world.ts";
import { findNodegroup } from "./nodegroups.ts";
import { endUpdate, param, recordUpdate, renderUpdate, repeated, updateOf } from "./updates.ts";

const CONFIG_ENDS = "eks.nodegroup-config";

/** What a configuration update changes when it ends. */
interface ConfigChange {
  readonly updateId: string;
  readonly body: Partial<NodegroupDoc["body"]>;
  readonly resize: boolean;
  readonly removedLabels: readonly string[];
  readonly removedTaints: readonly Taint[];
}

/** Without a name or an id of its own the request means the template that the group has. */
function sameTemplate(
  present: LaunchTemplateSpecification | undefined,
  asked: LaunchTemplateSpecification,
): LaunchTemplateSpecification {
  if (asked.id !== undefined || asked.name !== undefined || present?.id === undefined) return asked;
  return { id: present.id, version: asked.version };
}

/** One update at a time; a group with health issues may still be updated. */
function checkIdle(cluster: ClusterDoc, group: NodegroupDoc): void {
  if (group.body.status !== "ACTIVE" || group.activeUpdate)
    throw inUse("Nodegroup cannot be updated as it is currently not in Active State", {
      clusterName: cluster.name,
      nodegroupName: group.name,
    });
}

export const nodegroupUpdateHandlers = (ctx: EksContext) => {
  const { timers, clock, random } = ctx.kernel;

  timers.on(CONFIG_ENDS, (key, payload) => {
    const group = ctx.nodegroups.get(key);
    const change = payload as ConfigChange;
    const update = group && updateOf(ctx, group.cluster, change.updateId);
    if (!group || group.deletion || !update) return;
    group.body = { ...group.body, ...change.body, status: "ACTIVE" };
    group.modifiedAt = clock.now();
    delete group.activeUpdate;
    if (asgOf(ctx, group)) {
      const { minSize, maxSize, desiredSize } = group.body.scalingConfig;
      if (change.resize)
        ctx.infra.resizeAsg(placeOf(group.cluster), group.asg, {
          min: minSize,
          max: maxSize,
          desired: desiredSize,
        });
      if (change.body.labels || change.body.taints) {
        ctx.infra.setLaunch(placeOf(group.cluster), group.asg, nodeLaunch(ctx, group));
        relabel(group, change);
      }
    }
    endUpdate(ctx, update);
    ctx.nodegroups.touch(key);
  });

  /**
   * Labels and taints of nodes that already run. An apply takes away only what an earlier apply brought, so the
   * present state is applied first.
   */
  function relabel(group: NodegroupDoc, change: ConfigChange): void {
    for (const instance of liveInstances(ctx, group)) {
      const name = instance.nodeName;
      const node = ctx.kubernetes.get(group.cluster, "Node", undefined, name);
      if (!node) continue;
      const before = { ...node.metadata.labels };
      const after = { ...before };
      for (const key of change.removedLabels) delete after[key];
      Object.assign(after, group.body.labels);
      const present = [...((node.spec?.taints ?? []) as NodeTaint[])];
      const ours = nodeTaints(group.body.taints);
      const gone = [...nodeTaints(change.removedTaints), ...ours];
      const kept = present.filter(
        (taint) => !gone.some((t) => t.key === taint.key && t.effect === taint.effect),
      );
      for (const [labels, taints] of [
        [before, present],
        [after, [...kept, ...ours]],
      ])
        ctx.kubernetes.apply(group.cluster, {
          apiVersion: "v1",
          kind: "Node",
          metadata: { name, labels: labels as Record<string, string> },
          spec: { taints },
        });
    }
  }

  /** Versions that a group may be moved to: the cluster's, its own, and back with a rollback of the cluster. */
  function checkTargetVersion(cluster: ClusterDoc, group: NodegroupDoc, version: string): void {
    const allowed = [cluster.body.version, group.body.version];
    const back = cluster.upgradedFrom?.version;
    if (back !== undefined && minorNumber(back) === minorNumber(cluster.body.version) - 1) allowed.push(back);
    if (!allowed.includes(version))
      throw invalidParameter(
        `Nodegroup Kubernetes version should be equal to Cluster kubernetes version ${cluster.body.version} or NodeGroup kubernetes version ${group.body.version}`,
        { clusterName: cluster.name, nodegroupName: group.name },
      );
  }

  return {
    UpdateNodegroupConfig(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const group = findNodegroup(ctx, cluster, input.nodegroupName);
      const { clientRequestToken, clusterName: _c, nodegroupName: _n, ...request } = input;
      const asked = { nodegroup: group.name, ...request };
      const same = repeated(ctx, cluster.arn, clientRequestToken, asked);
      if (same) return { update: renderUpdate(same) };
      findActiveCluster(ctx, scope, input.clusterName);
      checkIdle(cluster, group);

      const params: UpdateParam[] = [];
      const body: Partial<NodegroupDoc["body"]> = {};
      if (input.scalingConfig) {
        const present = { ...group.body.scalingConfig };
        present.desiredSize = asgOf(ctx, group)?.desired ?? present.desiredSize;
        body.scalingConfig = checkScaling(input.scalingConfig, present);
        params.push(
          param("MinSize", String(body.scalingConfig.minSize)),
          param("MaxSize", String(body.scalingConfig.maxSize)),
          param("DesiredSize", String(body.scalingConfig.desiredSize)),
        );
      }
      const removedLabels = (input.labels?.removeLabels ?? []).filter((key) =>
        Object.hasOwn(group.body.labels, key),
      );
      if (input.labels) {
        const add = input.labels.addOrUpdateLabels ?? {};
        checkLabels(add);
        const labels = { ...group.body.labels, ...add };
        for (const key of removedLabels) delete labels[key];
        body.labels = labels;
        if (Object.keys(add).length > 0) params.push(param("LabelsToAdd", add));
        if (removedLabels.length > 0) params.push(param("LabelsToRemove", removedLabels));
      }
      const removedTaints = input.taints?.removeTaints ?? [];
      if (input.taints) {
        const add = input.taints.addOrUpdateTaints ?? [];
        body.taints = mergeTaints(group.body.taints ?? [], add, removedTaints);
        checkTaints(body.taints);
        if (add.length > 0) params.push(param("TaintsToAdd", add));
        if (removedTaints.length > 0) params.push(param("TaintsToRemove", removedTaints));
      }
      if (input.updateConfig) {
        const { maxUnavailable, maxUnavailablePercentage, updateStrategy } = checkUpdateConfig(
          input.updateConfig,
        );
        body.updateConfig = input.updateConfig;
        if (maxUnavailable !== undefined) params.push(param("MaxUnavailable", String(maxUnavailable)));
        if (maxUnavailablePercentage !== undefined)
          params.push(param("MaxUnavailablePercentage", String(maxUnavailablePercentage)));
        if (updateStrategy !== undefined) params.push(param("UpdateStrategy", updateStrategy));
      }
      if (input.nodeRepairConfig) {
        body.nodeRepairConfig = input.nodeRepairConfig;
        params.push(
          param("NodeRepairEnabled", String(input.nodeRepairConfig.enabled ?? false)),
          param("NodeRepairConfig", input.nodeRepairConfig),
        );
      }
      if (input.warmPoolConfig) {
        body.warmPoolConfig = input.warmPoolConfig;
        params.push(param("WarmPoolEnabled", String(input.warmPoolConfig.enabled ?? false)));
      }
      if (Object.keys(body).length === 0)
        throw invalidParameter("Nothing to update: the request holds no change", {
          clusterName: cluster.name,
          nodegroupName: group.name,
        });

      const update = recordUpdate(ctx, {
        cluster: cluster.arn,
        subject: { nodegroup: group.name },
        type: "ConfigUpdate",
        params,
        token: clientRequestToken,
        request: asked,
      });
      group.body.status = "UPDATING";
      group.activeUpdate = update.id;
      ctx.nodegroups.touch(keyOf(group));
      const change: ConfigChange = {
        updateId: update.id,
        body,
        resize: input.scalingConfig !== undefined,
        removedLabels,
        removedTaints,
      };
      timers.set(CONFIG_ENDS, keyOf(group), clock.now() + duration(ctx, 6, 16), change);
      return { update: renderUpdate(update) };
    },

    UpdateNodegroupVersion(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const group = findNodegroup(ctx, cluster, input.nodegroupName);
      const members = { clusterName: cluster.name, nodegroupName: group.name };
      const { clientRequestToken, clusterName: _c, nodegroupName: _n, ...request } = input;
      const asked = { nodegroup: group.name, ...request };
      const same = repeated(ctx, cluster.arn, clientRequestToken, asked);
      if (same) return { update: renderUpdate(same) };
      findActiveCluster(ctx, scope, input.clusterName);
      checkIdle(cluster, group);
      const custom = group.body.amiType === "CUSTOM";
      if (custom && (input.version !== undefined || input.releaseVersion !== undefined))
        throw invalidParameter(
          "You cannot specify the field version or releaseVersion when using custom AMI",
          members,
        );
      const present = group.body.launchTemplate;
      if (input.launchTemplate && !present)
        throw invalidParameter("The node group was not created with a launch template", members);
      const version = input.version ?? (custom ? group.body.version : cluster.body.version);
      checkTargetVersion(cluster, group, version);
      checkAmiType(group.body.amiType ?? "", version);
      const release = checkRelease(ctx, version, input.releaseVersion);
      const template =
        input.launchTemplate && findTemplate(ctx, cluster, sameTemplate(present, input.launchTemplate));
      if (template?.id !== present?.id && template)
        throw invalidParameter(
          "The launch template of a node group cannot be changed, only its version",
          members,
        );
      const launchTemplate = template && { ...present, version: template.version };

      const update = recordUpdate(ctx, {
        cluster: cluster.arn,
        subject: { nodegroup: group.name },
        type: "VersionUpdate",
        params: [
          param("Version", version),
          param("ReleaseVersion", release.releaseVersion),
          ...(launchTemplate ? [param("LaunchTemplateVersion", launchTemplate.version)] : []),
        ],
        token: clientRequestToken,
        request: asked,
      });
      const live = liveInstances(ctx, group);
      const old = live
        .filter(
          (instance) =>
            launchTemplate !== undefined || instance.launch.releaseVersion !== release.releaseVersion,
        )
        .map((instance) => instance.instanceId);
      startRolling(ctx, group, {
        updateId: update.id,
        force: input.force ?? false,
        ...pace(group, old.length),
        size: sizeOf(group),
        previous: {
          version: group.body.version,
          releaseVersion: group.body.releaseVersion,
          ...(present ? { launchTemplate: present } : {}),
        },
        target: {
          version,
          releaseVersion: release.releaseVersion,
          ...(launchTemplate ? { launchTemplate } : {}),
        },
        phase: "scale-up",
        deadline: clock.now() + 15 * 60_000,
        old: shuffled(old),
        draining: [],
      });
      ctx.nodegroups.touch(keyOf(group));
      timers.set(STEP, keyOf(group), clock.now() + 10_000);
      return { update: renderUpdate(update) };
    },
  } satisfies EksHandlers;

  function sizeOf(group: NodegroupDoc): RollingUpdate["size"] {
    const { minSize, maxSize, desiredSize } = group.body.scalingConfig;
    return { min: minSize, max: maxSize, desired: asgOf(ctx, group)?.desired ?? desiredSize };
  }

  /** How many nodes at once, and how many more machines meanwhile. */
  function pace(group: NodegroupDoc, nodes: number): Pick<RollingUpdate, "parallel" | "surge" | "minimal"> {
    const { maxUnavailable, maxUnavailablePercentage, updateStrategy } = group.body.updateConfig ?? {};
    const parallel =
      maxUnavailable ?? Math.max(1, Math.floor(((maxUnavailablePercentage ?? 0) * nodes) / 100));
    const zones = new Set(
      (group.body.subnets ?? []).map((id) => ctx.infra.subnet(placeOf(group.cluster), id)?.zone),
    );
    const minimal = updateStrategy === "MINIMAL";
    return { parallel, minimal, surge: minimal || nodes === 0 ? 0 : Math.max(2 * zones.size, parallel) };
  }

  /** EKS chooses the next node at random. */
  function shuffled(ids: readonly string[]): string[] {
    const order = [...ids];
    for (let i = order.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      const [a = "", b = ""] = [order[i], order[j]];
      order[i] = b;
      order[j] = a;
    }
    return order;
  }
};
