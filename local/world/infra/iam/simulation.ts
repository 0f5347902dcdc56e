import type * as iam from "@aws-sdk/client-iam";
import type { Principal, ServiceHandlers } from "../../../aws/contract.ts";
import { evaluate, trusts } from "./evaluate.ts";
import { type IamState, iamKey, noSuchEntity, type RoleDocument } from "./state.ts";

/** The organisation that every simulated account belongs to. */
export const ORGANISATION = "o-slipway0001";

const ROLE_ARN = /^arn:aws[a-z-]*:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/;
const ALLOW_ALL = JSON.stringify({ Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] });

const roleOf = (state: IamState, arn: string): RoleDocument | undefined => {
  const [, account = "", name = ""] = ROLE_ARN.exec(arn) ?? [];
  return state.roles.get(iamKey(account, name));
};

/** Documents of a role's policies. Of AWS's own policies the embedded IAM knows the names only. */
function documentsOf(state: IamState, role: RoleDocument): string[] {
  const attached = role.attached.flatMap((arn) => {
    if (arn === "arn:aws:iam::aws:policy/AdministratorAccess") return [ALLOW_ALL];
    const policy = state.policies.get(iamKey(role.account, arn));
    return policy?.versions.find((version) => version.isDefault)?.document ?? [];
  });
  return [...Object.values(role.inline), ...attached];
}

/** Document of a role's boundary: undefined for none, nothing allowed for one that does not exist. */
function boundaryOf(state: IamState, role: RoleDocument): string | undefined {
  if (role.permissionsBoundary === undefined) return undefined;
  const policy = state.policies.get(iamKey(role.account, role.permissionsBoundary));
  return policy?.versions.find((version) => version.isDefault)?.document ?? JSON.stringify({ Statement: [] });
}

/** Whether a role exists and its trust policy lets the principal assume it. */
export function roleTrusts(
  state: IamState,
  request: {
    readonly roleArn: string;
    readonly principal: Principal;
    readonly externalId: string | undefined;
  },
): boolean {
  const role = roleOf(state, request.roleArn);
  if (!role) return false;
  const { principal, externalId } = request;
  const arn = principal.roleArn ?? principal.arn;
  const context = new Map<string, readonly string[]>([
    ["aws:principalarn", [arn]],
    ["aws:principalorgid", [ORGANISATION]],
    ["aws:principalaccount", [principal.account]],
    ...(externalId === undefined ? [] : [["sts:externalid", [externalId]] as const]),
  ]);
  return trusts(role.trust, { arn, account: principal.account }, context);
}

/** The policy simulator, for roles: identity policies and the permissions boundary. */
export const simulationHandlers = (state: IamState) =>
  ({
    SimulatePrincipalPolicy(input, scope) {
      const arn = input.PolicySourceArn ?? "";
      const role = roleOf(state, arn);
      if (!role || role.account !== scope.account) throw noSuchEntity(`The role ${arn} cannot be found.`);
      const documents = documentsOf(state, role);
      const boundary = boundaryOf(state, role);
      const context = new Map(
        (input.ContextEntries ?? []).map((entry) => [
          (entry.ContextKeyName ?? "").toLowerCase(),
          entry.ContextKeyValues ?? [],
        ]),
      );
      const resources = input.ResourceArns?.length ? input.ResourceArns : ["*"];
      return {
        EvaluationResults: (input.ActionNames ?? []).flatMap((action) =>
          resources.map((resource) => {
            const request = { action, resource, context };
            const own = evaluate(documents, request);
            const bound = boundary === undefined ? own : evaluate([boundary], request);
            const verdict = own.decision === "allowed" ? bound : own;
            return {
              EvalActionName: action,
              EvalResourceName: resource,
              EvalDecision: verdict.decision,
              MatchedStatements: [],
              MissingContextValues: [...verdict.missing],
            };
          }),
        ),
        IsTruncated: false,
      };
    },
  }) satisfies ServiceHandlers<typeof iam>;
