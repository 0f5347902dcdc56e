import type { RoleFacts } from "../../core/snapshot.ts";
import { perRuntime } from "../system-runtime.ts";
import { aws, awsErrorName } from "./errors.ts";
import { createSend } from "./operations/client.ts";
import { getRole, listAttachedRolePolicies } from "./operations/operations.ts";

export interface RoleReader {
  /** Trust and managed policies of a role; `exists: false` when IAM does not know it. */
  role(arn: string): Promise<RoleFacts>;
}

/** IAM's code on the wire, and its name in the SDK. */
const NO_SUCH_ROLE = new Set(["NoSuchEntity", "NoSuchEntityException"]);

export const rolesOf = perRuntime((runtime): RoleReader => {
  const send = createSend(runtime.aws);
  return {
    async role(arn) {
      const RoleName = arn.split("/").at(-1) ?? arn;
      try {
        const reply = await aws(`iam GetRole ${RoleName}`, () => send(getRole, { RoleName }));
        // A role has at most 20 managed policies: they fit on one page.
        const attached = await aws(`iam ListAttachedRolePolicies ${RoleName}`, () =>
          send(listAttachedRolePolicies, { RoleName, MaxItems: 100 }),
        );
        return {
          arn,
          exists: true,
          trusts: trustsOf(reply.Role?.AssumeRolePolicyDocument ?? ""),
          policies: (attached.AttachedPolicies ?? []).flatMap((policy) => policy.PolicyName ?? []).sort(),
        };
      } catch (error) {
        const code = error instanceof Error && "code" in error ? String(error.code) : awsErrorName(error);
        if (NO_SUCH_ROLE.has(code)) return { arn, exists: false, trusts: [], policies: [] };
        throw error;
      }
    },
  };
});

interface Statement {
  readonly Effect?: string;
  readonly Principal?: { readonly Service?: string | readonly string[] } | string;
}

/** Services that a trust policy lets assume the role. The document is percent-encoded JSON. */
export function trustsOf(document: string): string[] {
  let parsed: { readonly Statement?: Statement | readonly Statement[] };
  try {
    parsed = JSON.parse(decodeURIComponent(document));
  } catch {
    return [];
  }
  const statements = parsed.Statement === undefined ? [] : [parsed.Statement].flat();
  return statements.flatMap((statement: Statement) => {
    if (statement.Effect !== "Allow" || typeof statement.Principal !== "object") return [];
    return [statement.Principal.Service ?? []].flat();
  });
}
