import type { Kernel } from "../kernel/kernel.ts";
import type { Principal } from "./contract.ts";

/** Temporary credentials of an assumed role, as STS gives them. */
export interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Milliseconds since the epoch; undefined for the platform's own functions, whose keys Lambda renews. */
  readonly expiresAt: number | undefined;
  readonly principal: Principal;
}

export interface SessionRequest {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly durationSeconds?: number;
  /** See {@link Principal.caller}. */
  readonly caller?: string;
}

/** Issues and knows session keys; they survive a restart. */
export interface Sessions {
  issue(request: SessionRequest): Session;
  find(accessKeyId: string): Session | undefined;
}

const ROLE_ARN = /^arn:(aws[a-z-]*):iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]{1,64})$/;

/** Account and name of a role from its ARN; undefined when it is not the ARN of a role. */
export function parseRoleArn(arn: string): { partition: string; account: string; name: string } | undefined {
  const [, partition, account, name] = ROLE_ARN.exec(arn) ?? [];
  return partition && account && name ? { partition, account, name } : undefined;
}

/** The STS ARN of a session of a role. */
export function assumedRoleArn(roleArn: string, sessionName: string): string {
  const role = parseRoleArn(roleArn);
  if (!role) throw new RangeError(`${roleArn} is not the ARN of a role`);
  return `arn:${role.partition}:sts::${role.account}:assumed-role/${role.name}/${sessionName}`;
}

/** Sessions kept in `kernel.durable`; every caller with the same kernel sees the same ones. */
export function createSessions(kernel: Kernel): Sessions {
  const stored = kernel.durable.map<Session>("aws.sessions");
  return {
    issue({ roleArn, sessionName, durationSeconds, caller }) {
      const role = parseRoleArn(roleArn);
      if (!role) throw new RangeError(`${roleArn} is not the ARN of a role`);
      const accessKeyId = `ASIA${kernel.ids.hex(16).toUpperCase()}`;
      const session: Session = {
        accessKeyId,
        secretAccessKey: kernel.ids.hex(40),
        sessionToken: kernel.ids.hex(64),
        expiresAt: durationSeconds === undefined ? undefined : kernel.clock.now() + durationSeconds * 1000,
        principal: {
          type: "AssumedRole",
          arn: assumedRoleArn(roleArn, sessionName),
          account: role.account,
          accessKeyId,
          roleArn,
          ...(caller ? { caller } : {}),
        },
      };
      stored.set(accessKeyId, session);
      return session;
    },
    find: (accessKeyId) => stored.get(accessKeyId),
  };
}
