import type { ClusterConfig } from "../cluster-config/schema.ts";
import { canonicalJson } from "../plan/digest.ts";
import { type Change, changed, changeStep, shown } from "./change.ts";
import { difference, differs, setDiffers } from "./compare.ts";
import { type Comparison, madeRole } from "./context.ts";
import { BUSY, FAILED, type LiveFargateProfile } from "./live.ts";

/** A profile comes or goes within some minutes, one at a time. */
const PROFILE_SECONDS = 150;

type WantedProfile = NonNullable<ClusterConfig["fargateProfiles"]>[number];

const at = (name: string): string => `fargateProfiles[${name}]`;

/**
 * Fargate profiles. EKS changes none, and one in the place of another would stop its pods: what differs is
 * refused, with the way to do it by hand.
 */
export function fargateChanges(comparison: Comparison): Change[] {
  const { live, config, prune } = comparison;
  const wanted = config.fargateProfiles ?? [];
  const named = new Set(wanted.map((profile) => profile.name));
  return [
    ...wanted.flatMap((profile) => {
      const now = live.fargateProfiles.find((candidate) => candidate.name === profile.name);
      return now ? differing(comparison, profile, now) : missing(comparison, profile);
    }),
    ...live.fargateProfiles
      .filter((profile) => !named.has(profile.name))
      .flatMap((profile) => {
        const field = at(profile.name);
        if (!prune || config.fargateProfiles === undefined)
          return shown(
            difference(
              field,
              selectorsText(profile.selectors),
              undefined,
              "left",
              "It is not in the file and stays. Delete it with --prune, or write it into the file.",
            ),
          );
        const step = changeStep(`fargate/${profile.name}/delete`, {
          kind: "fargate",
          title: `Delete the Fargate profile ${profile.name}`,
          target: profile.name,
          expectedSeconds: PROFILE_SECONDS,
        });
        return changed(step, [difference(field, selectorsText(profile.selectors), undefined, "delete")], {
          ...(BUSY.has(profile.status)
            ? { busy: `Fargate profile ${profile.name} is ${profile.status}` }
            : {
                call: {
                  action: "deleteFargateProfile" as const,
                  request: { clusterName: live.ref.name, fargateProfileName: profile.name },
                },
              }),
        });
      }),
  ];
}

const selectorsOf = (profile: WantedProfile): LiveFargateProfile["selectors"] =>
  profile.selectors.map(({ namespace, labels }) => ({ namespace, labels: labels ?? {} }));

const selectorsText = (selectors: LiveFargateProfile["selectors"]): string =>
  selectors
    .map(({ namespace, labels }) => {
      const text = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
      return [namespace, ...text].join(" ");
    })
    .join("; ");

function missing(comparison: Comparison, profile: WantedProfile): Change[] {
  const { live, config, foundation } = comparison;
  const roleArn =
    profile.podExecutionRoleARN ??
    config.iam?.fargatePodExecutionRoleARN ??
    madeRole(comparison, "fargate") ??
    live.fargateProfiles.find((other) => other.roleArn !== "")?.roleArn;
  const field = at(profile.name);
  if (!roleArn)
    return shown(
      difference(
        field,
        undefined,
        selectorsText(selectorsOf(profile)),
        "immutable",
        "Its pods need a role, which an apply to a cluster that exists does not make. Name one at podExecutionRoleARN.",
      ),
    );
  const named = { ...config.vpc?.subnets?.private, ...config.vpc?.subnets?.public };
  const subnets = profile.subnets
    ? profile.subnets.map((name) => named[name]?.id ?? name)
    : foundation.privateSubnets.map((subnet) => subnet.id);
  const step = changeStep(`fargate/${profile.name}`, {
    kind: "fargate",
    title: `Create the Fargate profile ${profile.name}`,
    target: profile.name,
    expectedSeconds: PROFILE_SECONDS,
  });
  return changed(step, [difference(field, undefined, selectorsText(selectorsOf(profile)), "create")], {
    call: {
      action: "createFargateProfile",
      request: {
        clusterName: live.ref.name,
        fargateProfileName: profile.name,
        podExecutionRoleArn: roleArn,
        ...(subnets.length > 0 ? { subnets } : {}),
        selectors: profile.selectors.map(({ namespace, labels }) => ({
          namespace,
          ...(labels ? { labels } : {}),
        })),
        tags: { ...config.metadata.tags, ...profile.tags },
      },
    },
  });
}

function differing({ live, config }: Comparison, profile: WantedProfile, now: LiveFargateProfile): Change[] {
  const field = at(profile.name);
  if (FAILED.has(now.status))
    return changed(
      changeStep(`fargate/${profile.name}`, {
        kind: "fargate",
        title: `Delete the Fargate profile ${profile.name}, which is ${now.status}, and create it anew`,
        target: profile.name,
        expectedSeconds: 2 * PROFILE_SECONDS,
      }),
      [difference(`${field}.status`, now.status, "ACTIVE", "create")],
      {
        failed: `Fargate profile ${profile.name} is ${now.status}`,
        call: {
          action: "deleteFargateProfile",
          request: { clusterName: live.ref.name, fargateProfileName: profile.name },
        },
      },
    );
  if (BUSY.has(now.status))
    return changed(
      changeStep(`fargate/${profile.name}`, {
        kind: "fargate",
        title: `Wait for the Fargate profile ${profile.name}`,
        target: profile.name,
        expectedSeconds: PROFILE_SECONDS,
      }),
      [difference(`${field}.status`, now.status, "ACTIVE", "update")],
      { busy: `Fargate profile ${profile.name} is ${now.status}` },
    );
  const remedy =
    "EKS cannot change a profile. Write it under another name, apply, restart its pods, then remove the old one with --prune.";
  const named = { ...config.vpc?.subnets?.private, ...config.vpc?.subnets?.public };
  const text = (selectors: LiveFargateProfile["selectors"]) => selectors.map((each) => canonicalJson(each));
  return shown(
    ...setDiffers(`${field}.selectors`, text(now.selectors), text(selectorsOf(profile)), "immutable", remedy),
    ...setDiffers(
      `${field}.subnets`,
      now.subnets,
      profile.subnets?.map((name) => named[name]?.id ?? name),
      "immutable",
      remedy,
    ),
    ...differs(`${field}.podExecutionRoleARN`, now.roleArn, profile.podExecutionRoleARN, "immutable", remedy),
  );
}
