import type { ClusterConfig } from "../cluster-config/schema.ts";
import type { Finding } from "../operation/types.ts";
import { hasNvidia } from "./group-settings.ts";

/** What a plan tells people of a file before its cluster is made: what they have to do themselves, what is open. */
export function provisionFindings(config: ClusterConfig, version: string): Finding[] {
  return [
    ...flux(config),
    ...karpenter(config),
    ...softwareOfPolicies(config),
    ...ssh(config),
    ...privateEndpoint(config),
    ...repairAgent(config),
    ...gpus(config),
    ...administrators(config),
    ...amazonLinux2(config, version),
    ...remoteNetworks(config),
  ];
}

const finding = (
  code: string,
  severity: Finding["severity"],
  subject: string,
  evidence: string,
  remedy: string,
): Finding => ({ code, severity, subject, evidence, remedy });

/** An argument of a command line, quoted where the shell would read it otherwise. */
const argument = (text: string): string =>
  /^[\w./:@,=+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

function flux({ gitops }: ClusterConfig): Finding[] {
  if (!gitops?.flux) return [];
  const { gitProvider, flags } = gitops.flux;
  const given = Object.entries(flags).map(([name, value]) => `--${name}=${argument(value)}`);
  return [
    finding(
      "FLUX_NOT_INSTALLED",
      "warn",
      "gitops.flux",
      "Slipway makes the cluster and does not install Flux: it would need your token for the repository",
      `When the cluster is there: flux bootstrap ${gitProvider} ${given.join(" ")}. Or use the capability ARGOCD.`,
    ),
  ];
}

function karpenter({ karpenter: wanted, metadata }: ClusterConfig): Finding[] {
  if (!wanted) return [];
  return [
    finding(
      "KARPENTER_NOT_INSTALLED",
      "warn",
      "karpenter",
      `Slipway makes the cluster and does not install Karpenter ${wanted.version}, its roles or its queue`,
      `When the cluster is there, make Karpenter's roles as its guide says and run: helm install karpenter oci://public.ecr.aws/karpenter/karpenter --version ${wanted.version.replace(/^v/, "")} --namespace kube-system --set settings.clusterName=${metadata.name}. Or let EKS run it: autoModeConfig.enabled.`,
    ),
  ];
}

/** Switches whose permissions are there for software that people install themselves. */
const SOFTWARE: Readonly<Record<string, string>> = {
  albIngress: "AWS Load Balancer Controller",
  awsLoadBalancerController: "AWS Load Balancer Controller",
  autoScaler: "Cluster Autoscaler",
  certManager: "cert-manager",
  externalDNS: "ExternalDNS",
};

function softwareOfPolicies(config: ClusterConfig): Finding[] {
  const switches = [
    ...[...(config.managedNodeGroups ?? []), ...(config.nodeGroups ?? [])].map(
      (group) => group.iam?.withAddonPolicies,
    ),
    ...(config.iam?.serviceAccounts ?? []).map((account) => account.wellKnownPolicies),
    ...(config.iam?.podIdentityAssociations ?? []).map((association) => association.wellKnownPolicies),
  ];
  const names = new Set(
    switches.flatMap((on) =>
      Object.entries(on ?? {}).flatMap(([name, value]) => (value ? (SOFTWARE[name] ?? []) : [])),
    ),
  );
  return [...names].map((name) =>
    finding(
      "SOFTWARE_NOT_INSTALLED",
      "info",
      name,
      `the file gives permissions for ${name}; Slipway grants them and does not install it`,
      `Install ${name} when the cluster is there.`,
    ),
  );
}

function ssh(config: ClusterConfig): Finding[] {
  return [...(config.managedNodeGroups ?? []), ...(config.nodeGroups ?? [])]
    .filter((group) => group.ssh?.allow)
    .flatMap((group) => [
      ...(group.ssh?.sourceSecurityGroupIds?.length
        ? []
        : [
            finding(
              "SSH_OPEN",
              "warn",
              `nodegroup ${group.name}`,
              "ssh.allow without sourceSecurityGroupIds opens port 22 to every address that reaches the nodes",
              "Give ssh.sourceSecurityGroupIds, or use Session Manager (ssh.enableSsm).",
            ),
          ]),
      ...(group.ssh?.publicKeyName || group.ssh?.publicKey
        ? []
        : [
            finding(
              "SSH_WITHOUT_KEY",
              "warn",
              `nodegroup ${group.name}`,
              "ssh.allow without a key: nobody's key is on the nodes",
              "Give ssh.publicKeyName or ssh.publicKey; eksctl would take ~/.ssh/id_rsa.pub from where it runs.",
            ),
          ]),
    ]);
}

function privateEndpoint(config: ClusterConfig): Finding[] {
  const closed =
    config.vpc?.clusterEndpoints?.publicAccess === false || config.privateCluster?.enabled === true;
  if (!closed) return [];
  return [
    finding(
      "PRIVATE_ENDPOINT",
      "info",
      `cluster ${config.metadata.name}`,
      "the Kubernetes API answers inside the VPC only",
      "Slipway's functions that use it must run in that VPC or one connected to it (docs/access.md).",
    ),
  ];
}

function repairAgent(config: ClusterConfig): Finding[] {
  const repaired = (config.managedNodeGroups ?? []).filter((group) => group.nodeRepairConfig?.enabled);
  const agent = (config.addons ?? []).some((addon) => addon.name === "eks-node-monitoring-agent");
  if (repaired.length === 0 || agent) return [];
  return [
    finding(
      "NODE_MONITORING_AGENT_MISSING",
      "warn",
      repaired.map((group) => `nodegroup ${group.name}`).join(", "),
      "node repair is on; without the add-on eks-node-monitoring-agent EKS sees only what the kubelet reports",
      "Add eks-node-monitoring-agent to addons.",
    ),
  ];
}

function gpus(config: ClusterConfig): Finding[] {
  return [...(config.managedNodeGroups ?? []), ...(config.nodeGroups ?? [])]
    .filter((group) => hasNvidia(group) && group.amiFamily !== "Bottlerocket")
    .map((group) =>
      finding(
        "DEVICE_PLUGIN_NOT_INSTALLED",
        "info",
        `nodegroup ${group.name}`,
        "its machines have NVIDIA cards, which pods can ask for only with the device plugin; the image has the driver alone",
        "Install the NVIDIA device plugin when the cluster is there.",
      ),
    );
}

function administrators({ iamIdentityMappings = [] }: ClusterConfig): Finding[] {
  return iamIdentityMappings.map((mapping) =>
    finding(
      "IDENTITY_MAPPING_BECOMES_ENTRY",
      "info",
      mapping.arn,
      `the aws-auth mapping becomes an access entry${mapping.groups?.includes("system:masters") ? " with AmazonEKSClusterAdminPolicy" : ""}`,
      "Move it to accessConfig.accessEntries.",
    ),
  );
}

function amazonLinux2(config: ClusterConfig, version: string): Finding[] {
  return [...(config.managedNodeGroups ?? []), ...(config.nodeGroups ?? [])]
    .filter((group) => group.amiFamily === "AmazonLinux2")
    .map((group) =>
      finding(
        "AMAZON_LINUX_2",
        "warn",
        `nodegroup ${group.name}`,
        `Amazon Linux 2 ended on 2026-06-30, and EKS's images of it on 2025-11-26; whether its image works with Kubernetes ${version} is yours to know`,
        "Use AmazonLinux2023.",
      ),
    );
}

function remoteNetworks(config: ClusterConfig): Finding[] {
  if (!config.remoteNetworkConfig || !(config.vpc?.id || config.vpc?.subnets)) return [];
  return [
    finding(
      "REMOTE_ROUTES",
      "warn",
      "remoteNetworkConfig.vpcGatewayID",
      "the VPC is not Slipway's: its route tables are left as they are",
      `Route the remote networks to ${config.remoteNetworkConfig.vpcGatewayID} yourself.`,
    ),
  ];
}
