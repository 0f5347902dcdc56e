import type { UpdateClusterConfigRequest, UpdateParam } from "@aws-sdk/client-eks";
import { findVersion, supportStatus } from "../catalogue/versions.ts";
import {
  checkAutoMode,
  checkEndpointAccess,
  checkSecurityGroups,
  checkSubnets,
  completeLogging,
} from "./cluster-settings.ts";
import { beginClusterUpdate, type ClusterUpdates } from "./cluster-updates.ts";
import { duration, type EksContext, type EksHandlers, findCluster, subject } from "./context.ts";
import type { ClusterDoc } from "./documents.ts";
import { invalidParameter, invalidRequest, notActive, updateInProgress } from "./errors.ts";
import { param, renderUpdate, repeated } from "./updates.ts";

interface Change {
  readonly type: string;
  readonly params: UpdateParam[];
  readonly patch: Partial<ClusterDoc["body"]>;
}

const AUTHENTICATION_ORDER = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"];

type ChangeReader = (
  ctx: EksContext,
  doc: ClusterDoc,
  input: UpdateClusterConfigRequest,
) => Change | undefined;

/** One reader per kind of change: undefined when the request does not ask for it. */
const readers: readonly ChangeReader[] = [
  function endpointAccess(_ctx, doc, { resourcesVpcConfig: asked }) {
    if (
      !asked ||
      [asked.endpointPublicAccess, asked.endpointPrivateAccess, asked.publicAccessCidrs].every(
        (v) => v === undefined,
      )
    )
      return undefined;
    const now = doc.body.resourcesVpcConfig ?? {};
    const next = {
      ...now,
      endpointPublicAccess: asked.endpointPublicAccess ?? now.endpointPublicAccess,
      endpointPrivateAccess: asked.endpointPrivateAccess ?? now.endpointPrivateAccess,
    };
    checkEndpointAccess({ ...next, publicAccessCidrs: asked.publicAccessCidrs });
    next.publicAccessCidrs = next.endpointPublicAccess
      ? [
          ...(asked.publicAccessCidrs ??
            (now.publicAccessCidrs?.length ? now.publicAccessCidrs : ["0.0.0.0/0"])),
        ]
      : [];
    if (JSON.stringify(next) === JSON.stringify(now))
      throw invalidParameter(
        `Cluster is already at the desired configuration with endpointPrivateAccess: ${now.endpointPrivateAccess} , endpointPublicAccess: ${now.endpointPublicAccess}, and Public Endpoint Restrictions: [${now.publicAccessCidrs?.join(", ")}]`,
        { clusterName: doc.name },
      );
    return {
      type: "EndpointAccessUpdate",
      params: [
        param("EndpointPublicAccess", String(next.endpointPublicAccess)),
        param("EndpointPrivateAccess", String(next.endpointPrivateAccess)),
        param("PublicAccessCidrs", next.publicAccessCidrs),
      ],
      patch: { resourcesVpcConfig: next },
    };
  },

  function subnets(ctx, doc, { resourcesVpcConfig: asked }) {
    if (!asked || (asked.subnetIds === undefined && asked.securityGroupIds === undefined)) return undefined;
    const now = doc.body.resourcesVpcConfig ?? {};
    if (asked.subnetIds) {
      const vpcId = checkSubnets(ctx, doc, asked.subnetIds);
      if (vpcId !== now.vpcId)
        throw invalidParameter("Provided subnets belong to a different VPC than the cluster's");
    }
    if (asked.securityGroupIds) checkSecurityGroups(ctx, doc, asked.securityGroupIds);
    const next = {
      ...now,
      subnetIds: [...(asked.subnetIds ?? now.subnetIds ?? [])],
      securityGroupIds: [...(asked.securityGroupIds ?? now.securityGroupIds ?? [])],
    };
    return {
      type: "VpcConfigUpdate",
      params: [
        ...(asked.subnetIds ? [param("Subnets", next.subnetIds)] : []),
        ...(asked.securityGroupIds ? [param("SecurityGroups", next.securityGroupIds)] : []),
      ],
      patch: { resourcesVpcConfig: next },
    };
  },

  function egress(_ctx, doc, { resourcesVpcConfig: asked }) {
    const mode = asked?.controlPlaneEgressMode;
    if (mode === undefined) return undefined;
    const now = doc.body.resourcesVpcConfig ?? {};
    if (now.controlPlaneEgressMode === "CUSTOMER_ROUTED" && mode !== "CUSTOMER_ROUTED")
      throw invalidRequest("controlPlaneEgressMode CUSTOMER_ROUTED cannot be changed", {
        clusterName: doc.name,
      });
    return {
      type: "ControlPlaneEgressUpdate",
      params: [param("ControlPlaneEgressMode", mode)],
      patch: { resourcesVpcConfig: { ...now, controlPlaneEgressMode: mode } },
    };
  },

  function logging(_ctx, doc, { logging: asked }) {
    if (!asked) return undefined;
    const next = completeLogging(doc.body.logging, asked);
    if (JSON.stringify(next) === JSON.stringify(doc.body.logging))
      throw invalidParameter("No changes needed for the logging config provided", { clusterName: doc.name });
    return { type: "LoggingUpdate", params: [param("ClusterLogging", asked)], patch: { logging: next } };
  },

  function access(_ctx, doc, { accessConfig: asked }) {
    const mode = asked?.authenticationMode;
    if (mode === undefined) return undefined;
    const now = doc.body.accessConfig?.authenticationMode ?? "CONFIG_MAP";
    const step = AUTHENTICATION_ORDER.indexOf(mode) - AUTHENTICATION_ORDER.indexOf(now);
    if (step === 0)
      throw invalidRequest(
        `Cluster is already at the desired configuration with authenticationMode: ${mode}`,
        {
          clusterName: doc.name,
        },
      );
    if (step !== 1)
      throw invalidParameter(`Unsupported authentication mode update from ${now} to ${mode}`, {
        clusterName: doc.name,
      });
    return {
      type: "AccessConfigUpdate",
      params: [param("AuthenticationMode", mode)],
      patch: { accessConfig: { ...doc.body.accessConfig, authenticationMode: mode } },
    };
  },

  function upgradePolicy(ctx, doc, { upgradePolicy: asked }) {
    if (asked?.supportType === undefined) return undefined;
    const now = ctx.kernel.clock.now();
    const entry = findVersion(doc.body.version, now);
    if (asked.supportType === "STANDARD" && entry && supportStatus(entry, now) !== "STANDARD_SUPPORT")
      throw invalidRequest(
        `Cluster ${doc.name} on version ${doc.body.version} is in extended support: its upgrade policy cannot be changed to STANDARD`,
        { clusterName: doc.name },
      );
    return {
      type: "UpgradePolicyUpdate",
      params: [param("UpgradePolicy", asked.supportType)],
      patch: { upgradePolicy: { supportType: asked.supportType } },
    };
  },

  function zonalShift(_ctx, _doc, { zonalShiftConfig: asked }) {
    return asked
      ? {
          type: "ZonalShiftConfigUpdate",
          params: [param("ZonalShiftConfig", asked)],
          patch: { zonalShiftConfig: { enabled: asked.enabled ?? false } },
        }
      : undefined;
  },

  function autoMode(_ctx, doc, input) {
    const { computeConfig, storageConfig, kubernetesNetworkConfig } = input;
    if (!computeConfig && !storageConfig && !kubernetesNetworkConfig) return undefined;
    checkAutoMode(input);
    const role = doc.body.computeConfig?.nodeRoleArn;
    if (role !== undefined && computeConfig?.nodeRoleArn !== undefined && computeConfig.nodeRoleArn !== role)
      throw invalidParameter("nodeRoleArn cannot be changed once it is set", { clusterName: doc.name });
    return {
      type: "AutoModeUpdate",
      params: [
        ...(computeConfig ? [param("ComputeConfig", computeConfig)] : []),
        ...(kubernetesNetworkConfig ? [param("KubernetesNetworkConfig", kubernetesNetworkConfig)] : []),
        ...(storageConfig ? [param("StorageConfig", storageConfig)] : []),
      ],
      patch: {
        computeConfig: { ...doc.body.computeConfig, ...computeConfig },
        ...(storageConfig ? { storageConfig } : {}),
        kubernetesNetworkConfig: {
          ...doc.body.kubernetesNetworkConfig,
          ...(kubernetesNetworkConfig?.elasticLoadBalancing
            ? { elasticLoadBalancing: kubernetesNetworkConfig.elasticLoadBalancing }
            : {}),
        },
      },
    };
  },

  function remoteNetwork(_ctx, doc, { remoteNetworkConfig: asked }) {
    if (!asked) return undefined;
    if (doc.body.accessConfig?.authenticationMode === "CONFIG_MAP")
      throw invalidParameter("remoteNetworkConfig requires authenticationMode API or API_AND_CONFIG_MAP", {
        clusterName: doc.name,
      });
    return {
      type: "RemoteNetworkConfigUpdate",
      params: [param("RemoteNetworkConfig", asked)],
      patch: { remoteNetworkConfig: asked },
    };
  },

  function deletionProtection(_ctx, _doc, { deletionProtection: asked }) {
    return asked === undefined
      ? undefined
      : {
          type: "DeletionProtectionUpdate",
          params: [param("DeletionProtection", String(asked))],
          patch: { deletionProtection: asked },
        };
  },

  function scaling(_ctx, doc, { controlPlaneScalingConfig: asked }) {
    return asked
      ? {
          type: "ControlPlaneScalingConfigUpdate",
          params: [
            param("PreviousTier", doc.body.controlPlaneScalingConfig?.tier ?? "standard"),
            param("UpdatedTier", asked.tier ?? "standard"),
          ],
          patch: { controlPlaneScalingConfig: asked },
        }
      : undefined;
  },

  function components(_ctx, _doc, input) {
    const { kubeApiServerConfig, kubeSchedulerConfig, kubeControllerManagerConfig } = input;
    if (!kubeApiServerConfig && !kubeSchedulerConfig && !kubeControllerManagerConfig) return undefined;
    return {
      type: "ControlPlaneComponentConfigUpdate",
      params: [
        ...(kubeApiServerConfig ? [param("KubeApiServerConfig", kubeApiServerConfig)] : []),
        ...(kubeSchedulerConfig ? [param("KubeSchedulerConfig", kubeSchedulerConfig)] : []),
        ...(kubeControllerManagerConfig
          ? [param("KubeControllerManagerConfig", kubeControllerManagerConfig)]
          : []),
      ],
      patch: {
        ...(kubeApiServerConfig ? { kubeApiServerConfig } : {}),
        ...(kubeSchedulerConfig ? { kubeSchedulerConfig } : {}),
        ...(kubeControllerManagerConfig ? { kubeControllerManagerConfig } : {}),
      },
    };
  },
];

export const clusterConfigHandlers = (ctx: EksContext, updates: ClusterUpdates) => {
  updates.onEnd("config", (doc, change) => {
    const fault = ctx.faults.hit("ConfigUpdateFails", subject(doc.arn));
    if (fault)
      return [
        {
          errorCode: (fault.args?.code ?? "Unknown") as "Unknown",
          errorMessage: fault.args?.message ?? "The configuration of the cluster could not be updated.",
          resourceIds: [],
        },
      ];
    doc.body = { ...doc.body, ...change.patch };
    return [];
  });

  return {
    UpdateClusterConfig(input, scope) {
      const doc = findCluster(ctx, scope, input.name);
      const { clientRequestToken, name: _name, ...request } = input;
      const same = repeated(ctx, doc.arn, clientRequestToken, request);
      if (same) return { update: renderUpdate(same) };
      const changes = readers.flatMap((read) => read(ctx, doc, input) ?? []);
      const [change, second] = changes;
      if (!change)
        throw invalidParameter("Nothing to update: the request holds no change", { clusterName: doc.name });
      if (second)
        throw invalidParameter("Only one type of update can be allowed.", { clusterName: doc.name });
      if (doc.activeUpdate) throw updateInProgress(change.type, doc.name, doc.activeUpdate);
      if (doc.body.status !== "ACTIVE") throw notActive(doc.name);
      const update = beginClusterUpdate(ctx, doc, {
        type: change.type,
        params: change.params,
        change: { kind: "config", patch: change.patch },
        token: clientRequestToken,
        request,
        ms: duration(ctx, 60, 180),
      });
      return { update: renderUpdate(update) };
    },
  } satisfies EksHandlers;
};
