import { lambdaRetry } from "./retry.ts";
import { eks, expr, run, type States } from "./states.ts";

const ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";

/**
 * Our ClusterRole can only be applied by an administrator: one function is, for this one call. Enter at
 * `BecomeAdmin`; `granter` is an expression of its role.
 */
export const grantAccess = (options: {
  readonly granter: string;
  readonly next: string;
  /** Where a failure goes; the policy may still be associated then. */
  readonly failTo: string;
}): States => {
  const { granter, next, failTo } = options;
  return {
    BecomeAdmin: eks(
      "associateAccessPolicy",
      {
        ClusterName: expr("$cluster"),
        PrincipalArn: expr(granter),
        PolicyArn: ADMIN_POLICY,
        AccessScope: { Type: "cluster" },
      },
      { output: {}, failTo, next: "GrantAccess" },
    ),
    GrantAccess: run(
      "grant-access",
      {},
      {
        // Access entries take effect some seconds after they were made.
        retry: [
          ...lambdaRetry,
          {
            ErrorEquals: ["KubernetesAccessDenied"],
            IntervalSeconds: 5,
            MaxAttempts: 12,
            BackoffRate: 1.5,
            MaxDelaySeconds: 30,
            JitterStrategy: "FULL",
          },
        ],
        failTo,
        next: "ResignAdmin",
      },
    ),
    ResignAdmin: resign({ granter, next, failTo }),
  };
};

/** Takes the administrator's policy away again; one that is not there is fine. */
export const resign = (options: {
  readonly granter: string;
  readonly next: string;
  readonly failTo: string;
}) =>
  eks(
    "disassociateAccessPolicy",
    { ClusterName: expr("$cluster"), PrincipalArn: expr(options.granter), PolicyArn: ADMIN_POLICY },
    {
      output: {},
      catches: [{ ErrorEquals: ["Eks.ResourceNotFoundException"], Next: options.next }],
      failTo: options.failTo,
      next: options.next,
    },
  );
