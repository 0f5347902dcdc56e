import { SlipwayError, TerminalError } from "../core/errors.ts";
import { aws } from "./aws/errors.ts";
import { createSend } from "./aws/operations/client.ts";
import { assumeRole } from "./aws/operations/operations.ts";
import { managedAccountRemedy } from "./managed-account-remedy.ts";
import type { Runtime } from "./runtime.ts";
import { perRuntime } from "./system-runtime.ts";

/** AWS allows no less than 15 minutes; nothing of ours that runs in another account takes longer. */
const SESSION_SECONDS = 900;
/** A session is asked for again this long after it was made: whoever gets one can work with it for six minutes. */
const FRESH_MS = 9 * 60_000;

export interface AccountAndRegion {
  readonly account: string;
  readonly region: string;
}

/** The role that managed-account/template.yaml makes in every managed account. */
export const managedRoleName = (stage: string): string => `slipway-${stage}-managed`;

/** `arn:aws:iam::444455556666:role/slipway-prod-managed`; undefined for Slipway's own account, which needs none. */
export function managedRoleArn({ config }: Pick<Runtime, "config">, account: string): string | undefined {
  if (account === config.account) return undefined;
  const partition = config.workflowArnPrefix.split(":")[1] ?? "aws";
  return `arn:${partition}:iam::${account}:role/${managedRoleName(config.stage)}`;
}

interface Elsewhere {
  readonly runtime: Promise<Runtime>;
  readonly since: number;
}

/** Runtimes of other places by `account region`: their clients and tokens are kept with them. */
const elsewhere = perRuntime(() => new Map<string, Elsewhere>());

/** The runtime at home that one of another place was made from: only that one may assume roles. */
const homes = new WeakMap<Runtime, Runtime>();

/**
 * The runtime for the account and region of a cluster: what is asked of EKS, EC2 and Kubernetes goes there. Slipway's
 * own store, bus and workflows are at home: they are asked with the runtime that came with the invocation.
 *
 * Another account is reached by assuming Slipway's role there. Throws TerminalError `ManagedAccountUnknown` when no
 * external id is configured, `ManagedAccountRefused` when the role does not let us in.
 */
export async function runtimeIn(runtime: Runtime, place: AccountAndRegion): Promise<Runtime> {
  const home = homes.get(runtime) ?? runtime;
  const { config, clock } = home;
  const { account, region } = place;
  if (account === config.account && region === config.region) return home;
  const known = elsewhere(home);
  const key = `${account} ${region}`;
  const now = clock.now();
  const cached = known.get(key);
  if (cached && (account === config.account || now - cached.since < FRESH_MS)) return cached.runtime;
  const made = { runtime: makeRuntime(home, place), since: now };
  known.set(key, made);
  try {
    return await made.runtime;
  } catch (error) {
    // A failure must not stay: the role may be there in a minute.
    if (known.get(key) === made) known.delete(key);
    throw error;
  }
}

async function makeRuntime(home: Runtime, { account, region }: AccountAndRegion): Promise<Runtime> {
  const credentials = account === home.config.account ? {} : { credentials: await session(home, account) };
  const there: Runtime = {
    ...home,
    config: { ...home.config, region },
    aws: { ...home.aws, region, ...credentials },
  };
  homes.set(there, home);
  return there;
}

async function session(home: Runtime, account: string) {
  const { config } = home;
  if (config.externalId === undefined)
    throw new TerminalError(`account ${account} is another one, and no external id is configured`, {
      code: "ManagedAccountUnknown",
      remedy: "Set SLIPWAY_EXTERNAL_ID and deploy the stage again (docs/deploy.md).",
    });
  const RoleArn = managedRoleArn(home, account) ?? "";
  try {
    const { Credentials } = await aws(`sts AssumeRole ${RoleArn}`, () =>
      createSend(home.aws)(assumeRole, {
        RoleArn,
        RoleSessionName: `slipway-${config.stage}`,
        ExternalId: config.externalId,
        DurationSeconds: SESSION_SECONDS,
      }),
    );
    return {
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretAccessKey ?? "",
      sessionToken: Credentials?.SessionToken ?? "",
    };
  } catch (error) {
    if (error instanceof SlipwayError && error.code.startsWith("AccessDenied"))
      throw new TerminalError(`account ${account} does not let Slipway in: ${error.message}`, {
        code: "ManagedAccountRefused",
        remedy: managedAccountRemedy(account),
        detail: { account, role: RoleArn },
        cause: error,
      });
    throw error;
  }
}
