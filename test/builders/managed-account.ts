import { readFileSync } from "node:fs";
import type { ServiceName } from "../../local/aws/contract.ts";
import { ORGANISATION } from "../../local/world/infra/iam/simulation.ts";
import type { Rig } from "./platform.ts";

export const HOME_ACCOUNT = "111122223333";
export const OTHER_ACCOUNT = "444455556666";
export const EXTERNAL_ID = "3f9a4c61-slipway";

const template = (): string =>
  readFileSync(new URL("../../managed-account/template.yaml", import.meta.url), "utf8");

/** A call as an administrator of an account makes it. */
export function asAdmin(rig: Rig, account: string, region?: string) {
  const { endpoint, home, kernel } = rig.platform;
  const principal = {
    type: "IAMUser",
    arn: `arn:aws:iam::${account}:user/admin`,
    account,
    accessKeyId: "",
  } as const;
  return <R = Record<string, unknown>>(service: ServiceName, operation: string, input: object): Promise<R> =>
    kernel.clock.until(
      endpoint.call(service, operation, input, {
        account,
        region: region ?? home.region,
        principal,
      }) as Promise<R>,
    );
}

/** Makes the stack of a managed account, as docs/deploy.md says, and waits for it. Returns its status. */
export async function manageAccount(
  rig: Rig,
  account = OTHER_ACCOUNT,
  parameters: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  const call = asAdmin(rig, account);
  const values = {
    CentralAccount: HOME_ACCOUNT,
    OrganizationId: ORGANISATION,
    ExternalId: EXTERNAL_ID,
    CentralBusArn: `arn:aws:events:eu-west-1:${HOME_ACCOUNT}:event-bus/default`,
    Stage: "local",
    RoleName: "slipway-local-managed",
    RoleRegion: "eu-west-1",
    ...parameters,
  };
  await call("cloudformation", "CreateStack", {
    StackName: "slipway-managed",
    TemplateBody: template(),
    Capabilities: ["CAPABILITY_NAMED_IAM"],
    Parameters: Object.entries(values).map(([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    })),
  });
  const { clock } = rig.platform.kernel;
  await clock.until(clock.sleep(600_000));
  const { Stacks } = await call<{ Stacks: { StackStatus: string }[] }>("cloudformation", "DescribeStacks", {
    StackName: "slipway-managed",
  });
  return Stacks[0]?.StackStatus;
}
