import type { ClusterConfig } from "../cluster-config/schema.ts";
import type { Difference } from "../operation/types.ts";
import { podRoleKey } from "../provision/roles.ts";
import { type Call, type Change, changed, changeStep, shown } from "./change.ts";
import { difference, differs, sameValue, setDiffers } from "./compare.ts";
import { type Comparison, madeRole } from "./context.ts";
import type { LiveAccessEntry, LiveAccessPolicy, LivePodIdentity } from "./live.ts";

type Draft = Omit<Difference, "step">;

const SECONDS_EACH = 5;

/** An access entry as a file wants it; entries of the old aws-auth map become such. */
interface WantedEntry {
  readonly field: string;
  readonly principalArn: string;
  readonly type: string;
  readonly groups?: readonly string[] | undefined;
  readonly username?: string | undefined;
  readonly policies?: readonly LiveAccessPolicy[] | undefined;
}

const ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
const CLUSTER_WIDE = { type: "cluster", namespaces: [] };

/** Types that EKS makes for nodes by itself: nobody's to prune. */
const OF_NODES = /^(EC2|FARGATE|HYBRID|HYPERPOD)/;

function wantedEntries(config: ClusterConfig): WantedEntry[] {
  const entries = (config.accessConfig?.accessEntries ?? []).map((entry) => ({
    field: `accessConfig.accessEntries[${nameOf(entry.principalARN)}]`,
    principalArn: entry.principalARN,
    type: entry.type ?? "STANDARD",
    groups: entry.kubernetesGroups,
    username: entry.kubernetesUsername,
    policies: entry.accessPolicies?.map(({ policyARN, accessScope }) => ({
      policyArn: policyARN,
      scope: { type: accessScope.type, namespaces: accessScope.namespaces ?? [] },
    })),
  }));
  const named = new Set(entries.map((entry) => entry.principalArn));
  // Several lines of the map may be about one principal.
  const mapped = Map.groupBy(
    (config.iamIdentityMappings ?? []).filter((mapping) => !named.has(mapping.arn)),
    (mapping) => mapping.arn,
  );
  return [...entries, ...[...mapped].map(([arn, mappings]) => fromMapping(arn, mappings))];
}

function fromMapping(
  arn: string,
  mappings: readonly NonNullable<ClusterConfig["iamIdentityMappings"]>[number][],
): WantedEntry {
  const groups = new Set(mappings.flatMap((mapping) => mapping.groups ?? []));
  const field = `iamIdentityMappings[${nameOf(arn)}]`;
  if (["system:nodes", "system:bootstrappers", "eks:kube-proxy-windows"].some((group) => groups.has(group)))
    return {
      field,
      principalArn: arn,
      type: groups.has("eks:kube-proxy-windows") ? "EC2_WINDOWS" : "EC2_LINUX",
    };
  const admin = groups.has("system:masters");
  const own = [...groups].filter((group) => group !== "system:masters");
  const username = mappings.find((mapping) => mapping.username)?.username;
  return {
    field,
    principalArn: arn,
    type: "STANDARD",
    ...(own.length > 0 ? { groups: own } : {}),
    ...(username && !username.startsWith("system:") ? { username } : {}),
    ...(admin ? { policies: [{ policyArn: ADMIN_POLICY, scope: CLUSTER_WIDE }] } : {}),
  };
}

/** `role/ops` of an ARN: what a person looks for. */
const nameOf = (arn: string): string => arn.split(":").slice(5).join(":");

export function accessChanges(comparison: Comparison): Change[] {
  const { live, config } = comparison;
  const wanted = wantedEntries(config);
  const mode = config.accessConfig?.authenticationMode ?? live.cluster.authenticationMode;
  if (mode === "CONFIG_MAP")
    return wanted.flatMap((entry) =>
      shown(
        difference(
          entry.field,
          undefined,
          entry.principalArn,
          "left",
          "Access entries need the authentication mode API_AND_CONFIG_MAP or API: set accessConfig.authenticationMode.",
        ),
      ),
    );
  const found = new Map(live.accessEntries.map((entry) => [entry.principalArn, entry]));
  return [
    ...wanted.flatMap((entry) => entryChanges(comparison, entry, found.get(entry.principalArn))),
    ...gone(
      comparison,
      new Set([
        ...wanted.map((entry) => entry.principalArn),
        // EKS gives the role of a capability its entry.
        ...(config.capabilities ?? []).flatMap((capability) => capability.roleArn ?? []),
      ]),
    ),
  ];
}

/** All that is other about one entry is one step; the calls come one after the other. */
function entryChanges(
  { live: { ref } }: Comparison,
  wanted: WantedEntry,
  now: LiveAccessEntry | undefined,
): Change[] {
  const common = { clusterName: ref.name, principalArn: wanted.principalArn };
  const step = changeStep(`access/${nameOf(wanted.principalArn)}`, {
    kind: "access",
    title: `${now ? "Change" : "Give"} access of ${nameOf(wanted.principalArn)}`,
    target: wanted.principalArn,
    expectedSeconds: SECONDS_EACH,
  });
  if (!now)
    return changed(step, [difference(wanted.field, undefined, summary(wanted), "create")], {
      call: {
        action: "createAccessEntry",
        request: {
          ...common,
          type: wanted.type,
          ...(wanted.groups ? { kubernetesGroups: wanted.groups } : {}),
          ...(wanted.username ? { username: wanted.username } : {}),
        },
      },
    });
  if (wanted.type !== now.type)
    return shown(
      difference(
        `${wanted.field}.type`,
        now.type,
        wanted.type,
        "immutable",
        `EKS cannot change the type of an entry. Delete it (aws eks delete-access-entry), then apply again.`,
      ),
    );
  const entry = [
    ...setDiffers(`${wanted.field}.kubernetesGroups`, now.groups, wanted.groups),
    ...differs(`${wanted.field}.kubernetesUsername`, now.username, wanted.username),
  ];
  const policies = policyMoves(wanted, now);
  const call: Call | undefined =
    entry.length > 0
      ? {
          action: "updateAccessEntry",
          request: {
            ...common,
            ...(wanted.groups ? { kubernetesGroups: wanted.groups } : {}),
            ...(wanted.username ? { username: wanted.username } : {}),
          },
        }
      : policies.call(common);
  return changed(step, [...entry, ...policies.differences], call ? { call } : {});
}

const summary = ({ groups = [], policies = [] }: WantedEntry): string =>
  [...groups, ...policies.map((policy) => nameOf(policy.policyArn))].join(", ") || "an entry";

/** Policies of an entry of which the file lists them: the list is complete. */
function policyMoves(wanted: WantedEntry, now: LiveAccessEntry) {
  const add = (wanted.policies ?? []).filter(
    (policy) =>
      !now.policies.some(
        (other) => other.policyArn === policy.policyArn && sameScope(other.scope, policy.scope),
      ),
  );
  const remove = wanted.policies
    ? now.policies.filter((other) => !wanted.policies?.some((policy) => policy.policyArn === other.policyArn))
    : [];
  const field = (policy: LiveAccessPolicy) => `${wanted.field}.accessPolicies[${nameOf(policy.policyArn)}]`;
  const scopeNow = (policy: LiveAccessPolicy) =>
    now.policies.find((other) => other.policyArn === policy.policyArn)?.scope;
  const differences: Draft[] = [
    ...add.map((policy) =>
      difference(field(policy), scopeText(scopeNow(policy)), scopeText(policy.scope), "update"),
    ),
    ...remove.map((policy) => difference(field(policy), scopeText(policy.scope), undefined, "delete")),
  ];
  const call = (common: Readonly<Record<string, unknown>>): Call | undefined => {
    const [policy] = add;
    if (policy) {
      const { type, namespaces } = policy.scope;
      const accessScope = namespaces.length > 0 ? { type, namespaces } : { type };
      return {
        action: "associateAccessPolicy",
        request: { ...common, policyArn: policy.policyArn, accessScope },
      };
    }
    const [old] = remove;
    return old && { action: "disassociateAccessPolicy", request: { ...common, policyArn: old.policyArn } };
  };
  return { differences, call };
}

const sameScope = (a: LiveAccessPolicy["scope"], b: LiveAccessPolicy["scope"]): boolean =>
  a.type === b.type && sameValue(a.namespaces.toSorted(), b.namespaces.toSorted());

const scopeText = (scope: LiveAccessPolicy["scope"] | undefined): string | undefined =>
  scope && (scope.namespaces.length > 0 ? `namespaces ${scope.namespaces.join(", ")}` : scope.type);

/** People's entries that the file does not have; those of nodes and of Slipway itself are no file's. */
function gone({ live, config, prune, isOwnRole }: Comparison, wanted: ReadonlySet<string>): Change[] {
  return live.accessEntries
    .filter(
      (entry) =>
        !wanted.has(entry.principalArn) &&
        !isOwnRole(entry.principalArn) &&
        !OF_NODES.test(entry.type) &&
        !/:role\/aws-service-role\//.test(entry.principalArn),
    )
    .flatMap((entry) => {
      const field = `accessConfig.accessEntries[${nameOf(entry.principalArn)}]`;
      if (!prune || config.accessConfig?.accessEntries === undefined)
        return shown(
          difference(
            field,
            entry.principalArn,
            undefined,
            "left",
            "It is not in the file and stays. Take it away with --prune, or write it into the file.",
          ),
        );
      const step = changeStep(`access/${nameOf(entry.principalArn)}/delete`, {
        kind: "access",
        title: `Take access from ${nameOf(entry.principalArn)}`,
        target: entry.principalArn,
        expectedSeconds: SECONDS_EACH,
      });
      return changed(step, [difference(field, entry.principalArn, undefined, "delete")], {
        call: {
          action: "deleteAccessEntry",
          request: { clusterName: live.ref.name, principalArn: entry.principalArn },
        },
      });
    });
}

/** Associations of the file itself; those of add-ons belong to the add-on. */
export function podIdentityChanges(comparison: Comparison): Change[] {
  const { live, config, prune } = comparison;
  const own = live.podIdentities.filter((association) => association.ownerArn === undefined);
  const keyOf = (namespace: string, account: string) => `${namespace}/${account}`;
  const wanted = config.iam?.podIdentityAssociations ?? [];
  const named = new Set(wanted.map((each) => keyOf(each.namespace, each.serviceAccountName)));
  return [
    ...wanted.flatMap((association) => {
      const key = keyOf(association.namespace, association.serviceAccountName);
      const now = own.find((other) => keyOf(other.namespace, other.serviceAccount) === key);
      return associationChanges(comparison, key, association, now);
    }),
    ...own
      .filter((association) => !named.has(keyOf(association.namespace, association.serviceAccount)))
      .flatMap((association) => {
        const key = keyOf(association.namespace, association.serviceAccount);
        const field = `iam.podIdentityAssociations[${key}]`;
        if (!prune || config.iam?.podIdentityAssociations === undefined)
          return shown(
            difference(
              field,
              association.roleArn,
              undefined,
              "left",
              "It is not in the file and stays. Delete it with --prune, or write it into the file.",
            ),
          );
        const step = changeStep(`pod-identity/${key}/delete`, {
          kind: "pod-identity",
          title: `Take the role from ${key}`,
          target: key,
          expectedSeconds: SECONDS_EACH,
        });
        return changed(step, [difference(field, association.roleArn, undefined, "delete")], {
          call: {
            action: "deletePodIdentityAssociation",
            request: { clusterName: live.ref.name, associationId: association.associationId },
          },
        });
      }),
  ];
}

type WantedAssociation = NonNullable<NonNullable<ClusterConfig["iam"]>["podIdentityAssociations"]>[number];

function associationChanges(
  comparison: Comparison,
  key: string,
  wanted: WantedAssociation,
  now: LivePodIdentity | undefined,
): Change[] {
  const field = `iam.podIdentityAssociations[${key}]`;
  const { ref } = comparison.live;
  const { targetRoleARN: targetRoleArn, disableSessionTags, policy } = wanted;
  const roleArn =
    wanted.roleARN ?? madeRole(comparison, podRoleKey(wanted.namespace, wanted.serviceAccountName));
  const settings = {
    ...(targetRoleArn ? { targetRoleArn } : {}),
    ...(disableSessionTags === undefined ? {} : { disableSessionTags }),
    ...(policy ? { policy } : {}),
  };
  const step = changeStep(`pod-identity/${key}`, {
    kind: "pod-identity",
    title: `${now ? "Change the role of" : "Give a role to"} ${key}`,
    target: key,
    expectedSeconds: SECONDS_EACH,
  });
  if (!now) {
    if (!roleArn)
      return shown(
        difference(
          field,
          undefined,
          "a role",
          "left",
          "An apply to a cluster that exists makes no roles. Make the role and name it at roleARN.",
        ),
      );
    return changed(step, [difference(field, undefined, roleArn, "create")], {
      call: {
        action: "createPodIdentityAssociation",
        request: {
          clusterName: ref.name,
          namespace: wanted.namespace,
          serviceAccount: wanted.serviceAccountName,
          roleArn,
          ...settings,
          tags: { ...comparison.config.metadata.tags, ...wanted.tags },
        },
      },
    });
  }
  const differences = [
    ...differs(`${field}.roleARN`, now.roleArn, roleArn),
    ...differs(`${field}.targetRoleARN`, now.targetRoleArn, targetRoleArn),
    ...differs(`${field}.disableSessionTags`, now.disableSessionTags, disableSessionTags),
    ...differs(`${field}.policy`, now.policy, policy),
  ];
  return changed(step, differences, {
    call: {
      action: "updatePodIdentityAssociation",
      request: {
        clusterName: ref.name,
        associationId: now.associationId,
        ...(roleArn ? { roleArn } : {}),
        ...settings,
      },
    },
  });
}
