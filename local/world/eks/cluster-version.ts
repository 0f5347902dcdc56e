import type { ErrorDetail } from "@aws-sdk/client-eks";
import { findVersion, minorNumber } from "../catalogue/versions.ts";
import { CONTROL_PLANE_IPS } from "./cluster-settings.ts";
import { beginClusterUpdate, type ClusterUpdates, runClusterUpdate } from "./cluster-updates.ts";
import {
  duration,
  type EksContext,
  type EksHandlers,
  findCluster,
  need,
  ofCluster,
  subject,
} from "./context.ts";
import type { ClusterDoc } from "./documents.ts";
import { invalidParameter, invalidRequest, invalidState, notActive, updateInProgress } from "./errors.ts";
import type { Insights } from "./insights.ts";
import { keyIssue } from "./kms-key.ts";
import { param, recordUpdate, renderUpdate, repeated } from "./updates.ts";
import { checkRollback, nodePhase } from "./version-rollback.ts";

/** A kubelet may be this many minors behind its API server. */
const KUBELET_SKEW = 3;

/** Why the control plane could not be upgraded, found when the upgrade has run for a while. */
function upgradeErrors(ctx: EksContext, doc: ClusterDoc): ErrorDetail[] {
  const fault = ctx.faults.hit("ControlPlaneUpgradeFails", subject(doc.arn));
  if (fault)
    return [
      {
        errorCode: (fault.args?.code ?? "Unknown") as "Unknown",
        errorMessage: fault.args?.message ?? "The Kubernetes control plane could not be updated.",
        resourceIds: [],
      },
    ];
  const key = keyIssue(ctx, doc);
  if (key)
    return [
      {
        errorCode: "AccessDenied",
        errorMessage: `Unable to perform the version update because the KMS key of the cluster cannot be used: ${key.message}`,
        resourceIds: key.resourceIds,
      },
    ];
  const subnetIds = doc.body.resourcesVpcConfig?.subnetIds ?? [];
  const gone = subnetIds.filter((id) => !ctx.infra.subnet(doc, id));
  if (gone.length > 0)
    return [
      {
        errorCode: "SubnetNotFound",
        errorMessage: "We couldn't find one of the subnets associated with the cluster.",
        resourceIds: gone,
      },
    ];
  const { securityGroupIds = [], clusterSecurityGroupId } = doc.body.resourcesVpcConfig ?? {};
  const closed = [...securityGroupIds, ...(clusterSecurityGroupId ? [clusterSecurityGroupId] : [])].filter(
    (id) => !ctx.infra.securityGroupExists(doc, id),
  );
  if (closed.length > 0)
    return [
      {
        errorCode: "SecurityGroupNotFound",
        errorMessage: "We couldn't find one of the security groups associated with the cluster.",
        resourceIds: closed,
      },
    ];
  const free = (id: string): number => ctx.infra.subnet(doc, id)?.freeIps ?? 0;
  const empty = subnetIds.filter((id) => free(id) < CONTROL_PLANE_IPS);
  const zones = new Set(
    subnetIds.filter((id) => !empty.includes(id)).map((id) => ctx.infra.subnet(doc, id)?.zone),
  );
  if (zones.size < 2 || ctx.faults.hit("ControlPlaneSubnetWithoutIps", subject(doc.arn)))
    return [
      {
        errorCode: "IpNotAvailable",
        errorMessage: `Unable to perform the version update because the subnets have fewer than ${CONTROL_PLANE_IPS} available IP addresses.`,
        resourceIds: empty.length > 0 ? empty : subnetIds,
      },
    ];
  return [];
}

export const clusterVersionHandlers = (ctx: EksContext, updates: ClusterUpdates, insights: Insights) => {
  const now = (): number => ctx.kernel.clock.now();
  // 8 to 15 minutes as a rule; reports go up to 40.
  const controlPlaneMs = (doc: ClusterDoc): number => {
    const slow = ctx.faults.hit("ControlPlaneUpgradeSlow", subject(doc.arn));
    return slow ? Number(slow.args?.minutes ?? 40) * 60_000 : duration(ctx, 8 * 60, 15 * 60);
  };
  const nodes = nodePhase(ctx, (doc, update) => runClusterUpdate(ctx, doc, update, controlPlaneMs(doc)));

  updates.onEnd("version", (doc, change) => {
    const errors = upgradeErrors(ctx, doc);
    if (errors.length > 0) return errors;
    doc.body.version = change.to;
    doc.body.platformVersion = change.platformVersion;
    if (minorNumber(change.to) > minorNumber(change.from))
      doc.upgradedFrom = { version: change.from, at: now() };
    else delete doc.upgradedFrom;
    ctx.kubernetes.setVersion(doc.arn, change.to);
    insights.versionChanged(doc.arn);
    return [];
  });

  function checkUpgrade(doc: ClusterDoc, to: string, force: boolean): void {
    const current = minorNumber(doc.body.version);
    const target = minorNumber(to);
    if (target !== current + 1)
      throw invalidParameter(
        `Unsupported Kubernetes minor version update from ${doc.body.version} to ${to}`,
        {
          clusterName: doc.name,
        },
      );
    const behind = ofCluster(ctx.nodegroups, doc.arn).filter(
      (group) => group.body.status !== "DELETING" && target - minorNumber(group.body.version) > KUBELET_SKEW,
    );
    const told = ctx.faults.hit("NodegroupBehind", subject(doc.arn));
    if (told) behind.push(...ofCluster(ctx.nodegroups, doc.arn).slice(0, 1));
    if (behind.length > 0)
      throw invalidRequest(
        `Nodegroups ${behind.map((group) => group.name).join(", ")} must be updated to match cluster version ${doc.body.version} before updating cluster version`,
        { clusterName: doc.name },
      );
    if (!force && ctx.faults.hit("InsightsBlockUpgrade", subject(doc.arn)))
      throw invalidState(
        "Upgrade readiness issues detected. Review the upgrade insights of the cluster and resolve the issues. Pass the force flag to override and proceed with the upgrade.",
        { clusterName: doc.name },
      );
  }

  return {
    UpdateClusterVersion(input, scope) {
      const doc = findCluster(ctx, scope, input.name);
      const to = need(input.version, "version");
      const request = { version: to, force: input.force ?? false, rollbackConfig: input.rollbackConfig };
      const same = repeated(ctx, doc.arn, input.clientRequestToken, request);
      if (same) return { update: renderUpdate(same) };
      const entry = findVersion(to, now());
      if (!entry) throw invalidParameter(`unsupported Kubernetes version ${to}`, { clusterName: doc.name });
      const current = minorNumber(doc.body.version);
      const back = minorNumber(to) === current - 1;
      const type = back ? "VersionRollback" : "VersionUpdate";
      if (doc.activeUpdate) throw updateInProgress(type, doc.name, doc.activeUpdate);
      if (doc.body.status !== "ACTIVE") throw notActive(doc.name);
      if (minorNumber(to) === current)
        throw invalidRequest(`Cluster is already at the desired configuration with version: ${to}`, {
          clusterName: doc.name,
        });
      const { timeoutMinutes } = input.rollbackConfig ?? {};
      const force = input.force ?? false;
      if (back) checkRollback(ctx, doc, { to, force, timeoutMinutes }, insights.blockRollback(doc.arn, to));
      else checkUpgrade(doc, to, force);
      const record = {
        type,
        params: [param("Version", to), param("PlatformVersion", entry.platformVersion)],
        change: { kind: "version", from: doc.body.version, to, platformVersion: entry.platformVersion },
        token: input.clientRequestToken,
        request,
      } as const;
      if (!back || doc.body.computeConfig?.enabled !== true) {
        const ms = controlPlaneMs(doc);
        return {
          update: renderUpdate(beginClusterUpdate(ctx, doc, { ...record, params: [...record.params], ms })),
        };
      }
      const update = recordUpdate(ctx, { ...record, params: [...record.params], cluster: doc.arn });
      nodes.begin(doc, update, timeoutMinutes);
      return { update: renderUpdate(update) };
    },
    ...nodes.handlers,
  } satisfies EksHandlers;
};
