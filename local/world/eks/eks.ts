import { copyPlain } from "../../../core/copy.ts";
import { AwsError } from "../../aws/contract.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Faults } from "../faults.ts";
import type { InfraExtras, InfraWorld } from "../infra-contract.ts";
import type { KubernetesWorld } from "../kubernetes-contract.ts";
import { accessEntries } from "./access-entries.ts";
import { addonCatalogueHandlers } from "./addon-catalogue.ts";
import { addonHandlers, installSelfManaged } from "./addons.ts";
import { associations } from "./associations.ts";
import { capabilities } from "./capabilities.ts";
import { clusterConfigHandlers } from "./cluster-config.ts";
import { clusterUpdates } from "./cluster-updates.ts";
import { clusterVersionHandlers } from "./cluster-version.ts";
import { clusterHandlers } from "./clusters.ts";
import { type EksContext, type EksHandlers, ofCluster, resourceKey } from "./context.ts";
import { drainOnScaleIn } from "./drain.ts";
import { fargatePods } from "./fargate-pods.ts";
import { fargateProfiles } from "./fargate-profiles.ts";
import { insights } from "./insights.ts";
import { nodeRepair } from "./node-repair.ts";
import { nodegroupUpdateHandlers } from "./nodegroup-updates.ts";
import { nodegroupHandlers } from "./nodegroups.ts";
import { podIdentity } from "./pod-identity.ts";
import { provisionedNodes } from "./provisioned-nodes.ts";
import { tagHandlers } from "./tags.ts";
import { updateHandlers } from "./updates.ts";
import { versionHandlers } from "./versions.ts";

/**
 * The simulated EKS.
 *
 * Faults and where they strike. Subjects: `cluster/NAME`, `cluster/NAME/nodegroup/NODEGROUP`,
 * `cluster/NAME/addon/ADDON`, `eks/OPERATION`; "standing" ones last until cleared and are never used up.
 *
 *     Throttle                    eks/OPERATION  any call: 429 ThrottlingException
 *     ServiceFault                eks/OPERATION  any call: 500 ServerException
 *     ClusterCreationFails        cluster        end of CreateCluster: FAILED with args code, message
 *     ClusterHealthIssue          cluster        standing: health issue with args code, message (KmsKeyDisabled)
 *     KmsKeyDisabled, KmsKeyGone, KmsKeyDeletionPending, KmsKeyDenied
 *                                 kms-key/ARN cluster  standing: health issue, version updates fail (kms-key.ts)
 *     ControlPlaneUpgradeFails    cluster        end of a version update: Failed with args code, message
 *     ControlPlaneUpgradeSlow     cluster        start of a version update: takes args minutes (40)
 *     ControlPlaneSubnetWithoutIps cluster       end of a version update: Failed, IpNotAvailable
 *     StatusActiveDuringUpdate    cluster        start of a cluster update: status stays ACTIVE
 *     ConfigUpdateFails           cluster        end of a configuration update: Failed with args code, message
 *     InsightsBlockUpgrade        cluster        UpdateClusterVersion without force: InvalidStateException
 *     RollbackNotReady            cluster        standing: rollback insight args name, status (ERROR), reason
 *     UpgradedAutomatically       cluster        standing: the last upgrade was EKS's own: no rollback
 *     AutoModeNodesStuck          cluster        standing: Auto Mode's nodes do not go back
 *     DeprecatedApiInUse          cluster        standing: insight for args version (the next minor), args api
 *     InsightUnknown              cluster        standing: insights are UNKNOWN, those whose name has args name
 *     StaleInsights               cluster        standing: a refresh changes nothing
 *     InsightsRefreshFails        cluster        end of a refresh: FAILED
 *     NodegroupHealthIssue        nodegroup      standing: DEGRADED with args code, message (Ec2LaunchTemplateNotFound)
 *     LaunchTemplateChanged       nodegroup      standing: DEGRADED, Ec2LaunchTemplateVersionMismatch
 *     NodegroupStuckUpdating      nodegroup      standing: a rolling update makes no progress
 *     AddonConflict               addon          create or update without OVERWRITE/PRESERVE: ConfigurationConflict
 *     AddonCreationFails          addon          CREATE_FAILED with args code, message
 *     AddonUpdateFails            addon          UPDATE_FAILED with args code, message
 *     ProvisionerDoesNotReplace   ARN node/NAME  standing: Karpenter or Auto Mode keeps an old node
 *     AddonHealthIssue            addon          standing: DEGRADED with args code, message (AccessDenied)
 *
 * Without a fault they fail as the world makes them: subnets or roles that are gone, machines that do not start
 * or join, budgets that allow nothing, deployments without a ready replica.
 */
export interface EksOptions {
  readonly kernel: Kernel;
  readonly kubernetes: KubernetesWorld;
  /** Launch templates and drain hooks are used when it has them. */
  readonly infra: InfraWorld & Partial<InfraExtras>;
  readonly faults: Faults;
  /** Where the platform listens: clusters answer at `ENDPOINT/kubernetes/ACCOUNT/REGION/NAME`. */
  readonly endpoint?: string;
}

export interface Eks {
  readonly handlers: EksHandlers;
}

/** Builds it on the worlds below it. Call before `kernel.timers.start()`. */
export function createEks(options: EksOptions): Eks {
  const { kernel } = options;
  const ctx: EksContext = {
    kernel,
    kubernetes: options.kubernetes,
    infra: options.infra,
    faults: options.faults,
    endpoint: options.endpoint ?? "http://127.0.0.1:4566",
    clusters: kernel.durable.map("eks.clusters"),
    nodegroups: kernel.durable.map("eks.nodegroups"),
    addons: kernel.durable.map("eks.addons"),
    updates: kernel.durable.map("eks.updates"),
  };
  const updates = clusterUpdates(ctx);
  const insight = insights(ctx);
  const access = accessEntries(ctx);
  const identity = podIdentity(ctx);
  const fargate = fargateProfiles(ctx);
  const capability = capabilities(ctx, { created: access.own.ensureCapabilityRole });
  const association = associations(ctx, updates);
  ctx.infra.admitBy?.(access.own.admits);
  drainOnScaleIn(ctx);
  nodeRepair(ctx);
  fargatePods(ctx, fargate.own);
  provisionedNodes(ctx);
  const handlers: EksHandlers = {
    ...clusterHandlers(ctx, {
      created(cluster) {
        if (cluster.bootstrapSelfManagedAddons && !cluster.body.computeConfig?.enabled)
          installSelfManaged(ctx, cluster);
        access.own.bootstrap(cluster);
        insight.own.begin(cluster);
      },
      attached: (cluster) =>
        fargate.own.count(cluster.arn) > 0
          ? "Cluster has Fargate profiles attached"
          : capability.own.count(cluster.arn) > 0
            ? "Cluster has capabilities attached"
            : undefined,
      deleted(cluster) {
        for (const addon of ofCluster(ctx.addons, cluster.arn))
          ctx.addons.delete(resourceKey(cluster.arn, addon.name));
        access.own.forget(cluster.arn);
        identity.own.forget(cluster.arn);
        insight.own.forget(cluster.arn);
        association.forget(cluster.arn);
      },
    }),
    ...clusterConfigHandlers(ctx, updates),
    ...clusterVersionHandlers(ctx, updates, insight.own),
    ...association.handlers,
    ...versionHandlers(ctx),
    ...updateHandlers(ctx),
    ...nodegroupHandlers(ctx, { created: access.own.ensureNodeRole }),
    ...nodegroupUpdateHandlers(ctx),
    ...addonHandlers(ctx, identity.own),
    ...addonCatalogueHandlers,
    ...insight.handlers,
    ...access.handlers,
    ...identity.handlers,
    ...fargate.handlers,
    ...capability.handlers,
    ...tagHandlers(ctx),
  };
  return { handlers: withServiceFaults(handlers, options.faults) };
}

/**
 * The faults that any call can meet, before it changes anything. Answers are copies: documents go on changing
 * after the call.
 */
function withServiceFaults(handlers: EksHandlers, faults: Faults): EksHandlers {
  const guarded = Object.entries(handlers).map(([operation, handler]) => {
    const call = handler as (input: object, scope: object) => unknown;
    return [
      operation,
      (input: object, scope: object): unknown => {
        if (faults.hit("Throttle", `eks/${operation}`))
          throw new AwsError("ThrottlingException", "Rate exceeded", { status: 429 });
        if (faults.hit("ServiceFault", `eks/${operation}`))
          throw new AwsError("ServerException", "Internal failure", { status: 500 });
        return copyPlain(call(input, scope));
      },
    ];
  });
  return Object.fromEntries(guarded) as EksHandlers;
}
