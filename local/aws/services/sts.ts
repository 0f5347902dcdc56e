import type { Kernel } from "../../kernel/kernel.ts";
import { AwsError, type Principal, type ServiceHandlers } from "../contract.ts";
import { createSessions, parseRoleArn } from "../sessions.ts";

const DEFAULT_DURATION_SECONDS = 3600;
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;

const invalid = (message: string): AwsError => new AwsError("ValidationError", message);

/** An id in the manner of IAM's (`AROA...`), always the same for one principal. */
function principalId(prefix: string, arn: string): string {
  let hash = 0n;
  for (const character of arn) hash = (hash * 131n + BigInt(character.codePointAt(0) ?? 0)) % 36n ** 16n;
  return prefix + hash.toString(36).toUpperCase().padStart(16, "0");
}

/** Whether a role's trust policy lets a principal assume it. */
export type Trust = (request: {
  readonly roleArn: string;
  readonly principal: Principal;
  readonly externalId: string | undefined;
}) => boolean;

/** STS: who one is, and session keys of a role. Without `trust` any principal may assume any role. */
export function createSts({
  kernel,
  trust = () => true,
}: {
  readonly kernel: Kernel;
  readonly trust?: Trust;
}): ServiceHandlers<typeof import("@aws-sdk/client-sts")> {
  const sessions = createSessions(kernel);
  return {
    GetCallerIdentity: (_input, { principal }) => {
      const session = principal.arn.split("/").at(-1);
      return {
        Account: principal.account,
        Arn: principal.arn,
        UserId:
          principal.type === "AssumedRole"
            ? `${principalId("AROA", principal.roleArn ?? principal.arn)}:${session}`
            : principal.type === "Root"
              ? principal.account
              : principalId("AIDA", principal.arn),
      };
    },

    AssumeRole: (input, { principal }) => {
      const { RoleArn = "", RoleSessionName = "", DurationSeconds = DEFAULT_DURATION_SECONDS } = input;
      if (!parseRoleArn(RoleArn)) throw invalid(`${RoleArn} is invalid`);
      if (!SESSION_NAME.test(RoleSessionName))
        throw invalid(
          `1 validation error detected: Value '${RoleSessionName}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
        );
      if (DurationSeconds < 900 || DurationSeconds > 43_200)
        throw invalid(
          `1 validation error detected: Value '${DurationSeconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and 43200`,
        );
      // The same answer for a role that does not exist, as on AWS: it must not tell which roles there are.
      if (!trust({ roleArn: RoleArn, principal, externalId: input.ExternalId }))
        throw new AwsError(
          "AccessDenied",
          `User: ${principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
          { status: 403 },
        );
      const session = sessions.issue({
        roleArn: RoleArn,
        sessionName: RoleSessionName,
        durationSeconds: DurationSeconds,
      });
      return {
        Credentials: {
          AccessKeyId: session.accessKeyId,
          SecretAccessKey: session.secretAccessKey,
          SessionToken: session.sessionToken,
          Expiration: new Date(session.expiresAt ?? 0),
        },
        AssumedRoleUser: {
          Arn: session.principal.arn,
          AssumedRoleId: `${principalId("AROA", RoleArn)}:${RoleSessionName}`,
        },
      };
    },
  };
}
