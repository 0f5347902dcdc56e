import { InvalidInputError } from "../errors.ts";
import { type AutomationPolicy, automationPolicySchema, defaultPolicy } from "./schema.ts";

/**
 * The policy as stored, with the defaults of today for what it does not say; the default policy where nobody wrote
 * one. One that does not parse throws InvalidInputError: an invalid policy is no permission.
 */
export function effectivePolicy(stored: unknown): AutomationPolicy {
  if (stored === undefined) return defaultPolicy;
  const parsed = automationPolicySchema.safeParse(stored);
  if (parsed.success) return parsed.data;
  throw new InvalidInputError(
    parsed.error.issues.map((issue) => ({ field: `policy.${issue.path.join(".")}`, message: issue.message })),
    "policy",
  );
}
