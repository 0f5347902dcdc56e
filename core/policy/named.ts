/** Where a ClusterConfig names the stored policy of its cluster: eksctl knows annotations and ignores them. */
export const POLICY_ANNOTATION = "slipway.dev/policy";

/** The policy that a ClusterConfig names; undefined: none. */
export function policyNameOf(config: unknown): string | undefined {
  const { metadata } = (config ?? {}) as { readonly metadata?: { readonly annotations?: object } };
  const name = (metadata?.annotations as Readonly<Record<string, unknown>> | undefined)?.[POLICY_ANNOTATION];
  return typeof name === "string" ? name : undefined;
}

/** Windows that a policy names; of one that does not parse what can be seen of it. */
export function windowsNamedBy(policy: unknown): readonly string[] {
  const named = (policy as { readonly windows?: { readonly named?: unknown } } | undefined)?.windows?.named;
  return Array.isArray(named) ? named.filter((name) => typeof name === "string") : [];
}
