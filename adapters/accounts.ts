import { TerminalError } from "../core/errors.ts";
import { aws } from "./aws/errors.ts";
import { createSend } from "./aws/operations/client.ts";
import { assumeRole } from "./aws/operations/operations.ts";
import type { Runtime } from "./runtime.ts";

/** AWS allows no less than 15 minutes; nothing of ours that runs in another account takes longer. */
const SESSION_SECONDS = 900;

/** The role that managed-account/template.yaml makes in every managed account. */
export const managedRoleName = (stage: string): string => `slipway-${stage}-managed`;

/**
 * The runtime for another region, or for another account by assuming Slipway's role there. Throws TerminalError
 * `ManagedAccountUnknown` when no external id is configured, `AccessDenied` when the role does not let us in.
 */
export async function runtimeIn(
  runtime: Runtime,
  place: { readonly account: string; readonly region: string },
): Promise<Runtime> {
  const { config } = runtime;
  const { account, region } = place;
  if (account === config.account && region === config.region) return runtime;
  const there = { ...runtime, config: { ...config, region }, aws: { ...runtime.aws, region } };
  if (account === config.account) return there;
  if (config.externalId === undefined)
    throw new TerminalError(`account ${account} is another one, and no external id is configured`, {
      code: "ManagedAccountUnknown",
      remedy: "Set SLIPWAY_EXTERNAL_ID and deploy the stage again (docs/deploy.md).",
    });
  const partition = config.workflowArnPrefix.split(":")[1] ?? "aws";
  const RoleArn = `arn:${partition}:iam::${account}:role/${managedRoleName(config.stage)}`;
  const { Credentials } = await aws(`sts AssumeRole ${RoleArn}`, () =>
    createSend(runtime.aws)(assumeRole, {
      RoleArn,
      RoleSessionName: `slipway-${config.stage}`,
      ExternalId: config.externalId,
      DurationSeconds: SESSION_SECONDS,
    }),
  );
  return {
    ...there,
    aws: {
      ...there.aws,
      credentials: {
        accessKeyId: Credentials?.AccessKeyId ?? "",
        secretAccessKey: Credentials?.SecretAccessKey ?? "",
        sessionToken: Credentials?.SessionToken ?? "",
      },
    },
  };
}
