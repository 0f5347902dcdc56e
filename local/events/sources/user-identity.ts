import { createHash } from "node:crypto";
import type { Principal } from "../../aws/contract.ts";
import { seconds } from "../place.ts";

/** Step Functions calls with the state machine's role and does not say so in the identity. */
const STEP_FUNCTIONS = "states.amazonaws.com";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** A stable unique id of IAM for what an ARN names: `AROA` for roles, `AIDA` for users. */
function uniqueId(prefix: string, arn: string): string {
  const digest = createHash("sha256").update(arn).digest();
  return prefix + [...digest.subarray(0, 17)].map((byte) => BASE32[byte % 32]).join("");
}

/** The service that made the call for the principal, where the record names it. */
export const namedInvoker = (principal: Principal): string | undefined =>
  principal.invokedBy === STEP_FUNCTIONS ? undefined : principal.invokedBy;

/** An hour-long session that the call falls into: the credentials themselves do not tell when they were made. */
const sessionStart = (time: number): string => seconds(time - (time % 3_600_000));

function assumedRole(principal: Principal, time: number): object {
  const [, , , , , resource = ""] = principal.arn.split(":");
  const [, role = "", session = ""] = resource.split("/");
  const roleArn = principal.roleArn ?? `arn:aws:iam::${principal.account}:role/${role}`;
  const roleId = uniqueId("AROA", roleArn);
  return {
    type: "AssumedRole",
    principalId: `${roleId}:${session}`,
    arn: principal.arn,
    accountId: principal.account,
    accessKeyId: principal.accessKeyId,
    sessionContext: {
      sessionIssuer: {
        type: "Role",
        principalId: roleId,
        arn: roleArn,
        accountId: principal.account,
        userName: role,
      },
      attributes: { creationDate: sessionStart(time), mfaAuthenticated: "false" },
    },
  };
}

/** CloudTrail's `userIdentity` of a principal that calls at `time` (milliseconds since the epoch). */
export function userIdentity(principal: Principal, time: number): object {
  const invoker = namedInvoker(principal);
  const invokedBy = invoker === undefined ? {} : { invokedBy: invoker };
  const common = { arn: principal.arn, accountId: principal.account, accessKeyId: principal.accessKeyId };
  switch (principal.type) {
    case "AWSService":
      return { type: "AWSService", invokedBy: principal.invokedBy ?? principal.arn };
    case "Root":
      return { type: "Root", principalId: principal.account, ...common, ...invokedBy };
    case "IAMUser":
      return {
        type: "IAMUser",
        principalId: uniqueId("AIDA", principal.arn),
        ...common,
        userName: principal.arn.slice(principal.arn.lastIndexOf("/") + 1),
        ...invokedBy,
      };
    case "AssumedRole":
      return { ...assumedRole(principal, time), ...invokedBy };
  }
}
