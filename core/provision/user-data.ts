import { stringify } from "yaml";
import type { AmiFamily } from "../cluster-config/ami-type.ts";
import { renderToml } from "./toml.ts";

/** What a machine must know of its cluster to join it. */
export interface ClusterConnection {
  readonly name: string;
  readonly endpoint: string;
  /** Base64, as DescribeCluster has it. */
  readonly certificateAuthority: string;
  /** Of services: `172.20.0.0/16`. */
  readonly serviceCidr: string;
  readonly ipv6: boolean;
}

export interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: string;
}

export interface UserDataRequest {
  readonly family: AmiFamily;
  readonly cluster: ClusterConnection;
  /**
   * `complete`: the machine joins by this alone. `addition`: EKS puts its own part beside it (managed groups on
   * EKS's images), so that only what the file adds is here.
   */
  readonly mode: "complete" | "addition";
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly maxPods?: number | undefined;
  readonly clusterDns?: string | undefined;
  readonly kubeletConfig?: Readonly<Record<string, unknown>> | undefined;
  readonly preCommands: readonly string[];
  readonly overrideCommand?: string | undefined;
  readonly bottlerocket?:
    | {
        readonly enableAdminContainer?: boolean | undefined;
        readonly settings?: Readonly<Record<string, unknown>> | undefined;
      }
    | undefined;
  readonly ssh: boolean;
  readonly efa: boolean;
}

/** User data as plain text, in the form that the family's images read; undefined when there is nothing to say. */
export function userData(request: UserDataRequest): string | undefined {
  const { family } = request;
  if (family.startsWith("Windows")) return windows(request);
  if (family.startsWith("Bottlerocket")) return bottlerocket(request);
  return family === "AmazonLinux2" ? amazonLinux2(request) : amazonLinux2023(request);
}

const labelList = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");

const taintList = (taints: readonly Taint[]): string =>
  taints.map(({ key, value = "", effect }) => `${key}=${value}:${effect}`).join(",");

const kubeletFlags = ({ labels, taints }: UserDataRequest): string[] => [
  ...(Object.keys(labels).length > 0 ? [`--node-labels=${labelList(labels)}`] : []),
  ...(taints.length > 0 ? [`--register-with-taints=${taintList(taints)}`] : []),
];

/** The MIME document in which cloud-init takes several parts. */
const BOUNDARY = "==SLIPWAY==";
function mime(parts: readonly { type: string; body: string }[]): string {
  return [
    "MIME-Version: 1.0",
    `Content-Type: multipart/mixed; boundary="${BOUNDARY}"`,
    "",
    ...parts.flatMap(({ type, body }) => [
      `--${BOUNDARY}`,
      `Content-Type: ${type}`,
      "",
      body.endsWith("\n") ? body.slice(0, -1) : body,
      "",
    ]),
    `--${BOUNDARY}--`,
    "",
  ].join("\n");
}

const SHELL = 'text/x-shellscript; charset="us-ascii"';
const script = (command: string): { type: string; body: string } => ({
  type: SHELL,
  body: command.startsWith("#!") ? command : `#!/bin/bash\n${command}`,
});

const EFA_DRIVER = [
  "#!/bin/bash",
  "set -euo pipefail",
  "curl -fsSL https://efa-installer.amazonaws.com/aws-efa-installer-latest.tar.gz | tar -xz -C /tmp",
  "cd /tmp/aws-efa-installer && ./efa_installer.sh -y --minimal",
].join("\n");

/** nodeadm's NodeConfig, beside scripts. */
function amazonLinux2023(request: UserDataRequest): string | undefined {
  const { cluster, mode, maxPods, clusterDns, kubeletConfig, overrideCommand } = request;
  const config = {
    ...kubeletConfig,
    ...(maxPods === undefined ? {} : { maxPods }),
    ...(clusterDns === undefined ? {} : { clusterDNS: [clusterDns] }),
  };
  const flags = mode === "complete" ? kubeletFlags(request) : [];
  const kubelet = {
    ...(Object.keys(config).length > 0 ? { config } : {}),
    ...(flags.length > 0 ? { flags } : {}),
  };
  const spec = {
    ...(mode === "complete"
      ? {
          cluster: {
            name: cluster.name,
            apiServerEndpoint: cluster.endpoint,
            certificateAuthority: cluster.certificateAuthority,
            cidr: cluster.serviceCidr,
          },
        }
      : {}),
    ...(Object.keys(kubelet).length > 0 ? { kubelet } : {}),
  };
  const own = overrideCommand?.includes("node.eks.aws/")
    ? { type: "application/node.eks.aws", body: overrideCommand }
    : overrideCommand === undefined
      ? undefined
      : script(overrideCommand);
  const nodeConfig = {
    type: "application/node.eks.aws",
    body: stringify({ apiVersion: "node.eks.aws/v1alpha1", kind: "NodeConfig", spec }, { lineWidth: 0 }),
  };
  const parts = [
    ...(request.efa ? [{ type: SHELL, body: EFA_DRIVER }] : []),
    ...request.preCommands.map(script),
    ...(own ? [own] : Object.keys(spec).length > 0 ? [nodeConfig] : []),
  ];
  return parts.length === 0 ? undefined : mime(parts);
}

/** bootstrap.sh; a file's own command finds what it needs in variables, as with eksctl. */
function amazonLinux2(request: UserDataRequest): string | undefined {
  const { cluster, mode, maxPods, clusterDns, overrideCommand, preCommands } = request;
  const flags = [...kubeletFlags(request), ...(maxPods === undefined ? [] : [`--max-pods=${maxPods}`])];
  const setup = request.efa ? [EFA_DRIVER] : [];
  if (mode === "addition" && overrideCommand === undefined) {
    const parts = [...setup, ...preCommands].map(script);
    return parts.length === 0 ? undefined : mime(parts);
  }
  const variables = [
    `export CLUSTER_NAME='${cluster.name}'`,
    `export API_SERVER_URL='${cluster.endpoint}'`,
    `export B64_CLUSTER_CA='${cluster.certificateAuthority}'`,
    `export NODE_LABELS='${labelList(request.labels)}'`,
    `export NODE_TAINTS='${taintList(request.taints)}'`,
  ];
  const bootstrap = [
    "/etc/eks/bootstrap.sh",
    `'${cluster.name}'`,
    `--apiserver-endpoint '${cluster.endpoint}'`,
    `--b64-cluster-ca '${cluster.certificateAuthority}'`,
    ...(clusterDns ? [`--dns-cluster-ip '${clusterDns}'`] : []),
    ...(maxPods === undefined ? [] : ["--use-max-pods false"]),
    ...(flags.length > 0 ? [`--kubelet-extra-args '${flags.join(" ")}'`] : []),
  ].join(" ");
  return mime([
    ...[...setup, ...preCommands].map(script),
    {
      type: SHELL,
      body: ["#!/bin/bash", "set -e", ...variables, withoutShebang(overrideCommand ?? bootstrap)].join("\n"),
    },
  ]);
}

const withoutShebang = (command: string): string => command.replace(/^#![^\n]*\n/, "");

/** Settings as TOML. The file's own win, except over what makes the machine join. */
function bottlerocket(request: UserDataRequest): string | undefined {
  const { cluster, mode, maxPods, clusterDns, labels, taints, ssh } = request;
  const own = request.bottlerocket?.settings ?? {};
  const admin = request.bottlerocket?.enableAdminContainer ?? ssh;
  const byKey = Map.groupBy(taints, (taint) => taint.key);
  const join = {
    "cluster-name": cluster.name,
    "api-server": cluster.endpoint,
    "cluster-certificate": cluster.certificateAuthority,
    ...(Object.keys(labels).length > 0 ? { "node-labels": labels } : {}),
    ...(byKey.size > 0
      ? {
          "node-taints": Object.fromEntries(
            [...byKey].map(([key, list]) => [key, list.map((t) => `${t.value ?? ""}:${t.effect}`)]),
          ),
        }
      : {}),
  };
  const settings = deepMerge(own, {
    kubernetes: {
      ...(mode === "complete" ? join : {}),
      ...(maxPods === undefined ? {} : { "max-pods": maxPods }),
      ...(clusterDns === undefined ? {} : { "cluster-dns-ip": clusterDns }),
    },
    ...(admin || request.bottlerocket?.enableAdminContainer !== undefined
      ? { "host-containers": { admin: { enabled: admin } } }
      : {}),
  });
  const text = renderToml({ settings });
  return text.trim() === "" ? undefined : text;
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function deepMerge(
  below: Readonly<Record<string, unknown>>,
  above: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const present = result[key];
    result[key] = isTable(present) && isTable(value) ? deepMerge(present, value) : value;
  }
  return result;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** PowerShell around Start-EKSBootstrap.ps1; a file's own command finds the same variables, as with eksctl. */
function windows(request: UserDataRequest): string | undefined {
  const { cluster, mode, maxPods, clusterDns, overrideCommand, preCommands } = request;
  if (mode === "addition" && overrideCommand === undefined)
    return preCommands.length === 0 ? undefined : powershell(preCommands);
  const flags = [...kubeletFlags(request), ...(maxPods === undefined ? [] : [`--max-pods=${maxPods}`])];
  return powershell([
    '[string]$EKSBootstrapScriptFile = "$env:ProgramFiles\\Amazon\\EKS\\Start-EKSBootstrap.ps1"',
    `[string]$EKSClusterName = ${quoted(cluster.name)}`,
    `[string]$APIServerEndpoint = ${quoted(cluster.endpoint)}`,
    `[string]$Base64ClusterCA = ${quoted(cluster.certificateAuthority)}`,
    `[string]$ServiceCIDR = ${quoted(cluster.serviceCidr)}`,
    `[string]$KubeletExtraArgs = ${quoted(flags.join(" "))}`,
    ...preCommands,
    overrideCommand ??
      [
        "& $EKSBootstrapScriptFile -EKSClusterName $EKSClusterName -APIServerEndpoint $APIServerEndpoint",
        "-Base64ClusterCA $Base64ClusterCA -ServiceCIDR $ServiceCIDR",
        ...(clusterDns ? [`-DNSClusterIP ${quoted(clusterDns)}`] : []),
        "-KubeletExtraArgs $KubeletExtraArgs 3>&1 4>&1 5>&1 6>&1",
      ].join(" "),
  ]);
}

const powershell = (lines: readonly string[]): string =>
  ["<powershell>", ...lines, "</powershell>", ""].join("\n");
