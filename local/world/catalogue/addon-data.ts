/**
 * Releases of the EKS add-ons, newest first. Compatibility is a range of Kubernetes minors; where a minor has
 * no default of its own here, the newest release that supports it is EKS's default for it.
 *
 * Real releases up to early 2026; what came later continues their numbering.
 */
export interface AddonReleaseData {
  readonly version: string;
  /** First and last Kubernetes minor that it supports: 31 to 36. */
  readonly from: number;
  readonly to: number;
  /** Minors whose default this release is. */
  readonly defaultFor?: readonly number[];
}

export interface AddonData {
  readonly name: string;
  readonly type: string;
  readonly namespace: string;
  readonly architecture: readonly string[];
  readonly computeTypes: readonly string[];
  readonly requiresIamPermissions: boolean;
  /** Service accounts that a pod identity association may be made for, with the policy EKS recommends. */
  readonly podIdentity?: readonly { readonly serviceAccount: string; readonly policies: readonly string[] }[];
  readonly releases: readonly AddonReleaseData[];
}

const release = (
  version: string,
  from: number,
  to: number,
  ...defaultFor: readonly number[]
): AddonReleaseData => ({
  version,
  from,
  to,
  ...(defaultFor.length > 0 ? { defaultFor } : {}),
});

const EVERY_ARCHITECTURE = ["amd64", "arm64"];
const LINUX_NODES = ["ec2", "hybrid"];
const policy = (name: string): string => `arn:aws:iam::aws:policy/${name}`;

/** kube-proxy works with its own minor and up to three later ones (Kubernetes' version skew policy). */
const kubeProxy = (minor: number, ...versions: readonly string[]): AddonReleaseData[] =>
  versions.map((version, index) =>
    release(
      version,
      minor,
      Math.min(36, minor + 3),
      ...(index === Math.min(1, versions.length - 1) ? [minor] : []),
    ),
  );

export const addonData: readonly AddonData[] = [
  {
    name: "vpc-cni",
    type: "networking",
    namespace: "kube-system",
    architecture: EVERY_ARCHITECTURE,
    computeTypes: ["ec2"],
    requiresIamPermissions: true,
    podIdentity: [{ serviceAccount: "aws-node", policies: [policy("AmazonEKS_CNI_Policy")] }],
    releases: [
      release("v1.22.2-eksbuild.1", 32, 36),
      release("v1.22.1-eksbuild.1", 32, 36, 36),
      release("v1.22.0-eksbuild.1", 32, 36),
      release("v1.21.2-eksbuild.1", 31, 36),
      release("v1.21.1-eksbuild.7", 31, 36, 35),
      release("v1.21.1-eksbuild.1", 31, 35),
      release("v1.20.5-eksbuild.1", 31, 35),
      release("v1.20.4-eksbuild.2", 31, 35, 34),
      release("v1.20.1-eksbuild.3", 31, 34),
      release("v1.19.6-eksbuild.7", 31, 34),
      release("v1.19.5-eksbuild.1", 31, 34, 33),
      release("v1.19.2-eksbuild.5", 31, 34, 32),
      release("v1.19.0-eksbuild.1", 31, 33),
      release("v1.18.6-eksbuild.1", 31, 32, 31),
      release("v1.18.5-eksbuild.1", 31, 32),
    ],
  },
  {
    name: "coredns",
    type: "networking",
    namespace: "kube-system",
    architecture: EVERY_ARCHITECTURE,
    computeTypes: ["ec2", "fargate", "hybrid"],
    requiresIamPermissions: false,
    releases: [
      release("v1.14.2-eksbuild.1", 34, 36),
      release("v1.14.1-eksbuild.2", 34, 36, 36),
      release("v1.13.2-eksbuild.4", 33, 36),
      release("v1.13.2-eksbuild.1", 33, 36, 35),
      release("v1.13.1-eksbuild.1", 33, 35),
      release("v1.12.4-eksbuild.1", 32, 35),
      release("v1.12.3-eksbuild.1", 32, 35, 34),
      release("v1.12.1-eksbuild.2", 32, 34, 33),
      release("v1.11.4-eksbuild.24", 31, 34),
      release("v1.11.4-eksbuild.2", 31, 33, 32),
      release("v1.11.3-eksbuild.1", 31, 32, 31),
    ],
  },
  {
    name: "kube-proxy",
    type: "networking",
    namespace: "kube-system",
    architecture: EVERY_ARCHITECTURE,
    computeTypes: LINUX_NODES,
    requiresIamPermissions: false,
    releases: [
      ...kubeProxy(36, "v1.36.3-eksbuild.2", "v1.36.2-eksbuild.1", "v1.36.0-eksbuild.2"),
      ...kubeProxy(35, "v1.35.6-eksbuild.2", "v1.35.3-eksbuild.5", "v1.35.0-eksbuild.2"),
      ...kubeProxy(34, "v1.34.9-eksbuild.2", "v1.34.6-eksbuild.2", "v1.34.0-eksbuild.2"),
      ...kubeProxy(
        33,
        "v1.33.12-eksbuild.2",
        "v1.33.10-eksbuild.2",
        "v1.33.3-eksbuild.4",
        "v1.33.0-eksbuild.2",
      ),
      ...kubeProxy(32, "v1.32.13-eksbuild.5", "v1.32.11-eksbuild.2", "v1.32.0-eksbuild.2"),
      ...kubeProxy(31, "v1.31.14-eksbuild.9", "v1.31.10-eksbuild.12", "v1.31.2-eksbuild.3"),
    ],
  },
  {
    name: "aws-ebs-csi-driver",
    type: "storage",
    namespace: "kube-system",
    architecture: EVERY_ARCHITECTURE,
    computeTypes: ["ec2"],
    requiresIamPermissions: true,
    podIdentity: [
      {
        serviceAccount: "ebs-csi-controller-sa",
        policies: [policy("service-role/AmazonEBSCSIDriverPolicy")],
      },
    ],
    releases: [
      release("v1.62.0-eksbuild.1", 31, 36, 31, 32, 33, 34, 35, 36),
      release("v1.59.0-eksbuild.1", 31, 36),
      release("v1.54.0-eksbuild.1", 31, 35),
      release("v1.48.0-eksbuild.2", 31, 34),
      release("v1.44.0-eksbuild.1", 31, 33),
    ],
  },
  {
    name: "aws-efs-csi-driver",
    type: "storage",
    namespace: "kube-system",
    architecture: EVERY_ARCHITECTURE,
    computeTypes: ["ec2"],
    requiresIamPermissions: true,
    podIdentity: [
      {
        serviceAccount: "efs-csi-controller-sa",
        policies: [policy("service-role/AmazonEFSCSIDriverPolicy")],
      },
    ],
    releases: [
      release("v3.3.0-eksbuild.1", 32, 36),
      release("v3.0.1-eksbuild.1", 31, 36, 31, 32, 33, 34, 35, 36),
      release("v2.1.15-eksbuild.1", 31, 35),
      release("v2.1.9-eksbuild.1", 31, 34),
    ],
  },
  {
    name: "snapshot-controller",
    type: "storage",
    namespace: "kube-system",
    architecture: EVERY_ARCHITECTURE,
    computeTypes: ["ec2"],
    requiresIamPermissions: false,
    releases: [
      release("v8.5.0-eksbuild.1", 31, 36, 31, 32, 33, 34, 35, 36),
      release("v8.3.0-eksbuild.1", 31, 35),
      release("v8.2.0-eksbuild.1", 31, 33),
    ],
  },
  {
    name: "metrics-server",
    type: "observability",
    namespace: "kube-system",
    architecture: EVERY_ARCHITECTURE,
    computeTypes: ["ec2", "fargate", "hybrid"],
    requiresIamPermissions: false,
    releases: [
      release("v0.8.1-eksbuild.4", 31, 36, 31, 32, 33, 34, 35, 36),
      release("v0.8.0-eksbuild.5", 31, 35),
      release("v0.7.2-eksbuild.4", 31, 34),
    ],
  },
  {
    name: "eks-pod-identity-agent",
    type: "security",
    namespace: "kube-system",
    architecture: EVERY_ARCHITECTURE,
    computeTypes: LINUX_NODES,
    requiresIamPermissions: false,
    releases: [
      release("v1.3.12-eksbuild.1", 31, 36),
      release("v1.3.10-eksbuild.2", 31, 36, 31, 32, 33, 34, 35, 36),
      release("v1.3.8-eksbuild.2", 31, 34),
      release("v1.3.4-eksbuild.1", 31, 33),
    ],
  },
  {
    name: "eks-node-monitoring-agent",
    type: "observability",
    namespace: "kube-system",
    architecture: EVERY_ARCHITECTURE,
    computeTypes: ["ec2", "auto"],
    requiresIamPermissions: false,
    releases: [
      release("v1.6.1-eksbuild.1", 31, 36, 31, 32, 33, 34, 35, 36),
      release("v1.5.0-eksbuild.1", 31, 35),
      release("v1.4.0-eksbuild.2", 31, 34),
    ],
  },
  {
    name: "amazon-cloudwatch-observability",
    type: "observability",
    namespace: "amazon-cloudwatch",
    architecture: EVERY_ARCHITECTURE,
    computeTypes: ["ec2", "auto", "hybrid"],
    requiresIamPermissions: true,
    podIdentity: [
      {
        serviceAccount: "cloudwatch-agent",
        policies: [policy("AWSXrayWriteOnlyAccess"), policy("CloudWatchAgentServerPolicy")],
      },
    ],
    releases: [
      release("v5.4.0-eksbuild.1", 31, 36, 31, 32, 33, 34, 35, 36),
      release("v4.7.0-eksbuild.1", 31, 35),
      release("v4.3.1-eksbuild.1", 31, 34),
    ],
  },
];
