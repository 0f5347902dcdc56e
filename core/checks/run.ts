import type { Finding, OperationType, Override } from "../operation/types.ts";
import { type AutomationPolicy, defaultPolicy } from "../policy/schema.ts";
import type { ClusterSnapshot } from "../snapshot.ts";
import { hops } from "../versions/version.ts";
import { addonCompatibility, addonHealth } from "./addons.ts";
import type { Check, CheckContext } from "./check.ts";
import {
  clusterHealth,
  clusterStatus,
  controlPlaneSubnets,
  deletionProtection,
  insights,
  readability,
  runningUpdate,
} from "./cluster.ts";
import {
  al2Ami,
  customAmi,
  nodegroupHealth,
  nodegroupQuota,
  nodeSubnets,
  rotationUnfinished,
} from "./nodegroups.ts";
import { kubeProxySkew, nodeSkew, versionStep, versionSupport } from "./versions.ts";
import { barePod, nodegroupLabelSelector, pdbBlocksDrain, pdbOverlap, singleReplica } from "./workloads.ts";

/** All checks, in the order in which their findings are shown. */
export const CHECKS: readonly Check[] = [
  readability,
  versionStep,
  versionSupport,
  deletionProtection,
  clusterStatus,
  clusterHealth,
  runningUpdate,
  insights,
  nodeSkew,
  kubeProxySkew,
  addonCompatibility,
  addonHealth,
  controlPlaneSubnets,
  nodegroupHealth,
  rotationUnfinished,
  al2Ami,
  customAmi,
  nodeSubnets,
  nodegroupQuota,
  pdbBlocksDrain,
  pdbOverlap,
  barePod,
  nodegroupLabelSelector,
  singleReplica,
];

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
  /** Logical names of node groups that are rotated to the present version before the first hop. */
  readonly prepared?: ReadonlySet<string> | undefined;
}

/**
 * Runs every check that guards this type of operation. Before a single hop `to` is that hop's version; over a
 * whole plan it is the last one. A finding whose code is overridden, by the request or by the policy, stays in
 * the list and says so.
 */
export function runChecks(snapshot: ClusterSnapshot, options: CheckOptions): Finding[] {
  const policy = options.policy ?? defaultPolicy;
  const to = options.to ?? snapshot.cluster.version;
  const nodegroups = snapshot.nodegroups.filter(
    (group) =>
      group.status !== "DELETING" &&
      (options.nodegroup === undefined || group.logicalName === options.nodegroup),
  );
  const context: CheckContext = {
    snapshot,
    type: options.type,
    to,
    hops: hops(snapshot.cluster.version, to),
    policy,
    nodegroups,
    prepared: options.prepared ?? new Set(),
    kubernetes: snapshot.kubernetes.ok ? snapshot.kubernetes.value : undefined,
  };
  const overridden = new Map([
    ...policy.checks.overrides.map((o) => [o.code, { by: "policy", reason: o.reason }] as const),
    ...(options.overrides ?? []).map(
      (o) => [o.code, { by: options.requester ?? "requester", reason: o.reason }] as const,
    ),
  ]);
  return CHECKS.filter((check) => check.guards.has(options.type)).flatMap((check) =>
    check.run(context).map((result): Finding => {
      const override = overridden.get(check.code);
      const counts = result.severity === "block" || result.severity === "unknown";
      return { code: check.code, ...result, ...(override && counts ? { overridden: override } : {}) };
    }),
  );
}
