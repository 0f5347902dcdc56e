import { TerminalError } from "../../core/errors.ts";
import { effectivePolicy } from "../../core/policy/effective.ts";
import { POLICY_ANNOTATION, policyNameOf } from "../../core/policy/named.ts";
import { type AutomationPolicy, defaultPolicy } from "../../core/policy/schema.ts";
import { type MaintenanceWindow, maintenanceWindowSchema } from "../../core/policy/windows.ts";
import type { ClusterRecord, Store } from "../../core/ports/store.ts";
import { resolveWindows } from "../../core/windows/resolve.ts";

/** Collections of the store: documents of `/v1/policies` and `/v1/windows`. */
export const POLICIES = "policies";
export const WINDOWS = "windows";

/** What of a cluster's record decides about its policy. */
export type PolicyOwner = Pick<ClusterRecord, "policy"> & Partial<Pick<ClusterRecord, "config">>;

/**
 * The policy that counts for a cluster: the one in its own file, else the stored one that its file names
 * (`metadata.annotations["slipway.dev/policy"]`), else the stored one called `default`, else the built-in. The
 * windows that it names are among its `windows.open` and `windows.freezes`.
 *
 * Fails closed. Throws InvalidInputError for a policy that does not parse, TerminalError `PolicyMissing` and
 * `WindowMissing` for what is referred to and missing: nothing that disrupts may begin then.
 */
export async function policyOfCluster(
  store: Store,
  record: PolicyOwner | undefined,
): Promise<AutomationPolicy> {
  return withWindows(store, await ownPolicy(store, record));
}

/** Where a cluster's policy comes from, whether it can be read or not. */
export async function sourceOfPolicy(
  store: Store,
  record: PolicyOwner,
): Promise<{ readonly name: string; readonly from: "file" | "named" | "default" | "built-in" }> {
  if (record.policy !== undefined) {
    const { metadata } = record.policy as { readonly metadata?: { readonly name?: string } };
    return { name: metadata?.name ?? "default", from: "file" };
  }
  const name = policyNameOf(record.config);
  if (name !== undefined) return { name, from: "named" };
  return { name: "default", from: (await store.getDocument(POLICIES, "default")) ? "default" : "built-in" };
}

async function ownPolicy(store: Store, record: PolicyOwner | undefined): Promise<AutomationPolicy> {
  if (record?.policy !== undefined) return effectivePolicy(record.policy);
  const name = policyNameOf(record?.config);
  const stored = await store.getDocument(POLICIES, name ?? "default");
  if (stored) return effectivePolicy(stored.value);
  if (name === undefined) return defaultPolicy;
  throw new TerminalError(`there is no policy ${name}, which the cluster's file names`, {
    code: "PolicyMissing",
    remedy: `Apply an AutomationPolicy with that name, or take ${POLICY_ANNOTATION} out of the file. Until then nothing that disrupts begins.`,
    detail: { policy: name },
  });
}

/** The policy with the windows that it names. Throws TerminalError `WindowMissing`. */
export async function withWindows(store: Store, policy: AutomationPolicy): Promise<AutomationPolicy> {
  const { named } = policy.windows;
  if (named.length === 0) return policy;
  const found = await Promise.all(named.map((name) => windowNamed(store, name)));
  const documents = new Map(found.flatMap((window) => (window ? [[window.metadata.name, window]] : [])));
  const { windows, missing } = resolveWindows(policy.windows, documents);
  if (missing.length === 0) return { ...policy, windows };
  throw new TerminalError(
    `there is no window ${missing.join(", ")}, which policy ${policy.metadata.name} names`,
    {
      code: "WindowMissing",
      remedy: `Apply a MaintenanceWindow with that name, or take it out of the policy. Until then nothing that disrupts begins.`,
      detail: { policy: policy.metadata.name, windows: missing },
    },
  );
}

/** A stored window. Throws TerminalError `WindowInvalid` for one that this version does not read. */
export async function windowNamed(store: Store, name: string): Promise<MaintenanceWindow | undefined> {
  const stored = await store.getDocument(WINDOWS, name);
  if (!stored) return undefined;
  const parsed = maintenanceWindowSchema.safeParse(stored.value);
  if (parsed.success) return parsed.data;
  throw new TerminalError(`window ${name} does not parse: ${parsed.error.issues[0]?.message ?? ""}`, {
    code: "WindowInvalid",
    remedy: "Apply it again. Until then nothing that disrupts begins.",
  });
}
