import type { RoleFacts } from "../snapshot.ts";
import { block, CHANGES, type Check, type CheckResult, listed, NODES, warn } from "./check.ts";

interface Duty {
  readonly service: string;
  /** One of each is needed; a policy of one's own with the same permissions has another name. */
  readonly policies: readonly (readonly string[])[];
  readonly without: string;
}

const CLUSTER: Duty = {
  service: "eks.amazonaws.com",
  policies: [["AmazonEKSClusterPolicy"]],
  without: "EKS cannot change the cluster's interfaces and load balancers, and its update fails",
};

const NODE: Duty = {
  service: "ec2.amazonaws.com",
  policies: [
    ["AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy"],
    [
      "AmazonEC2ContainerRegistryReadOnly",
      "AmazonEC2ContainerRegistryPullOnly",
      "AmazonEC2ContainerRegistryPowerUser",
      "AmazonEC2ContainerRegistryFullAccess",
    ],
  ],
  without: "new nodes cannot join the cluster",
};

function judge(subject: string, role: RoleFacts, duty: Duty): CheckResult[] {
  if (!role.exists)
    return [
      block(
        subject,
        `role ${role.arn} does not exist; ${duty.without}`,
        "Create the role again under the same name, with its trust and policies.",
      ),
    ];
  if (!role.trusts.includes(duty.service))
    return [
      block(
        subject,
        `role ${role.arn} does not let ${duty.service} assume it${role.trusts.length > 0 ? ` (only ${listed(role.trusts)})` : ""}; ${duty.without}`,
        `Add ${duty.service} to the role's trust policy.`,
      ),
    ];
  const missing = duty.policies.filter((any) => !any.some((name) => role.policies.includes(name)));
  if (missing.length === 0) return [];
  return [
    warn(
      subject,
      `role ${role.arn} has none of the managed policies ${missing.map((any) => any.join(" or ")).join(", ")}`,
      "Make sure that a policy of your own allows the same, or attach it.",
    ),
  ];
}

export const clusterRole: Check = {
  code: "CLUSTER_ROLE",
  title: "The cluster's role exists and EKS may assume it",
  guards: CHANGES,
  run({ snapshot }) {
    if (!snapshot.roles.ok) return [];
    const role = snapshot.roles.value.find(({ arn }) => arn === snapshot.cluster.roleArn);
    return role ? judge(`cluster ${snapshot.ref.name}`, role, CLUSTER) : [];
  },
};

export const nodeRole: Check = {
  code: "NODE_ROLE",
  title: "The roles of the node groups exist and EC2 may assume them",
  guards: NODES,
  run({ snapshot, nodegroups }) {
    if (!snapshot.roles.ok) return [];
    return snapshot.roles.value.flatMap((role) => {
      const users = nodegroups.filter((group) => group.nodeRole === role.arn);
      if (users.length === 0) return [];
      const names = [...new Set(users.map((group) => group.logicalName))].toSorted();
      return judge(`nodegroup${names.length === 1 ? "" : "s"} ${listed(names)}`, role, NODE);
    });
  },
};
