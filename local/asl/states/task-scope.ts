import type { CallScope } from "../../aws/contract.ts";
import type { ExecutionDoc } from "../documents.ts";

const SERVICE = "states.amazonaws.com";

/** Who calls a service for a task: the state machine's role, or the one that `Credentials` names, in its account. */
export function callScope(execution: ExecutionDoc, credentials: string | null, region: string): CallScope {
  const roleArn = credentials ?? execution.roleArn;
  const [, , , , account = "", path = ""] = roleArn.split(":");
  const owner = /^\d{12}$/.test(account) ? account : execution.account;
  const role = path.split("/").at(-1) ?? "role";
  return {
    account: owner,
    region,
    principal: {
      type: "AssumedRole",
      arn: `arn:aws:sts::${owner}:assumed-role/${role}/${execution.name.slice(0, 64)}`,
      account: owner,
      accessKeyId: "ASIASTATESEXECUTION0",
      roleArn,
      caller: execution.machineName,
      invokedBy: SERVICE,
    },
    userAgent: SERVICE,
    sourceIp: SERVICE,
  };
}
