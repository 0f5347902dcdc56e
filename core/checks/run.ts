import type { Finding, OperationType, Override } from "../operation/types.ts";
import { type AutomationPolicy, defaultPolicy } from "../policy/schema.ts";
import type { RollbackFacts } from "../rollback/facts.ts";
import { groupsToTakeBack } from "../rollback/way.ts";
import type { ClusterSnapshot, Read } from "../snapshot.ts";
import { hops } from "../versions/version.ts";
import { addonCompatibility, addonHealth } from "./addons.ts";
import { webhookEndpoints } from "./admission.ts";
import { clusterAutoscaler, karpenter } from "./autoscalers.ts";
import { type Check, type CheckContext, type CheckResult, listed } from "./check.ts";
import {
  clusterHealth,
  clusterStatus,
  configurationInsights,
  controlPlaneSubnets,
  deletionProtection,
  insights,
  runningUpdate,
} from "./cluster.ts";
import { deprecatedApis } from "./deprecated-apis.ts";
import {
  dockerSocket,
  emptyDirs,
  minReadySeconds,
  pdbMissing,
  pdbOrphan,
  podSpread,
  readinessProbe,
  statefulSetGrace,
  toleratesCordon,
} from "./habits.ts";
import { ec2Quota, podSubnets, securityGroups } from "./network.ts";
import {
  al2Ami,
  customAmi,
  nodegroupHealth,
  nodegroupQuota,
  nodeSubnets,
  rotationUnfinished,
} from "./nodegroups.ts";
import { readability } from "./readability.ts";
import { clusterRole, nodeRole } from "./roles.ts";
import {
  rollbackAddons,
  rollbackInsights,
  rollbackNodes,
  rollbackOrigin,
  rollbackSupport,
  rollbackWindow,
} from "./rollback.ts";
import { localVolume, zoneVolume } from "./storage.ts";
import { otherOwner, supportCost } from "./support.ts";
import {
  cgroupV1,
  coreDns,
  fargatePods,
  gitRepoVolume,
  ingressNginx,
  kubeProxyIpvs,
  pendingCertificates,
  stuckTerminating,
  systemPods,
} from "./system.ts";
import { launchTemplate, metadataService, userData } from "./templates.ts";
import { kubeProxySkew, nodeSkew, versionStep, versionSupport } from "./versions.ts";
import { barePod, nodegroupLabelSelector, pdbBlocksDrain, pdbOverlap, singleReplica } from "./workloads.ts";

/** All checks, in the order in which their findings are shown. */
export const CHECKS: readonly Check[] = [
  readability,
  versionStep,
  versionSupport,
  rollbackOrigin,
  rollbackWindow,
  rollbackSupport,
  rollbackInsights,
  rollbackNodes,
  rollbackAddons,
  supportCost,
  otherOwner,
  deletionProtection,
  clusterStatus,
  clusterHealth,
  clusterRole,
  securityGroups,
  runningUpdate,
  insights,
  configurationInsights,
  deprecatedApis,
  nodeSkew,
  kubeProxySkew,
  kubeProxyIpvs,
  addonCompatibility,
  addonHealth,
  controlPlaneSubnets,
  nodegroupHealth,
  rotationUnfinished,
  nodeRole,
  al2Ami,
  customAmi,
  cgroupV1,
  launchTemplate,
  userData,
  metadataService,
  nodeSubnets,
  podSubnets,
  nodegroupQuota,
  ec2Quota,
  systemPods,
  coreDns,
  webhookEndpoints,
  pendingCertificates,
  stuckTerminating,
  clusterAutoscaler,
  karpenter,
  fargatePods,
  ingressNginx,
  gitRepoVolume,
  pdbBlocksDrain,
  pdbOverlap,
  pdbMissing,
  pdbOrphan,
  barePod,
  zoneVolume,
  localVolume,
  nodegroupLabelSelector,
  singleReplica,
  podSpread,
  readinessProbe,
  minReadySeconds,
  statefulSetGrace,
  toleratesCordon,
  dockerSocket,
  emptyDirs,
];

/** So many findings of one code and severity are shown; the rest is counted: an operation's record is bounded. */
const MOST = 20;

function folded(results: readonly CheckResult[]): CheckResult[] {
  return [...Map.groupBy(results, ({ severity }) => severity)].flatMap(([severity, own]) => {
    const rest = own.slice(MOST);
    const [first] = rest;
    if (!first) return own;
    return [
      ...own.slice(0, MOST),
      {
        severity,
        subject: `${rest.length} more`,
        evidence: `the same is found at ${listed(rest.map(({ subject }) => subject))}`,
        remedy: first.remedy,
      },
    ];
  });
}

export interface CheckOptions {
  readonly type: OperationType;
  /** Kubernetes version that is wanted; without it the present one stays. */
  readonly to?: string | undefined;
  readonly overrides?: readonly Override[] | undefined;
  /** Who asked for the overrides. */
  readonly requester?: string | undefined;
  /** Logical name of the only node group that is concerned. */
  readonly nodegroup?: string | undefined;
  readonly policy?: AutomationPolicy | undefined;
  /** The groups get another AMI family: user data that does not suit it blocks. */
  readonly moves?: boolean | undefined;
  /** Logical names of node groups that are rotated to the present version before the first hop. */
  readonly prepared?: ReadonlySet<string> | undefined;
  /** Before a phase: names of the add-ons that it updates before it changes anything else. */
  readonly updates?: ReadonlySet<string> | undefined;
  /** What EKS tells of the way back, for a rollback. */
  readonly rollback?: Read<RollbackFacts> | undefined;
}

/** Which node groups the operation replaces, by their logical names. */
function groupsOfInterest(
  snapshot: ClusterSnapshot,
  { type, to, nodegroup }: CheckOptions,
): (name: string) => boolean {
  if (type === "rollback-cluster") {
    const back = new Set(groupsToTakeBack(snapshot, to ?? snapshot.cluster.version).map(({ name }) => name));
    return (name) => back.has(name);
  }
  return (name) => nodegroup === undefined || name === nodegroup;
}

/**
 * Runs every check that guards this type of operation. Before a single hop `to` is that hop's version; over a
 * whole plan it is the last one. A finding whose code is overridden, by the request or by the policy, stays in
 * the list and says so.
 */
export function runChecks(snapshot: ClusterSnapshot, options: CheckOptions): Finding[] {
  const policy = options.policy ?? defaultPolicy;
  const to = options.to ?? snapshot.cluster.version;
  const concerned = groupsOfInterest(snapshot, options);
  const nodegroups = snapshot.nodegroups.filter(
    (group) => group.status !== "DELETING" && concerned(group.logicalName),
  );
  const context: CheckContext = {
    snapshot,
    type: options.type,
    to,
    hops: hops(snapshot.cluster.version, to),
    policy,
    nodegroups,
    moves: options.moves ?? false,
    selfManaged: (snapshot.selfManaged?.ok ? snapshot.selfManaged.value : []).filter(
      (group) => group.ours && !group.deleting && concerned(group.logicalName),
    ),
    prepared: options.prepared ?? new Set(),
    updates: options.updates,
    kubernetes: snapshot.kubernetes.ok ? snapshot.kubernetes.value : undefined,
    rollback: options.rollback,
  };
  const overridden = new Map([
    ...policy.checks.overrides.map((o) => [o.code, { by: "policy", reason: o.reason }] as const),
    ...(options.overrides ?? []).map(
      (o) => [o.code, { by: options.requester ?? "requester", reason: o.reason }] as const,
    ),
  ]);
  return CHECKS.filter((check) => check.guards.has(options.type)).flatMap((check) =>
    folded(check.run(context)).map((result): Finding => {
      const override = overridden.get(check.code);
      const counts = !check.absolute && (result.severity === "block" || result.severity === "unknown");
      return { code: check.code, ...result, ...(override && counts ? { overridden: override } : {}) };
    }),
  );
}
