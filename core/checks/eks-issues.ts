/**
 * What to do about health issues of EKS that have a way out of their own, by their code; written for the person who has
 * to mend it at night.
 */
const REMEDIES: Readonly<Record<string, string>> = {
  KmsKeyDisabled:
    "Enable the KMS key again (aws kms enable-key); without it no control plane can read the cluster's secrets.",
  KmsKeyMarkedForDeletion:
    "Cancel the deletion of the KMS key before its waiting period ends, and enable it (aws kms cancel-key-deletion, enable-key): once it is gone the cluster's secrets are lost.",
  KmsKeyNotFound:
    "Look for the KMS key in its account: a key that was deleted cannot be brought back, and neither can the cluster's secrets. Make the cluster anew from its file.",
  KmsGrantRevoked:
    "Let the cluster use its KMS key again: restore the grant of the cluster's role, and see that the key policy allows kms:CreateGrant to it.",
  Ec2LaunchTemplateNotFound:
    "Make the launch template again with the same settings, or rotate the group by a file that names another one.",
  Ec2LaunchTemplateVersionMismatch:
    "Set the Auto Scaling group back to the launch template version that EKS made; settings of a managed group are changed by an apply, not in its Auto Scaling group.",
};

/** The remedy for the first of these issues that has one of its own, else the general one. */
export const remedyFor = (issues: readonly { readonly code: string }[], otherwise: string): string =>
  issues.map(({ code }) => REMEDIES[code]).find((remedy) => remedy !== undefined) ?? otherwise;
