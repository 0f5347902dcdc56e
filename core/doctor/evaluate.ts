import { clusterKey } from "../cluster-ref.ts";
import type { Read } from "../snapshot.ts";
import type {
  AccountFacts,
  ClusterAccessFacts,
  DoctorFacts,
  PermissionFacts,
  QuotaValue,
  RegionFacts,
} from "./facts.ts";

export const DOCTOR_STATUSES = ["ok", "warn", "fail", "unknown"] as const;
export type DoctorStatus = (typeof DOCTOR_STATUSES)[number];

/** One result of the doctor. */
export interface DoctorCheck {
  /** Stable: `CLOUDTRAIL`. */
  readonly code: string;
  readonly status: DoctorStatus;
  /** `account 111122223333`, `111122223333/eu-west-1`, a cluster's key. */
  readonly subject: string;
  readonly evidence: string;
  /** What to do; absent when the status is ok. */
  readonly remedy?: string;
}

/** From this share of a quota on, a person should know. */
const QUOTA_WARNS_AT = 0.8;
/** So many denied actions are named; the rest is counted. */
const NAMED = 5;

/** Judges what was found, in the order of accounts, regions and clusters. */
export function evaluateDoctor(facts: DoctorFacts): DoctorCheck[] {
  return facts.accounts.flatMap((account) => {
    const home = account.account === facts.home.account;
    return [
      identity(account, facts, home),
      // Nobody can be asked for permissions where Slipway is not let in.
      ...(account.identity.ok ? [permissions(account, home)] : []),
      ...account.regions.flatMap((region) => [
        cloudTrail(account, region),
        eventPath(account, region, facts, home),
        clusterQuota(account, region),
        ...region.managed.flatMap((cluster) => [kubernetes(cluster), nodegroupQuota(cluster)]),
      ]),
    ];
  });
}

/** The worst of all: what fails, then what is unknown, then what should be looked at. */
export function overall(checks: readonly DoctorCheck[]): DoctorStatus {
  for (const status of ["fail", "unknown", "warn"] as const)
    if (checks.some((check) => check.status === status)) return status;
  return "ok";
}

const accountName = ({ account }: AccountFacts, home: boolean): string =>
  `account ${account}${home ? " (home)" : ""}`;
const placeName = ({ account }: AccountFacts, { region }: RegionFacts): string => `${account}/${region}`;

/** The check of a part that could not be read: not known is not fine, but it is not broken either. */
const unread = (
  code: string,
  subject: string,
  read: { readonly reason: string },
  remedy: string,
): DoctorCheck => ({
  code,
  status: "unknown",
  subject,
  evidence: read.reason,
  remedy,
});

function identity(account: AccountFacts, { home: { stage } }: DoctorFacts, home: boolean): DoctorCheck {
  const subject = accountName(account, home);
  const remedy = home
    ? "Deploy the stage again into the account that it was made for: npx sst deploy --stage STAGE."
    : `Deploy the stage with SLIPWAY_ORGANIZATION_ID and SLIPWAY_EXTERNAL_ID, and make the stack of managed-account/template.yaml in this account with the same values: role slipway-${stage}-managed (docs/deploy.md, step 8).`;
  const { identity: read } = account;
  if (!read.ok) return { code: "IDENTITY", status: "fail", subject, evidence: read.reason, remedy };
  if (read.value.account !== account.account)
    return {
      code: "IDENTITY",
      status: "fail",
      subject,
      evidence: `Slipway is ${read.value.arn}, of another account`,
      remedy,
    };
  return { code: "IDENTITY", status: "ok", subject, evidence: read.value.arn };
}

function permissions(account: AccountFacts, home: boolean): DoctorCheck {
  const subject = accountName(account, home);
  const again = home
    ? "Look for a service control policy or permissions boundary that denies them, then deploy the stage again."
    : "Update the managed-account stack from managed-account/template.yaml, and look for a service control policy or boundary that denies them.";
  const { permissions: read } = account;
  if (!read.ok)
    return unread(
      "PERMISSIONS",
      subject,
      read,
      "Let the doctor's role call iam:SimulatePrincipalPolicy on Slipway's roles.",
    );
  const { denied, conditional, simulated } = split(read.value);
  if (denied.length > 0)
    return {
      code: "PERMISSIONS",
      status: "fail",
      subject,
      evidence: `${denied.length} of ${simulated} simulated actions are denied: ${named(denied)}`,
      remedy: again,
    };
  if (conditional.length > 0)
    return {
      code: "PERMISSIONS",
      status: "warn",
      subject,
      evidence: `${simulated} simulated actions; ${conditional.length} depend on conditions that a simulation does not know: ${named(conditional)}`,
      remedy: "Nothing, unless an operation fails with AccessDenied for one of them.",
    };
  return {
    code: "PERMISSIONS",
    status: "ok",
    subject,
    evidence: `${simulated} simulated actions are allowed`,
  };
}

const split = ({ denied, simulated }: PermissionFacts) => ({
  simulated,
  denied: denied.filter(({ missing }) => missing.length === 0),
  conditional: denied.filter(({ missing }) => missing.length > 0),
});

const named = (denied: PermissionFacts["denied"]): string =>
  [
    ...denied.slice(0, NAMED).map(({ role, action, resource }) => `${action} on ${resource} for ${role}`),
    ...(denied.length > NAMED ? [`and ${denied.length - NAMED} more`] : []),
  ].join("; ");

function cloudTrail(account: AccountFacts, region: RegionFacts): DoctorCheck {
  const subject = placeName(account, region);
  if (!region.trails.ok)
    return unread(
      "CLOUDTRAIL",
      subject,
      region.trails,
      "Let Slipway's role call cloudtrail:DescribeTrails and cloudtrail:GetTrailStatus.",
    );
  const trails = region.trails.value;
  const logging = trails.filter((trail) => trail.logging);
  const [failing] = logging.filter((trail) => trail.deliveryError !== undefined);
  if (logging.length === 0)
    return {
      code: "CLOUDTRAIL",
      status: "fail",
      subject,
      evidence:
        trails.length === 0
          ? "no trail covers this region"
          : `no trail logs: ${trails.map(({ name }) => name).join(", ")}`,
      remedy:
        "Turn on a trail with management events for this region; EventBridge tells of EKS changes only then. Until then drift is found by the sweep.",
    };
  if (failing && failing.deliveryError !== undefined)
    return {
      code: "CLOUDTRAIL",
      status: "warn",
      subject,
      evidence: `trail ${failing.name} logs, but cannot deliver to its bucket: ${failing.deliveryError}`,
      remedy: "Mend the bucket's policy; events reach EventBridge nevertheless.",
    };
  return {
    code: "CLOUDTRAIL",
    status: "ok",
    subject,
    evidence: `${logging.map(({ name }) => name).join(", ")} logs`,
  };
}

function eventPath(
  account: AccountFacts,
  region: RegionFacts,
  { home: { stage } }: DoctorFacts,
  home: boolean,
): DoctorCheck {
  const subject = placeName(account, region);
  const { eventPath: read } = region;
  if (!read.ok)
    return unread(
      "EVENT_PATH",
      subject,
      read,
      "Let Slipway's role put events of the source slipway.doctor on the default bus.",
    );
  const { arrivedMs, waitedMs } = read.value;
  if (arrivedMs !== undefined)
    return {
      code: "EVENT_PATH",
      status: "ok",
      subject,
      evidence: `a probe event was in the store after ${(arrivedMs / 1000).toFixed(1)} s`,
    };
  return {
    code: "EVENT_PATH",
    status: "fail",
    subject,
    evidence: `a probe event put on the default bus was not in the store after ${Math.round(waitedMs / 1000)} s`,
    remedy: home
      ? `Look at the rule slipway-${stage}-doctor-probe, its dead-letter queue, and the log of slipway-${stage}-on-doctor-probe.`
      : "Look at the rules of the managed-account stack, and at the policy of the central bus: it has to allow events:PutEvents to the organisation (docs/deploy.md).",
  };
}

function quota(
  code: string,
  subject: string,
  what: string,
  count: Read<number>,
  { value, source, reason }: QuotaValue,
  needed: number,
  remedy: string,
): DoctorCheck {
  if (!count.ok) return unread(code, subject, count, `Let Slipway's role list them: ${what}.`);
  const limit = `${value}${source === "default" ? ` (AWS's default; the quota itself could not be read: ${reason ?? "no reason given"})` : ""}`;
  const evidence = `${count.value} of ${limit} ${what}`;
  if (count.value + needed > value) return { code, status: "fail", subject, evidence, remedy };
  if (count.value >= value * QUOTA_WARNS_AT) return { code, status: "warn", subject, evidence, remedy };
  return { code, status: "ok", subject, evidence };
}

const clusterQuota = (account: AccountFacts, region: RegionFacts): DoctorCheck =>
  quota(
    "QUOTA_CLUSTERS",
    placeName(account, region),
    "clusters in the region",
    region.clusters.count,
    region.clusters.quota,
    1,
    "Ask Service Quotas for more clusters (eks, L-1194D53C) before you create the next one.",
  );

/** Blue/green needs room for the green group beside all others. */
const nodegroupQuota = ({ ref, nodegroups }: ClusterAccessFacts): DoctorCheck =>
  quota(
    "QUOTA_NODEGROUPS",
    clusterKey(ref),
    "managed node groups",
    nodegroups.count,
    nodegroups.quota,
    1,
    "Ask Service Quotas for more node groups per cluster (eks, L-6D54EA21): a rotation makes the new group beside the old one.",
  );

function kubernetes({ ref, access }: ClusterAccessFacts): DoctorCheck {
  const subject = clusterKey(ref);
  if (!access.ok)
    return unread(
      "KUBERNETES_ACCESS",
      subject,
      access,
      "Look at the cluster's endpoint access (a private endpoint needs the VPC option of docs/deploy.md) and its access entries (docs/access.md).",
    );
  const refused = access.value.filter((answer) => !answer.allowed);
  if (refused.length > 0)
    return {
      code: "KUBERNETES_ACCESS",
      status: "fail",
      subject,
      evidence: `not allowed: ${refused.map(({ question }) => question).join(", ")}`,
      remedy: "Apply the access entries and the ClusterRole of docs/access.md.",
    };
  return {
    code: "KUBERNETES_ACCESS",
    status: "ok",
    subject,
    evidence: `allowed: ${access.value.map(({ question }) => question).join(", ")}`,
  };
}
