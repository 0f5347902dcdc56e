import type { ClusterIssue } from "@aws-sdk/client-eks";
import { type EksContext, standingFault, subject } from "./context.ts";
import type { ClusterDoc } from "./documents.ts";

/** Faults of the key of secrets encryption, and how EKS tells of each. */
const ISSUES = [
  ["KmsKeyDisabled", "KmsKeyDisabled", "The KMS Key associated with your cluster is disabled."],
  ["KmsKeyGone", "KmsKeyNotFound", "The KMS Key associated with your cluster could not be found."],
  [
    "KmsKeyDeletionPending",
    "KmsKeyMarkedForDeletion",
    "The KMS Key associated with your cluster is marked for deletion.",
  ],
  ["KmsKeyDenied", "KmsGrantRevoked", "The KMS grant of your cluster's key has been revoked."],
] as const;

/**
 * What is wrong with the KMS key of a cluster, as long as the fault stands (subject `kms-key/ARN cluster/NAME`);
 * nothing of a cluster without secrets encryption. The control plane cannot be replaced meanwhile: the new one could
 * not read the secrets.
 */
export function keyIssue(ctx: EksContext, doc: ClusterDoc): ClusterIssue | undefined {
  const key = doc.body.encryptionConfig?.[0]?.provider?.keyArn;
  if (key === undefined) return undefined;
  const found = ISSUES.find(([fault]) => standingFault(ctx, fault, `kms-key/${key} ${subject(doc.arn)}`));
  return found && { code: found[1], message: found[2], resourceIds: [key] };
}
