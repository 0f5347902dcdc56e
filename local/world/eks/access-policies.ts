/** Access policies that EKS offers: name of each `arn:aws:eks::aws:cluster-access-policy/NAME`. */
export const accessPolicies: readonly string[] = [
  "AmazonEKSAdminPolicy",
  "AmazonEKSAdminViewPolicy",
  "AmazonEKSAutoNodePolicy",
  "AmazonEKSClusterAdminPolicy",
  "AmazonEKSEditPolicy",
  "AmazonEKSViewPolicy",
];

export const accessPolicyArn = (name: string): string => `arn:aws:eks::aws:cluster-access-policy/${name}`;
