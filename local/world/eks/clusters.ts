import type { Cluster } from "@aws-sdk/client-eks";
import { findVersion } from "../catalogue/versions.ts";
import { newClusterBody } from "./cluster-settings.ts";
import {
  clusterArn,
  date,
  duration,
  type EksContext,
  type EksHandlers,
  findCluster,
  need,
  ofCluster,
  placeOfScope,
  standingFault,
  subject,
} from "./context.ts";
import type { ClusterDoc } from "./documents.ts";
import { inUse, invalidRequest, limitExceeded, updateInProgress } from "./errors.ts";
import { keyIssue } from "./kms-key.ts";
import { page } from "./paging.ts";
import { forgetUpdates } from "./updates.ts";

const CREATED = "eks.cluster-created";
const DELETED = "eks.cluster-deleted";
const CLUSTERS_PER_REGION = 100;

/** What other resources do when a cluster has come up or is gone. */
export interface ClusterLifecycle {
  created(cluster: ClusterDoc): void;
  deleted(cluster: ClusterDoc): void;
  /** Why it may not be deleted now; undefined when nothing stands against it. */
  attached(cluster: ClusterDoc): string | undefined;
}

/** The cluster as DescribeCluster answers: health is read from the world at the time of asking. */
export function renderCluster(ctx: EksContext, doc: ClusterDoc): Cluster {
  const issues = [...(doc.body.health?.issues ?? []), ...standingIssues(ctx, doc)];
  // A platform that was started again may listen on another port.
  const endpoint = doc.body.endpoint === undefined ? {} : { endpoint: endpointOf(ctx, doc) };
  return { ...doc.body, ...endpoint, arn: doc.arn, createdAt: date(doc.createdAt), health: { issues } };
}

const endpointOf = (ctx: EksContext, doc: ClusterDoc): string =>
  `${ctx.endpoint}/kubernetes/${doc.account}/${doc.region}/${doc.name}`;

/** Issues that last as long as their cause: a role, subnets or a KMS key that is gone, faults. */
function standingIssues(
  ctx: EksContext,
  doc: ClusterDoc,
): NonNullable<NonNullable<Cluster["health"]>["issues"]> {
  if (doc.body.status === "CREATING" || doc.body.status === "DELETING") return [];
  const issues: NonNullable<NonNullable<Cluster["health"]>["issues"]> = [];
  const roleArn = doc.body.roleArn ?? "";
  if (!ctx.infra.roleExists(roleArn))
    issues.push({
      code: "IamRoleNotFound",
      message: "EKS was unable to find the IAM role attached to your cluster.",
      resourceIds: [roleArn],
    });
  const missing = (doc.body.resourcesVpcConfig?.subnetIds ?? []).filter((id) => !ctx.infra.subnet(doc, id));
  if (missing.length > 0)
    issues.push({
      code: "Ec2SubnetNotFound",
      message: "We couldn't find one or more subnets associated with your cluster.",
      resourceIds: missing,
    });
  const key = keyIssue(ctx, doc);
  if (key) issues.push(key);
  const fault = standingFault(ctx, "ClusterHealthIssue", subject(doc.arn));
  if (fault)
    issues.push({
      code: (fault.args?.code ?? "KmsKeyDisabled") as "KmsKeyDisabled",
      message: fault.args?.message ?? "The KMS Key associated with your cluster is disabled.",
      resourceIds: [],
    });
  return issues;
}

export const clusterHandlers = (ctx: EksContext, lifecycle: ClusterLifecycle) => {
  const { timers, clock, ids } = ctx.kernel;

  timers.on(CREATED, (arn) => {
    const doc = ctx.clusters.get(arn);
    if (doc?.body.status !== "CREATING") return;
    const fault = ctx.faults.hit("ClusterCreationFails", subject(arn));
    if (fault) {
      doc.body.status = "FAILED";
      doc.body.health = {
        issues: [
          {
            code: (fault.args?.code ?? "InternalFailure") as "InternalFailure",
            message: fault.args?.message ?? "The control plane could not be created.",
            resourceIds: [],
          },
        ],
      };
      ctx.clusters.touch(arn);
      return;
    }
    bringUp(doc);
    ctx.clusters.touch(arn);
    lifecycle.created(doc);
  });

  function bringUp(doc: ClusterDoc): void {
    const oidcId = ids.hex(32).toUpperCase();
    doc.body.status = "ACTIVE";
    doc.body.endpoint = endpointOf(ctx, doc);
    doc.body.certificateAuthority = { data: certificate(ids.hex(512)) };
    doc.body.identity = { oidc: { issuer: `https://oidc.eks.${doc.region}.amazonaws.com/id/${oidcId}` } };
    const vpc = doc.body.resourcesVpcConfig;
    if (vpc) {
      const groupId = `sg-${ids.hex(17)}`;
      vpc.clusterSecurityGroupId = groupId;
      ctx.infra.openSecurityGroup?.(doc, {
        groupId,
        groupName: `eks-cluster-sg-${doc.name}-${groupId.slice(-9)}`,
        description:
          "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any managed workloads.",
        vpcId: vpc.vpcId ?? "",
      });
    }
    ctx.kubernetes.createCluster(doc.arn, doc.body.version);
  }

  timers.on(DELETED, (arn) => {
    const doc = ctx.clusters.get(arn);
    if (!doc) return;
    ctx.clusters.delete(arn);
    const group = doc.body.resourcesVpcConfig?.clusterSecurityGroupId;
    if (group) ctx.infra.closeSecurityGroup?.(doc, group);
    forgetUpdates(ctx, arn);
    lifecycle.deleted(doc);
    if (ctx.kubernetes.hasCluster(arn)) ctx.kubernetes.deleteCluster(arn);
  });

  return {
    CreateCluster(input, scope) {
      const name = need(input.name, "name");
      const arn = clusterArn(scope, name);
      const existing = ctx.clusters.get(arn);
      if (existing) {
        if (existing.token !== undefined && existing.token === input.clientRequestToken)
          return { cluster: renderCluster(ctx, existing) };
        throw inUse(`Cluster already exists with name: ${name}`, { clusterName: name });
      }
      const body = newClusterBody(ctx, scope, input);
      const inRegion = [...ctx.clusters.values()].filter(
        (doc) => doc.account === scope.account && doc.region === scope.region,
      );
      if (inRegion.length >= CLUSTERS_PER_REGION)
        throw limitExceeded(`Cluster limit exceeded for account: ${CLUSTERS_PER_REGION}`, {
          clusterName: name,
        });
      body.platformVersion = findVersion(body.version, clock.now())?.platformVersion ?? "eks.1";
      const doc: ClusterDoc = {
        ...placeOfScope(scope),
        name,
        arn,
        createdAt: clock.now(),
        creator: scope.principal.roleArn ?? scope.principal.arn,
        ...(input.clientRequestToken === undefined ? {} : { token: input.clientRequestToken }),
        body,
        bootstrapSelfManagedAddons: input.bootstrapSelfManagedAddons ?? true,
      };
      ctx.clusters.set(arn, doc);
      // Native runs of 1.36 took 6.4 to 11.4 minutes.
      timers.set(CREATED, arn, clock.now() + duration(ctx, 7 * 60, 11 * 60));
      return { cluster: renderCluster(ctx, doc) };
    },

    DescribeCluster(input, scope) {
      return { cluster: renderCluster(ctx, findCluster(ctx, scope, input.name)) };
    },

    ListClusters(input, scope) {
      const names = [...ctx.clusters.values()]
        .filter((doc) => doc.account === scope.account && doc.region === scope.region)
        .map((doc) => doc.name)
        .sort();
      const { items, nextToken } = page(names, input);
      return { clusters: items, nextToken };
    },

    DeleteCluster(input, scope) {
      const doc = findCluster(ctx, scope, input.name);
      if (doc.body.status === "DELETING") return { cluster: renderCluster(ctx, doc) };
      if (doc.body.deletionProtection)
        throw invalidRequest("Cluster can't be deleted because deletion protection is enabled", {
          clusterName: doc.name,
        });
      if (doc.body.status === "CREATING")
        throw inUse(`Cannot DeleteCluster because cluster ${doc.name} is in CREATING status`, {
          clusterName: doc.name,
        });
      if (ofCluster(ctx.nodegroups, doc.arn).length > 0)
        throw inUse("Cluster has nodegroups attached", { clusterName: doc.name });
      const attached = lifecycle.attached(doc);
      if (attached !== undefined) throw inUse(attached, { clusterName: doc.name });
      if (doc.activeUpdate) throw updateInProgress("DeleteCluster", doc.name, doc.activeUpdate);
      doc.body.status = "DELETING";
      ctx.clusters.touch(doc.arn);
      timers.set(DELETED, doc.arn, clock.now() + duration(ctx, 35, 55));
      return { cluster: renderCluster(ctx, doc) };
    },
  } satisfies EksHandlers;
};

/** Base64 of text that looks like a PEM certificate: clients only pass it on, the endpoint speaks plain HTTP. */
function certificate(hexadecimal: string): string {
  const body = Buffer.from(hexadecimal, "hex").toString("base64");
  const lines = body.match(/.{1,64}/g) ?? [];
  const pem = ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
  return Buffer.from(pem).toString("base64");
}
