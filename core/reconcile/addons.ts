import { chooseAddon, resolveAddon } from "../addons/resolve.ts";
import { type DesiredAddon, desiredAddons } from "../cluster-config/desired.ts";
import type { Difference } from "../operation/types.ts";
import { SECONDS } from "../plan/estimate.ts";
import { addonRoles } from "../provision/requests.ts";
import { compareVersions } from "../versions/version.ts";
import { type Change, changed, changeStep, shown } from "./change.ts";
import { difference, differs, ownTags, sameConfiguration, sameSet, tagMoves } from "./compare.ts";
import type { Comparison } from "./context.ts";
import { tagCall } from "./control-plane.ts";
import { BUSY, FAILED, type LiveAddon } from "./live.ts";

type Draft = Omit<Difference, "step">;

const at = (name: string): string => `addons[${name}]`;

/** Add-ons: those of the file, and EKS's three unless the file turns the defaults off. */
export function addonChanges(comparison: Comparison): Change[] {
  const { live } = comparison;
  const wanted = desiredAddons(comparison.config);
  return [
    ...wanted.flatMap((addon) => {
      const present = live.addons.find((candidate) => candidate.name === addon.name);
      return present ? differing(comparison, addon, present) : missing(comparison, addon);
    }),
    ...gone(comparison, new Set(wanted.map((addon) => addon.name))),
  ];
}

/** A version as files write it: exact, without `v` and build, or left to EKS. */
function exactVersion({ catalogue }: Comparison, { name, version }: DesiredAddon): string | undefined {
  if (version === undefined || version === "latest" || version === "default") return undefined;
  const full = version.startsWith("v") ? version : `v${version}`;
  if (full.includes("-")) return full;
  // `1.19.2`: the newest build of it.
  const builds = catalogue.filter(
    (release) => release.addon === name && release.version.startsWith(`${full}-`),
  );
  return builds.toSorted((a, b) => compareVersions(b.version, a.version))[0]?.version ?? full;
}

const preference = (comparison: Comparison, { version }: DesiredAddon): "default" | "latest" =>
  version === "latest" || version === "default" ? version : comparison.prefer;

function missing(comparison: Comparison, addon: DesiredAddon): Change[] {
  const { live, catalogue, config } = comparison;
  const { name } = addon;
  const exact = exactVersion(comparison, addon);
  const version = chooseAddon({
    addon: name,
    target: live.cluster.version,
    catalogue,
    prefer: preference(comparison, addon),
    ...(exact ? { want: exact } : {}),
  });
  if (version === undefined)
    return shown(
      difference(
        `${at(name)}.version`,
        undefined,
        exact ?? preference(comparison, addon),
        "immutable",
        `EKS offers no such version of ${name} for Kubernetes ${live.cluster.version}. Choose another, or leave the version out.`,
      ),
    );
  const roles = rolesFor(comparison, addon);
  const step = changeStep(`addon/${name}`, {
    kind: "addon",
    title: `Install ${name} ${version}`,
    target: name,
    expectedSeconds: SECONDS.addon,
  });
  return [
    ...changed({ ...step, to: version }, [difference(at(name), undefined, version, "create")], {
      call: {
        action: "createAddon",
        request: {
          clusterName: live.ref.name,
          addonName: name,
          addonVersion: version,
          // On a cluster that lives, objects of that name may be somebody's own work: EKS then says so.
          resolveConflicts: addon.resolveConflicts?.toUpperCase() === "OVERWRITE" ? "OVERWRITE" : "NONE",
          ...(addon.configurationValues ? { configurationValues: addon.configurationValues } : {}),
          ...roles,
          ...(addon.namespaceConfig ? { namespaceConfig: addon.namespaceConfig } : {}),
          tags: { ...config.metadata.tags, ...addon.tags },
        },
      },
    }),
    ...(roles ? [] : shown(difference(`${at(name)}.role`, undefined, "a role", "left", ROLE_REMEDY))),
  ];
}

const ROLE_REMEDY =
  "An apply to a cluster that exists makes no roles. Make the role and name it at serviceAccountRoleARN or podIdentityAssociations.";

/** Its role: of the file, or of a stack that was made with the cluster; undefined where neither has it. */
function rolesFor({ config, foundation }: Comparison, addon: DesiredAddon): object | undefined {
  try {
    return addonRoles(config, addon, foundation);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The associations of which the file names the role. */
const rolesOf = (addon: DesiredAddon): { serviceAccount: string; roleArn: string }[] =>
  (addon.podIdentityAssociations ?? []).flatMap(({ serviceAccountName, roleARN }) =>
    roleARN ? [{ serviceAccount: serviceAccountName, roleArn: roleARN }] : [],
  );

function differing(comparison: Comparison, addon: DesiredAddon, live: LiveAddon): Change[] {
  const { name } = addon;
  const { ref } = comparison.live;
  const step = changeStep(`addon/${name}`, {
    kind: "addon",
    title: `Update ${name}`,
    target: name,
    expectedSeconds: SECONDS.addon,
  });
  if (BUSY.has(live.status))
    return changed(step, [difference(`${at(name)}.status`, live.status, "ACTIVE", "update")], {
      busy: `add-on ${name} is ${live.status}`,
    });
  if (FAILED.has(live.status))
    return changed(step, [difference(`${at(name)}.status`, live.status, "ACTIVE", "create")], {
      failed: `add-on ${name} is ${live.status}${live.healthIssues.map((issue) => `: ${issue.code} ${issue.message}`).join("")}`,
      // The objects stay: they may be what people had before there was an add-on.
      call: { action: "deleteAddon", request: { clusterName: ref.name, addonName: name, preserve: true } },
    });
  const move = versionMove(comparison, addon, live);
  const configuration =
    addon.configurationValues !== undefined &&
    !sameConfiguration(addon.configurationValues, live.configurationValues)
      ? [
          difference(
            `${at(name)}.configurationValues`,
            live.configurationValues,
            addon.configurationValues,
            "update",
          ),
        ]
      : [];
  const role = differs(
    `${at(name)}.serviceAccountRoleARN`,
    live.serviceAccountRoleArn,
    addon.serviceAccountRoleARN,
  );
  const pods = podRoles(comparison, addon, live);
  const updates: Draft[] = [...move.differences, ...configuration, ...role, ...pods];
  const to = move.next ?? live.version;
  return [
    ...changed(
      {
        ...step,
        title: move.next ? `Update ${name} to ${move.goal}` : `Change the settings of ${name}`,
        to: move.goal ?? live.version,
      },
      updates,
      {
        call: {
          action: "updateAddon",
          request: {
            clusterName: ref.name,
            addonName: name,
            addonVersion: to,
            // What people changed in the add-on's objects stays, unless the file says otherwise.
            resolveConflicts: addon.resolveConflicts?.toUpperCase() ?? "PRESERVE",
            ...keep("configurationValues", addon.configurationValues ?? live.configurationValues),
            ...keep("serviceAccountRoleArn", addon.serviceAccountRoleARN ?? live.serviceAccountRoleArn),
            ...(pods.length > 0 ? { podIdentityAssociations: rolesOf(addon) } : {}),
          },
        },
      },
    ),
    ...shown(...move.left),
    ...addonTags(comparison, addon, live),
  ];
}

const keep = (key: string, value: string | undefined): Record<string, string> =>
  value === undefined ? {} : { [key]: value };

interface Move {
  readonly differences: readonly Draft[];
  /** What it is to be in the end. */
  readonly goal?: string;
  /** Where the next update brings it: vpc-cni moves one minor version at a time. */
  readonly next?: string;
  readonly left: readonly Draft[];
}

const NO_MOVE: Move = { differences: [], left: [] };

/** Only a version that the file names moves an add-on: whatever else is newest is a matter of add-on updates. */
function versionMove(comparison: Comparison, addon: DesiredAddon, live: LiveAddon): Move {
  const { name, version } = addon;
  if (version === undefined) return NO_MOVE;
  const exact = exactVersion(comparison, addon);
  const field = `${at(name)}.version`;
  if (exact !== undefined && exact === live.version) return NO_MOVE;
  const resolution = resolveAddon({
    addon: name,
    current: live.version,
    target: comparison.live.cluster.version,
    catalogue: comparison.catalogue,
    prefer: preference(comparison, addon),
    ...(exact ? { want: exact } : {}),
  });
  if (resolution.kind === "stay") return NO_MOVE;
  if (resolution.kind === "unresolved")
    return {
      differences: [],
      left: [
        difference(
          field,
          live.version,
          exact ?? version,
          "left",
          `${resolution.reason}. ${resolution.remedy}`,
        ),
      ],
    };
  return {
    differences: [difference(field, live.version, resolution.version, "update")],
    goal: resolution.version,
    next: resolution.steps[0].to,
    left: [],
  };
}

/** Associations that belong to the add-on, where the file names the role of each. */
function podRoles({ live: { podIdentities } }: Comparison, addon: DesiredAddon, live: LiveAddon): Draft[] {
  const wanted = addon.podIdentityAssociations;
  if (!wanted || wanted.some((association) => !association.roleARN)) return [];
  const now = podIdentities.filter((association) => association.ownerArn === live.arn);
  const text = (account: string, role: string | undefined) => `${account}=${role ?? ""}`;
  const from = now.map((association) => text(association.serviceAccount, association.roleArn));
  const to = wanted.map((association) => text(association.serviceAccountName, association.roleARN));
  return sameSet(from, to)
    ? []
    : [difference(`${at(addon.name)}.podIdentityAssociations`, from, to, "update")];
}

function addonTags({ config, earlier }: Comparison, addon: DesiredAddon, live: LiveAddon): Change[] {
  const before = earlier?.addons?.find((candidate) => candidate.name === addon.name);
  const moves = tagMoves(
    `${at(addon.name)}.tags`,
    live.tags,
    addon.tags ?? {},
    ownTags(before?.tags, config.metadata.tags),
  );
  const step = changeStep(`addon/${addon.name}/tags`, {
    kind: "addon",
    title: `Set the tags of ${addon.name}`,
    target: addon.name,
    expectedSeconds: SECONDS.logging,
  });
  return changed(step, moves.differences, { call: tagCall(live.arn, moves) });
}

function gone({ live, config, prune }: Comparison, wanted: ReadonlySet<string>): Change[] {
  return live.addons
    .filter((addon) => !wanted.has(addon.name))
    .flatMap((addon) => {
      if (!prune || config.addons === undefined)
        return shown(
          difference(
            at(addon.name),
            addon.version,
            undefined,
            "left",
            "It is not in the file and stays. Delete it with --prune, or write it into the file.",
          ),
        );
      const step = changeStep(`addon/${addon.name}/delete`, {
        kind: "addon",
        title: `Delete ${addon.name}`,
        target: addon.name,
        expectedSeconds: SECONDS.deleteAddon,
      });
      return changed(step, [difference(at(addon.name), addon.version, undefined, "delete")], {
        ...(addon.status === "DELETING"
          ? { busy: `add-on ${addon.name} is DELETING` }
          : {
              call: {
                action: "deleteAddon" as const,
                request: { clusterName: live.ref.name, addonName: addon.name },
              },
            }),
      });
    });
}
