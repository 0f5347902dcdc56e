import { type AwsEndpoint, AwsError, type CallScope } from "../../aws/contract.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { IntegrationError } from "../contract.ts";
import type { ExecutionDoc } from "../documents.ts";
import { ERROR } from "../failure.ts";

const SERVICE = "states.amazonaws.com";

/** Step Functions keeps what STS gave it for as long as it is good; an hour is the most for a role from a role. */
const SESSION_SECONDS = 3600;
/** A session is not used in its last minutes: a call may take some. */
const FRESH_MS = (SESSION_SECONDS - 300) * 1000;

/** Who calls a service for a task that names no credentials: the state machine's role, in its account. */
export function callScope(execution: ExecutionDoc, region: string): CallScope {
  const { roleArn } = execution;
  const [, , , , account = "", path = ""] = roleArn.split(":");
  const owner = /^\d{12}$/.test(account) ? account : execution.account;
  const role = path.split("/").at(-1) ?? "role";
  return scopeOf(execution, {
    account: owner,
    arn: `arn:aws:sts::${owner}:assumed-role/${role}/${execution.name.slice(0, 64)}`,
    roleArn,
    accessKeyId: "ASIASTATESEXECUTION0",
    region,
  });
}

function scopeOf(
  execution: ExecutionDoc,
  who: {
    readonly account: string;
    readonly arn: string;
    readonly roleArn: string;
    readonly accessKeyId: string;
    readonly region: string;
  },
): CallScope {
  const { account, arn, roleArn, accessKeyId, region } = who;
  return {
    account,
    region,
    principal: {
      type: "AssumedRole",
      arn,
      account,
      accessKeyId,
      roleArn,
      caller: execution.machineName,
      invokedBy: SERVICE,
    },
    userAgent: SERVICE,
    sourceIp: SERVICE,
  };
}

/** Who calls for a task whose `Credentials` name a role: that role, if it lets the machine's role in. */
export type Assume = (execution: ExecutionDoc, roleArn: string, region: string) => Promise<CallScope>;

/**
 * Assumes roles as Step Functions does: with the machine's role, and with the machine's ARN as external id. One that
 * does not let it in fails the task with `States.TaskFailed`.
 */
export function createAssume(kernel: Kernel, endpoint: AwsEndpoint): Assume {
  const sessions = new Map<string, { readonly arn: string; readonly key: string; readonly since: number }>();
  return async (execution, roleArn, region) => {
    const id = `${execution.machine} ${execution.roleArn} ${roleArn}`;
    const now = kernel.clock.now();
    let session = sessions.get(id);
    if (!session || now - session.since >= FRESH_MS) {
      session = { ...(await assume(endpoint, execution, roleArn, region)), since: now };
      sessions.set(id, session);
    }
    const [, , , , account = ""] = roleArn.split(":");
    return scopeOf(execution, {
      account,
      arn: session.arn,
      roleArn,
      accessKeyId: session.key,
      region,
    });
  };
}

async function assume(
  endpoint: AwsEndpoint,
  execution: ExecutionDoc,
  roleArn: string,
  region: string,
): Promise<{ readonly arn: string; readonly key: string }> {
  const request = {
    RoleArn: roleArn,
    RoleSessionName: execution.machineName.slice(0, 64),
    ExternalId: execution.machine,
    DurationSeconds: SESSION_SECONDS,
  };
  try {
    const output = await endpoint.call("sts", "AssumeRole", request, callScope(execution, region));
    const { Credentials, AssumedRoleUser } = output as {
      readonly Credentials?: { readonly AccessKeyId?: string };
      readonly AssumedRoleUser?: { readonly Arn?: string };
    };
    return { arn: AssumedRoleUser?.Arn ?? roleArn, key: Credentials?.AccessKeyId ?? "" };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new IntegrationError(
      ERROR.taskFailed,
      error.code === "AccessDenied"
        ? `The role ${execution.roleArn} is not authorized to assume the task state's role, ${roleArn}.`
        : `${error.message} (Service: AWSSecurityTokenService; Status Code: ${error.status}; Error Code: ${error.code}; Request ID: ${error.requestId ?? "null"})`,
    );
  }
}
