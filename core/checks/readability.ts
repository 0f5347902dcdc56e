import type { OperationType } from "../operation/types.ts";
import type { ClusterSnapshot, KubernetesFacts, Read } from "../snapshot.ts";
import { CHANGES, type Check, NODES, UPGRADE, unknown } from "./check.ts";

interface Part {
  /** The part, when it was looked for at all. */
  readonly read: (snapshot: ClusterSnapshot) => Read<unknown> | undefined;
  readonly name: string;
  /** What nobody can know without it. */
  readonly hides: string;
  readonly remedy: string;
  /** The operations that it matters to. */
  readonly for: ReadonlySet<OperationType>;
}

/** A part of the Kubernetes API: where all of it is unreadable, that is said once. */
const kubernetesPart =
  (read: (kubernetes: KubernetesFacts) => Read<unknown>): Part["read"] =>
  ({ kubernetes }) =>
    kubernetes.ok ? read(kubernetes.value) : undefined;

const CLUSTER_ROLE = "Apply Slipway's ClusterRole as it is now (docs/access.md), and try again.";
const allow = (actions: string): string => `Allow ${actions}, and try again.`;

const PARTS: readonly Part[] = [
  {
    read: ({ kubernetes }) => kubernetes,
    name: "Kubernetes API",
    hides: "nodes, pods and disruption budgets",
    remedy: "Give Slipway's role access (an access entry) and a network path to the API server.",
    for: CHANGES,
  },
  {
    read: kubernetesPart(({ volumes }) => volumes),
    name: "persistent volumes",
    hides: "volumes that cannot follow their pods",
    remedy: CLUSTER_ROLE,
    for: NODES,
  },
  {
    read: kubernetesPart(({ webhooks }) => webhooks),
    name: "admission webhooks",
    hides: "webhooks that nobody answers",
    remedy: CLUSTER_ROLE,
    for: NODES,
  },
  {
    read: kubernetesPart(({ pendingCertificates }) => pendingCertificates),
    name: "certificate signing requests",
    hides: "kubelets that wait for a certificate",
    remedy: CLUSTER_ROLE,
    for: NODES,
  },
  {
    read: kubernetesPart(({ terminating }) => terminating),
    name: "namespaces",
    hides: "objects that finalizers hold back",
    remedy: CLUSTER_ROLE,
    for: NODES,
  },
  {
    read: kubernetesPart(({ kubeProxyMode }) => kubeProxyMode),
    name: "configuration of kube-proxy",
    hides: "a mode that the target no longer has",
    remedy: CLUSTER_ROLE,
    for: UPGRADE,
  },
  {
    read: kubernetesPart(({ podSubnets }) => podSubnets),
    name: "subnets of custom networking",
    hides: "free addresses of pods",
    remedy: `${CLUSTER_ROLE} For the subnets: ${allow("ec2:DescribeSubnets")}`,
    for: NODES,
  },
  {
    read: ({ insights }) => insights,
    name: "upgrade insights",
    hides: "deprecated APIs and what EKS itself would refuse",
    remedy: allow("eks:ListInsights and eks:DescribeInsight"),
    for: NODES,
  },
  {
    read: ({ configurationInsights }) => configurationInsights,
    name: "configuration insights",
    hides: "what EKS finds wrong with the configuration",
    remedy: allow("eks:ListInsights and eks:DescribeInsight"),
    for: NODES,
  },
  {
    read: ({ auditLog }) => auditLog,
    name: "audit log",
    hides: "who calls deprecated APIs",
    remedy: allow("logs:StartQuery, logs:GetQueryResults and logs:StopQuery on the cluster's log group"),
    for: UPGRADE,
  },
  {
    read: ({ subnets }) => subnets,
    name: "subnets",
    hides: "free addresses of control plane and nodes",
    remedy: allow("ec2:DescribeSubnets"),
    for: NODES,
  },
  {
    read: ({ selfManaged }) => selfManaged,
    name: "Auto Scaling groups",
    hides: "node groups without EKS's management, and how old their nodes are",
    remedy: allow("autoscaling:DescribeAutoScalingGroups"),
    for: NODES,
  },
  {
    read: ({ securityGroups }) => securityGroups,
    name: "security groups",
    hides: "one that is gone",
    remedy: allow("ec2:DescribeSecurityGroups"),
    for: UPGRADE,
  },
  {
    read: ({ launchTemplates }) => launchTemplates,
    name: "launch templates",
    hides: "a template that is gone, and its user data",
    remedy: allow("ec2:DescribeLaunchTemplateVersions"),
    for: NODES,
  },
  {
    read: ({ roles }) => roles,
    name: "IAM roles",
    hides: "a role that is gone or that EKS may not assume",
    remedy: allow("iam:GetRole and iam:ListAttachedRolePolicies"),
    for: NODES,
  },
  {
    read: ({ quotas }) => quotas,
    name: "quotas",
    hides: "room for green node groups",
    remedy: allow("servicequotas:GetServiceQuota"),
    for: NODES,
  },
];

export const readability: Check = {
  code: "READABILITY",
  title: "Everything that the checks look at could be read",
  guards: CHANGES,
  run: ({ snapshot, type }) =>
    PARTS.filter((part) => part.for.has(type)).flatMap(({ read, name, hides, remedy }) => {
      const result = read(snapshot);
      if (!result || result.ok) return [];
      return [unknown(name, `could not be read (${result.reason}), so nobody knows: ${hides}`, remedy)];
    }),
};
