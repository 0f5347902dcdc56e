import type { VersionFacts } from "../snapshot.ts";
import { CHANGES, type Check, info, UPGRADE, warn } from "./check.ts";

/** US dollars for an hour of a control plane, and the hours of an average month. */
const STANDARD_HOUR = 0.1;
const EXTENDED_HOUR = 0.6;
const HOURS = 730;

const monthly = (version: VersionFacts): number =>
  Math.round((version.status === "EXTENDED_SUPPORT" ? EXTENDED_HOUR : STANDARD_HOUR) * HOURS);

export const supportCost: Check = {
  code: "SUPPORT_COST",
  title: "Neither the present version nor the target costs extended support",
  guards: UPGRADE,
  run({ snapshot, to, hops }) {
    const before = snapshot.versions.find(({ version }) => version === snapshot.cluster.version);
    const after = snapshot.versions.find(({ version }) => version === to);
    if (!before || !after) return [];
    const extended = [before, after].some(({ status }) => status === "EXTENDED_SUPPORT");
    if (!extended) return [];
    const subject = `cluster ${snapshot.ref.name}`;
    const end = before.endOfExtendedSupport.slice(0, 10);
    return [
      info(
        subject,
        hops.length === 0
          ? `${before.version} is in extended support until ${end}: about $${monthly(before)} a month for the control plane instead of $${Math.round(STANDARD_HOUR * HOURS)}`
          : `the control plane costs about $${monthly(before)} a month on ${before.version} (${before.status === "EXTENDED_SUPPORT" ? `extended support until ${end}` : "standard support"}) and $${monthly(after)} on ${to}`,
        monthly(after) > Math.round(STANDARD_HOUR * HOURS)
          ? "Go on to a version in standard support."
          : "Nothing to do: the upgrade ends the surcharge.",
      ),
    ];
  },
};

/** Tags that tools leave on what they made. */
const OWNERS: readonly { readonly name: string; readonly owns: (key: string, value: string) => boolean }[] = [
  { name: "CloudFormation stack", owns: (key) => key === "aws:cloudformation:stack-name" },
  { name: "eksctl cluster", owns: (key) => key === "alpha.eksctl.io/cluster-name" },
  {
    name: "Terraform",
    owns: (key, value) =>
      /^terraform$/i.test(key) ||
      (/^(managed[-_]?by|provisioner|created[-_]?by|iac)$/i.test(key) && /terraform|opentofu/i.test(value)),
  },
  {
    name: "Pulumi",
    owns: (key, value) => /^pulumi:/.test(key) || (/^managed[-_]?by$/i.test(key) && /pulumi/i.test(value)),
  },
  {
    name: "Cluster API",
    owns: (key) => key.startsWith("sigs.k8s.io/cluster-api-provider-aws/cluster/"),
  },
];

export const otherOwner: Check = {
  code: "OTHER_OWNER",
  title: "No other tool claims the cluster or its node groups",
  guards: CHANGES,
  run({ snapshot, nodegroups }) {
    const things = [
      { subject: `cluster ${snapshot.ref.name}`, tags: snapshot.cluster.tags },
      ...nodegroups.map((group) => ({ subject: `nodegroup ${group.logicalName}`, tags: group.tags })),
    ];
    const claims = things.flatMap(({ subject, tags }) =>
      OWNERS.flatMap((owner) => {
        const tag = Object.entries(tags)
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .find(([key, value]) => owner.owns(key, value));
        return tag ? [{ subject, owner: owner.name, tag: `${tag[0]}=${tag[1]}` }] : [];
      }),
    );
    return claims.map(({ subject, owner, tag }) =>
      warn(
        subject,
        `is tagged as one of ${owner} (${tag}): what Slipway changes differs from what is written there, and may be turned back`,
        "Change the version there as well, or take the cluster out of that tool's hands.",
      ),
    );
  },
};
