import type { AccessEntry, AccessScope } from "@aws-sdk/client-eks";
import { accessPolicies, accessPolicyArn } from "./access-policies.ts";
import {
  childArn,
  date,
  type EksContext,
  type EksHandlers,
  findCluster,
  need,
  resourceKey,
} from "./context.ts";
import type { ClusterDoc } from "./documents.ts";
import { inUse, invalidParameter, invalidRequest, notFound } from "./errors.ts";
import { page } from "./paging.ts";

interface EntryDoc {
  readonly cluster: string;
  readonly principalArn: string;
  readonly createdAt: number;
  modifiedAt: number;
  readonly token?: string;
  body: Omit<AccessEntry, "createdAt" | "modifiedAt"> & {
    kubernetesGroups: string[];
    readonly username: string;
  };
  policies: {
    readonly policyArn: string;
    accessScope: AccessScope;
    readonly associatedAt: number;
    modifiedAt: number;
  }[];
}

export interface AccessEntries {
  /** The entry of who created the cluster, when the cluster asks for one. */
  bootstrap(cluster: ClusterDoc): void;
  /** EKS makes the entry of a node role by itself; nothing happens when there is one. */
  ensureNodeRole(cluster: ClusterDoc, roleArn: string): void;
  /** EKS makes the entry of a capability's role. */
  ensureCapabilityRole(cluster: ClusterDoc, roleArn: string): void;
  /** Whether machines of a role may join: by an entry for nodes, or by the old map where the cluster has it. */
  admits(clusterArn: string, roleArn: string): boolean;
  forget(cluster: string): void;
}

const TYPES = [
  "STANDARD",
  "EC2_LINUX",
  "EC2_WINDOWS",
  "FARGATE_LINUX",
  "EC2",
  "HYBRID_LINUX",
  "HYPERPOD_LINUX",
];
const RESERVED = /^(system:|eks:|aws:|amazon:|iam:)/;

const usesEntries = (cluster: ClusterDoc): boolean =>
  cluster.body.accessConfig?.authenticationMode !== "CONFIG_MAP";

export const accessEntries = (
  ctx: EksContext,
): { readonly own: AccessEntries; readonly handlers: EksHandlers } => {
  const { clock, ids, durable } = ctx.kernel;
  const docs = durable.map<EntryDoc>("eks.access-entries");
  const ofCluster = (cluster: string): EntryDoc[] =>
    [...docs.values()].filter((doc) => doc.cluster === cluster);
  const touch = (doc: EntryDoc): void => docs.touch(resourceKey(doc.cluster, doc.principalArn));

  const render = (doc: EntryDoc): AccessEntry => ({
    ...doc.body,
    createdAt: date(doc.createdAt),
    modifiedAt: date(doc.modifiedAt),
  });

  /** Access entries work only when the authentication mode knows them. */
  function usable(cluster: ClusterDoc): ClusterDoc {
    if (!usesEntries(cluster))
      throw invalidRequest(
        "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
        { clusterName: cluster.name },
      );
    return cluster;
  }

  function find(cluster: ClusterDoc, principalArn: string | undefined): EntryDoc {
    const doc = docs.get(resourceKey(usable(cluster).arn, need(principalArn, "principalArn")));
    if (!doc)
      throw notFound(
        `The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.`,
        { clusterName: cluster.name },
      );
    return doc;
  }

  function checkGroups(groups: readonly string[]): void {
    const bad = groups.find((group) => RESERVED.test(group));
    if (bad !== undefined)
      throw invalidParameter(
        `The kubernetes group name ${bad} is invalid, it cannot start with system:, eks:, aws:, amazon:, or iam:`,
      );
  }

  function add(
    cluster: ClusterDoc,
    principalArn: string,
    of: {
      type: string;
      groups: readonly string[];
      username?: string | undefined;
      tags?: Record<string, string> | undefined;
      token?: string | undefined;
    },
  ): EntryDoc {
    const [, kind = "role", ...path] = /:(role|user)\/(.+)$/.exec(principalArn) ?? [];
    const name = (path[0] ?? principalArn).split("/").at(-1) ?? "";
    const account = principalArn.split(":")[4] ?? cluster.account;
    const now = clock.now();
    const doc: EntryDoc = {
      cluster: cluster.arn,
      principalArn,
      createdAt: now,
      modifiedAt: now,
      ...(of.token === undefined ? {} : { token: of.token }),
      body: {
        clusterName: cluster.name,
        principalArn,
        kubernetesGroups: [...of.groups],
        accessEntryArn: childArn(cluster, "access-entry", kind, account, name, ids.uuid()),
        tags: { ...of.tags },
        username:
          of.username ??
          (of.type !== "STANDARD"
            ? "system:node:{{EC2PrivateDNSName}}"
            : kind === "role"
              ? `arn:aws:sts::${account}:assumed-role/${name}/{{SessionName}}`
              : principalArn),
        type: of.type,
      },
      policies: [],
    };
    docs.set(resourceKey(cluster.arn, principalArn), doc);
    return doc;
  }

  const handlers = {
    CreateAccessEntry(input, scope) {
      const cluster = usable(findCluster(ctx, scope, input.clusterName));
      const principalArn = need(input.principalArn, "principalArn");
      const existing = docs.get(resourceKey(cluster.arn, principalArn));
      if (existing) {
        if (existing.token !== undefined && existing.token === input.clientRequestToken)
          return { accessEntry: render(existing) };
        throw inUse("The specified access entry resource is already in use on this cluster.", {
          clusterName: cluster.name,
        });
      }
      if (
        !/^arn:aws[a-z-]*:iam::\d{12}:(role|user)\/.+/.test(principalArn) ||
        (principalArn.includes(":role/") && !ctx.infra.roleExists(principalArn))
      )
        throw invalidParameter(`The specified principalArn is invalid: invalid principal.`, {
          clusterName: cluster.name,
        });
      const type = input.type ?? "STANDARD";
      if (!TYPES.includes(type)) throw invalidParameter(`Unsupported access entry type ${type}`);
      const groups = input.kubernetesGroups ?? [];
      checkGroups(groups);
      if (type !== "STANDARD" && (groups.length > 0 || input.username !== undefined))
        throw invalidParameter(`kubernetesGroups and username cannot be set for type ${type}`);
      if (input.username !== undefined && RESERVED.test(input.username))
        throw invalidParameter(`The username ${input.username} is invalid`);
      const doc = add(cluster, principalArn, {
        type,
        groups: type === "STANDARD" ? groups : ["system:nodes"],
        username: input.username,
        tags: input.tags,
        token: input.clientRequestToken,
      });
      return { accessEntry: render(doc) };
    },
    DescribeAccessEntry(input, scope) {
      return { accessEntry: render(find(findCluster(ctx, scope, input.clusterName), input.principalArn)) };
    },
    ListAccessEntries(input, scope) {
      const cluster = usable(findCluster(ctx, scope, input.clusterName));
      const found = ofCluster(cluster.arn)
        .filter(
          (doc) =>
            input.associatedPolicyArn === undefined ||
            doc.policies.some((policy) => policy.policyArn === input.associatedPolicyArn),
        )
        .map((doc) => doc.principalArn)
        .sort();
      const { items, nextToken } = page(found, input);
      return { accessEntries: items, nextToken };
    },
    UpdateAccessEntry(input, scope) {
      const doc = find(findCluster(ctx, scope, input.clusterName), input.principalArn);
      if (input.kubernetesGroups) checkGroups(input.kubernetesGroups);
      doc.body = {
        ...doc.body,
        kubernetesGroups: [...(input.kubernetesGroups ?? doc.body.kubernetesGroups)],
        username: input.username ?? doc.body.username,
      };
      doc.modifiedAt = clock.now();
      touch(doc);
      return { accessEntry: render(doc) };
    },
    DeleteAccessEntry(input, scope) {
      const doc = find(findCluster(ctx, scope, input.clusterName), input.principalArn);
      docs.delete(resourceKey(doc.cluster, doc.principalArn));
      return {};
    },
    ListAccessPolicies(input) {
      const all = accessPolicies.map((name) => ({ name, arn: accessPolicyArn(name) }));
      const { items, nextToken } = page(all, input);
      return { accessPolicies: items, nextToken };
    },
    AssociateAccessPolicy(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const doc = find(cluster, input.principalArn);
      const policyArn = need(input.policyArn, "policyArn");
      if (!accessPolicies.some((name) => accessPolicyArn(name) === policyArn))
        throw invalidParameter("The policyArn parameter format is not valid", { clusterName: cluster.name });
      const accessScope = need(input.accessScope, "accessScope");
      const namespaced = (accessScope.namespaces?.length ?? 0) > 0;
      if ((accessScope.type === "namespace") !== namespaced)
        throw invalidParameter("Namespaces are required with, and only with, access scope type namespace");
      const now = clock.now();
      const present = doc.policies.find((policy) => policy.policyArn === policyArn);
      const policy = present ?? { policyArn, accessScope, associatedAt: now, modifiedAt: now };
      policy.accessScope = accessScope;
      policy.modifiedAt = now;
      if (!present) doc.policies.push(policy);
      touch(doc);
      return {
        clusterName: cluster.name,
        principalArn: doc.principalArn,
        associatedAccessPolicy: {
          policyArn,
          accessScope,
          associatedAt: date(policy.associatedAt),
          modifiedAt: date(now),
        },
      };
    },
    DisassociateAccessPolicy(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const doc = find(cluster, input.principalArn);
      const left = doc.policies.filter((policy) => policy.policyArn !== input.policyArn);
      if (left.length === doc.policies.length)
        throw notFound("The specified policyArn is not associated with the access entry.", {
          clusterName: cluster.name,
        });
      doc.policies = left;
      touch(doc);
      return {};
    },
    ListAssociatedAccessPolicies(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const doc = find(cluster, input.principalArn);
      const { items, nextToken } = page(doc.policies, input);
      return {
        clusterName: cluster.name,
        principalArn: doc.principalArn,
        associatedAccessPolicies: items.map((policy) => ({
          ...policy,
          associatedAt: date(policy.associatedAt),
          modifiedAt: date(policy.modifiedAt),
        })),
        nextToken,
      };
    },
  } satisfies EksHandlers;

  return {
    handlers,
    own: {
      bootstrap(cluster) {
        if (!usesEntries(cluster) || !cluster.body.accessConfig?.bootstrapClusterCreatorAdminPermissions)
          return;
        const doc = add(cluster, cluster.creator, { type: "STANDARD", groups: [] });
        const now = clock.now();
        doc.policies.push({
          policyArn: accessPolicyArn("AmazonEKSClusterAdminPolicy"),
          accessScope: { type: "cluster", namespaces: [] },
          associatedAt: now,
          modifiedAt: now,
        });
      },
      ensureNodeRole(cluster, roleArn) {
        if (usesEntries(cluster) && !docs.has(resourceKey(cluster.arn, roleArn)))
          add(cluster, roleArn, { type: "EC2_LINUX", groups: ["system:nodes"] });
      },
      ensureCapabilityRole(cluster, roleArn) {
        if (usesEntries(cluster) && !docs.has(resourceKey(cluster.arn, roleArn)))
          add(cluster, roleArn, { type: "STANDARD", groups: [] });
      },
      admits(clusterArn, roleArn) {
        const cluster = ctx.clusters.get(clusterArn);
        if (!cluster) return false;
        const type = docs.get(resourceKey(clusterArn, roleArn))?.body.type ?? "";
        if (/^(EC2|EC2_LINUX|EC2_WINDOWS)$/.test(type) && usesEntries(cluster)) return true;
        if (cluster.body.accessConfig?.authenticationMode === "API") return false;
        const map = ctx.kubernetes.get(clusterArn, "ConfigMap", "kube-system", "aws-auth");
        return JSON.stringify(map?.data ?? {}).includes(roleArn);
      },
      forget(cluster) {
        for (const doc of ofCluster(cluster)) docs.delete(resourceKey(cluster, doc.principalArn));
      },
    },
  };
};
