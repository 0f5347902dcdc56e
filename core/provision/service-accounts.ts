/** The service account that an add-on calls AWS with, and the policies that AWS recommends for it. */
export interface AddonAccount {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly policies: readonly string[];
}

/**
 * From the add-ons' guides and DescribeAddonConfiguration's `podIdentityConfiguration`. An add-on that is not here
 * has no account that Slipway could make a role for: its file names the role.
 */
const ACCOUNTS: Readonly<Record<string, AddonAccount>> = {
  "vpc-cni": { namespace: "kube-system", serviceAccount: "aws-node", policies: ["AmazonEKS_CNI_Policy"] },
  "aws-ebs-csi-driver": {
    namespace: "kube-system",
    serviceAccount: "ebs-csi-controller-sa",
    policies: ["service-role/AmazonEBSCSIDriverPolicy"],
  },
  "aws-efs-csi-driver": {
    namespace: "kube-system",
    serviceAccount: "efs-csi-controller-sa",
    policies: ["service-role/AmazonEFSCSIDriverPolicy"],
  },
  "aws-fsx-csi-driver": {
    namespace: "kube-system",
    serviceAccount: "fsx-csi-controller-sa",
    policies: ["AmazonFSxFullAccess"],
  },
  "aws-mountpoint-s3-csi-driver": {
    namespace: "kube-system",
    serviceAccount: "s3-csi-driver-sa",
    policies: ["AmazonS3ReadOnlyAccess"],
  },
  "amazon-cloudwatch-observability": {
    namespace: "amazon-cloudwatch",
    serviceAccount: "cloudwatch-agent",
    policies: ["CloudWatchAgentServerPolicy", "AWSXRayDaemonWriteAccess"],
  },
  adot: {
    namespace: "opentelemetry-operator-system",
    serviceAccount: "adot-col-prom-metrics",
    policies: ["AmazonPrometheusRemoteWriteAccess"],
  },
  "external-dns": {
    namespace: "external-dns",
    serviceAccount: "external-dns",
    policies: ["AmazonRoute53FullAccess"],
  },
};

export const addonAccount = (addon: string): AddonAccount | undefined => ACCOUNTS[addon];
export const addonsWithAccounts: readonly string[] = Object.keys(ACCOUNTS);
