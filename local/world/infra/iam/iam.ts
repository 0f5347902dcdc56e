import type { Kernel } from "../../../kernel/kernel.ts";
import type { Faults } from "../../faults.ts";
import { holds } from "../addresses.ts";
import { policyHandlers } from "./policies.ts";
import { profileHandlers } from "./profiles.ts";
import { roleHandlers } from "./roles.ts";
import { roleTrusts, simulationHandlers } from "./simulation.ts";
import { iamKey, openIamState } from "./state.ts";

const ROLE_ARN = /^arn:aws[a-z-]*:iam::(\d{12}):role(?:\/[^/]+)*\/([^/]+)$/;

/** IAM: one set of roles, policies, profiles and identity providers for each account, in all regions. */
export function createIam(parts: { readonly kernel: Kernel; readonly faults: Faults }) {
  const { kernel, faults } = parts;
  const state = openIamState(kernel.durable);
  return {
    /** The role is there; the fault `RoleGone` (subject `role/NAME`) hides it. */
    roleExists(roleArn: string): boolean {
      const [, account, name] = ROLE_ARN.exec(roleArn) ?? [];
      if (account === undefined || name === undefined) return false;
      return (
        state.roles.get(iamKey(account, name))?.arn === roleArn && !holds(faults, "RoleGone", `role/${name}`)
      );
    },
    /** ARN of the role in an instance profile, named by its ARN or its name. */
    profileRole(
      { account }: { readonly account: string },
      profile: { readonly Arn?: string; readonly Name?: string },
    ): string | undefined {
      const name = profile.Name ?? profile.Arn?.split("/").at(-1) ?? "";
      const role = state.profiles.get(iamKey(account, name))?.role;
      return role === undefined ? undefined : state.roles.get(iamKey(account, role))?.arn;
    },
    /** The role's trust policy lets the principal assume it. */
    trusts: (request: Parameters<typeof roleTrusts>[1]): boolean => roleTrusts(state, request),
    handlers: {
      ...roleHandlers(kernel, state),
      ...policyHandlers(kernel, state),
      ...profileHandlers(kernel, state),
      ...simulationHandlers(state),
    },
  };
}
