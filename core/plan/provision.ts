import { byUpdateOrder, chooseAddon } from "../addons/resolve.ts";
import { sizesOf } from "../cluster-config/defaults.ts";
import {
  type DesiredAddon,
  desiredAddons,
  desiredLogTypes,
  desiredNodegroup,
  ownRoles,
  ownVpc,
} from "../cluster-config/desired.ts";
import type { ClusterConfig } from "../cluster-config/schema.ts";
import type { ClusterRef } from "../cluster-ref.ts";
import { type InputProblem, InvalidInputError } from "../errors.ts";
import type { Plan, PlanStep } from "../operation/types.ts";
import { type AutomationPolicy, defaultPolicy } from "../policy/schema.ts";
import { provisionFindings } from "../provision/findings.ts";
import { needsIdentity } from "../provision/stack.ts";
import type { AddonRelease, VersionFacts } from "../snapshot.ts";
import { compareVersions } from "../versions/version.ts";
import { SECONDS } from "./estimate.ts";
import { finishPlan, phase, verifyStep } from "./steps.ts";

export interface ProvisionRequest {
  readonly config: ClusterConfig;
  readonly ref: ClusterRef;
  readonly versions: readonly VersionFacts[];
  readonly addonCatalogue: readonly AddonRelease[];
  readonly policy?: AutomationPolicy;
}

/** Nodes need these to become Ready; they run as daemon sets and are active without any node. */
const BEFORE_NODES: ReadonlySet<string> = new Set(["vpc-cni", "kube-proxy", "eks-pod-identity-agent"]);

/**
 * Plans the creation of a cluster: roles and VPC where the file names none, the cluster, identities, the add-ons
 * that nodes need, node groups, Fargate profiles, the other add-ons (coredns without nodes would be DEGRADED),
 * identity providers, capabilities, logging, verify.
 *
 * Throws InvalidInputError for a version that EKS does not offer and add-on versions that do not work with it.
 */
export function planProvision(request: ProvisionRequest): Plan {
  const { config, ref, versions, addonCatalogue, policy = defaultPolicy } = request;
  const problems: InputProblem[] = [];
  const version = chooseVersion(config, versions, problems);
  // What add-ons there are for a version that does not exist would only hide the reason.
  if (problems.length > 0) throw new InvalidInputError(problems, "ClusterConfig");
  const addonStep = (addon: DesiredAddon): PlanStep => {
    const exact = addon.version !== undefined && addon.version !== "latest" && addon.version !== "default";
    const to = chooseAddon({
      addon: addon.name,
      target: version,
      catalogue: addonCatalogue,
      prefer:
        exact || addon.version === undefined ? policy.addons.prefer : (addon.version as "latest" | "default"),
      ...(exact ? { want: releaseOf(addon, addonCatalogue) } : {}),
    });
    if (to === undefined) problems.push(noVersion(config, addon, version, addonCatalogue));
    return {
      id: `provision/addon/${addon.name}`,
      kind: "addon",
      title: `Install ${addon.name}${to ? ` ${to}` : ""}`,
      target: addon.name,
      ...(to ? { to } : {}),
      expectedSeconds: SECONDS.addon,
    };
  };
  const addons = desiredAddons(config).toSorted((a, b) => byUpdateOrder(a.name, b.name));
  const groups = (config.managedNodeGroups ?? []).map(desiredNodegroup);
  const step = (kind: PlanStep["kind"], title: string, expectedSeconds: number): PlanStep => ({
    id: `provision/${kind}`,
    kind,
    title,
    expectedSeconds,
  });
  const named = (
    kind: PlanStep["kind"],
    target: string,
    title: string,
    expectedSeconds: number,
  ): PlanStep => ({ id: `provision/${kind}/${target}`, kind, title, target, expectedSeconds });
  const steps: PlanStep[] = [
    ...(ownRoles(config) ? [step("roles", "Create the IAM roles", SECONDS.roles)] : []),
    ...(ownVpc(config) ? [step("vpc", "Create the VPC and its subnets", SECONDS.vpc)] : []),
    {
      ...step("cluster", `Create the cluster ${ref.name} on ${version}`, SECONDS.createCluster),
      to: version,
    },
    ...(needsIdentity(config)
      ? [step("identity", "Create the OIDC provider and the roles of service accounts", SECONDS.identity)]
      : []),
    ...((config.iam?.podIdentityAssociations ?? []).length > 0
      ? [step("pod-identity", "Associate roles with service accounts", SECONDS.podIdentity)]
      : []),
    ...addons.filter((addon) => BEFORE_NODES.has(addon.name)).map(addonStep),
    ...groups.map(
      (group): PlanStep => ({
        id: `provision/nodegroup/${group.name}`,
        kind: "nodegroup",
        title: `Create ${group.name} with ${group.desiredSize} node${group.desiredSize === 1 ? "" : "s"}`,
        target: group.name,
        to: version,
        expectedSeconds: SECONDS.greenBase + SECONDS.greenPerNode * group.desiredSize,
        nodes: group.desiredSize,
      }),
    ),
    ...(config.nodeGroups ?? []).map((group): PlanStep => {
      const { desiredSize } = sizesOf(group);
      return {
        id: `provision/self-managed/${group.name}`,
        kind: "self-managed",
        title: `Create ${group.name} with ${desiredSize} node${desiredSize === 1 ? "" : "s"}, self-managed`,
        target: group.name,
        to: version,
        expectedSeconds: SECONDS.groupStack + SECONDS.greenPerNode * desiredSize,
        nodes: desiredSize,
      };
    }),
    ...(config.fargateProfiles ?? []).map(({ name }) =>
      named("fargate", name, `Create the Fargate profile ${name}`, SECONDS.fargateProfile),
    ),
    ...addons.filter((addon) => !BEFORE_NODES.has(addon.name)).map(addonStep),
    ...(config.identityProviders ?? []).map(({ name }) =>
      named("identity-provider", name, `Associate the identity provider ${name}`, SECONDS.identityProvider),
    ),
    ...(config.capabilities ?? []).map(({ name, type }) =>
      named("capability", name, `Create the capability ${name} (${type})`, SECONDS.capability),
    ),
    ...(desiredLogTypes(config).length > 0 ||
    config.cloudWatch?.clusterLogging?.logRetentionInDays !== undefined
      ? [step("logging", "Turn control-plane logs on", SECONDS.logging)]
      : []),
    verifyStep("provision", `Verify the cluster ${ref.name}`),
  ];
  if (problems.length > 0) throw new InvalidInputError(problems, "ClusterConfig");
  return finishPlan(
    {
      type: "provision-cluster",
      cluster: ref,
      toVersion: version,
      phases: [phase("provision", version, steps)],
      findings: provisionFindings(config, version),
    },
    policy,
    [],
  );
}

/** eksctl takes `1.19.0` too, for the newest build of it. */
function releaseOf(addon: DesiredAddon, catalogue: readonly AddonRelease[]): string {
  const wanted = `v${(addon.version ?? "").replace(/^v/, "")}`;
  if (wanted.includes("-")) return wanted;
  const builds = catalogue
    .filter((release) => release.addon === addon.name && release.version.startsWith(`${wanted}-`))
    .map((release) => release.version);
  return builds.toSorted(compareVersions).at(-1) ?? wanted;
}

function chooseVersion(
  config: ClusterConfig,
  versions: readonly VersionFacts[],
  problems: InputProblem[],
): string {
  const offered = versions
    .filter((facts) => facts.status !== "UNSUPPORTED")
    .toSorted((a, b) => compareVersions(a.version, b.version));
  const wanted = config.metadata.version;
  const names = offered.map((facts) => facts.version);
  if (wanted === undefined) {
    const version = (offered.find((facts) => facts.defaultVersion) ?? offered.at(-1))?.version;
    if (version !== undefined) return version;
    problems.push({ field: "metadata.version", message: "EKS names no default version; set one" });
    return "1.0";
  }
  if (!names.includes(wanted)) {
    problems.push({
      field: "metadata.version",
      message: `EKS does not offer Kubernetes ${wanted}; it offers ${names.join(", ") || "none"}`,
      remedy: `Choose one of ${names.join(", ")}.`,
    });
  }
  return wanted;
}

function noVersion(
  config: ClusterConfig,
  addon: DesiredAddon,
  version: string,
  catalogue: readonly AddonRelease[],
): InputProblem {
  const index = (config.addons ?? []).findIndex((candidate) => candidate.name === addon.name);
  const field = index < 0 ? "addons" : `addons[${index}]`;
  const known = catalogue.filter((release) => release.addon === addon.name);
  const fitting = known
    .filter((release) => release.compatibilities.some((c) => c.clusterVersion === version))
    .map((release) => release.version);
  if (known.length === 0) return { field: `${field}.name`, message: `EKS has no add-on "${addon.name}"` };
  return {
    field: `${field}.version`,
    message: `${addon.name} ${addon.version ?? ""} does not work with Kubernetes ${version}`.replace(
      "  ",
      " ",
    ),
    remedy:
      fitting.length > 0
        ? `Choose one of ${fitting.join(", ")}.`
        : `EKS offers ${addon.name} for other versions only.`,
  };
}
