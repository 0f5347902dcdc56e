import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { DoctorReport } from "../../core/api/types.ts";
import { ORGANISATION } from "../../local/world/infra/iam/simulation.ts";
import { type Rig, type RigOptions, startRig } from "../builders/platform.ts";

const HOME = "111122223333";
const OTHER = "444455556666";
const EXTERNAL_ID = "3f9a4c61-slipway";
const template = readFileSync(new URL("../../managed-account/template.yaml", import.meta.url), "utf8");

let rig: Rig;
afterEach(() => rig.close());

const start = async (options: RigOptions = {}): Promise<Rig> => {
  rig = await startRig(options);
  return rig;
};

const doctor = async (accounts?: readonly string[]): Promise<DoctorReport> => {
  const response = await rig.api("POST", "/v1/doctor", accounts ? { accounts } : {});
  expect(response.status).toBe(200);
  return (await response.json()) as DoctorReport;
};

const check = (report: DoctorReport, code: string): DoctorReport["checks"][number] => {
  const found = report.checks.find((one) => one.code === code);
  if (!found) throw new Error(`no check ${code} in ${JSON.stringify(report.checks)}`);
  return found;
};

/** A call as somebody of an account makes it. */
function as(account: string, service: "cloudformation" | "iam" | "eventbridge" | "cloudtrail") {
  const { endpoint, home, kernel } = rig.platform;
  const principal = {
    type: "IAMUser",
    arn: `arn:aws:iam::${account}:user/admin`,
    account,
    accessKeyId: "",
  } as const;
  return (operation: string, input: object) =>
    kernel.clock.until(endpoint.call(service, operation, input, { account, region: home.region, principal }));
}

/** Makes the stack of a managed account and waits for it. */
async function manage(parameters: Readonly<Record<string, string>> = {}): Promise<void> {
  const call = as(OTHER, "cloudformation");
  const values = {
    CentralAccount: HOME,
    OrganizationId: ORGANISATION,
    ExternalId: EXTERNAL_ID,
    CentralBusArn: `arn:aws:events:eu-west-1:${HOME}:event-bus/default`,
    Stage: "local",
    RoleName: "slipway-local-managed",
    RoleRegion: "eu-west-1",
    ...parameters,
  };
  await call("CreateStack", {
    StackName: "slipway-managed",
    TemplateBody: template,
    Capabilities: ["CAPABILITY_NAMED_IAM"],
    Parameters: Object.entries(values).map(([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    })),
  });
  const { clock } = rig.platform.kernel;
  await clock.until(clock.sleep(600_000));
  const { Stacks } = (await call("DescribeStacks", { StackName: "slipway-managed" })) as {
    Stacks: { StackStatus: string; StackStatusReason?: string }[];
  };
  expect(Stacks[0]).toMatchObject({ StackStatus: "CREATE_COMPLETE" });
}

describe("slipway doctor at home", () => {
  it("finds a fresh platform well", async () => {
    await start();
    const run = await rig.slipway("doctor");
    expect(run.stdout).toContain("Stage local is well.");
    expect(run.code).toBe(0);
    const report = await doctor();
    expect(report.checks.map(({ code, status }) => [code, status])).toEqual([
      ["IDENTITY", "ok"],
      ["PERMISSIONS", "ok"],
      ["CLOUDTRAIL", "ok"],
      ["EVENT_PATH", "ok"],
      ["QUOTA_CLUSTERS", "ok"],
    ]);
    expect(check(report, "QUOTA_CLUSTERS").evidence).toBe("0 of 100 clusters in the region");
  });

  it("asks each managed cluster's API and counts its node groups", async () => {
    await start();
    await rig.provision({ workloads: false });
    const report = await doctor();
    expect(check(report, "KUBERNETES_ACCESS")).toMatchObject({
      status: "ok",
      subject: `${HOME}:eu-west-1:demo`,
    });
    expect(check(report, "QUOTA_NODEGROUPS")).toMatchObject({ status: "ok" });
    expect(report.status).toBe("ok");
  });

  it("fails with exit code 1 when the probe does not arrive, and says where to look", async () => {
    await start();
    await as(HOME, "eventbridge")("DisableRule", { Name: "slipway-local-doctor-probe" });
    const run = await rig.slipway("doctor", "-o", "json");
    expect(run.code).toBe(1);
    const report = JSON.parse(run.stdout) as DoctorReport;
    expect(check(report, "EVENT_PATH")).toMatchObject({
      status: "fail",
      remedy: expect.stringContaining("slipway-local-doctor-probe"),
    });
  });

  it("fails when no trail logs", async () => {
    await start();
    await as(HOME, "cloudtrail")("StopLogging", { Name: "management-events" });
    expect(check(await doctor(), "CLOUDTRAIL")).toMatchObject({ status: "fail" });
  });

  it("names the actions that a role lost", async () => {
    await start();
    const RoleName = "slipway-local-workflow-provision-cluster";
    await as(HOME, "iam")("PutRolePolicy", {
      RoleName,
      PolicyName: "guardrail",
      PolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Deny", Action: "eks:CreateCluster", Resource: "*" }],
      }),
    });
    const permissions = check(await doctor(), "PERMISSIONS");
    expect(permissions.status).toBe("fail");
    expect(permissions.evidence).toContain("eks:CreateCluster");
    expect(permissions.evidence).toContain(RoleName);
  });
});

describe("slipway doctor and managed accounts", () => {
  it("fails for an account without the role, and still reports the others", async () => {
    await start({ externalId: EXTERNAL_ID });
    const report = await doctor([HOME, OTHER]);
    expect(report.checks.filter(({ subject }) => subject.includes(HOME)).map(({ status }) => status)).toEqual(
      Array(5).fill("ok"),
    );
    const identity = report.checks.find(({ subject }) => subject === `account ${OTHER}`);
    expect(identity).toMatchObject({
      code: "IDENTITY",
      status: "fail",
      evidence: expect.stringContaining("not authorized to perform: sts:AssumeRole"),
      remedy: expect.stringContaining("managed-account/template.yaml"),
    });
  });

  it("says that there is no external id where none is configured", async () => {
    await start();
    expect(check(await doctor([OTHER]), "IDENTITY").evidence).toContain("no external id is configured");
  });

  it("finds an account well that the template was applied in", async () => {
    await start({ externalId: EXTERNAL_ID });
    await manage();
    const report = await doctor([OTHER]);
    expect(report.checks).toEqual(
      ["IDENTITY", "PERMISSIONS", "CLOUDTRAIL", "EVENT_PATH", "QUOTA_CLUSTERS"].map((code) =>
        expect.objectContaining({ code, status: "ok" }),
      ),
    );
    expect(check(report, "IDENTITY").evidence).toContain(
      `arn:aws:sts::${OTHER}:assumed-role/slipway-local-managed/`,
    );
  });

  it.each([
    ["another external id", { ExternalId: "something-else" }],
    ["another organisation", { OrganizationId: "o-another00001" }],
    ["another central account", { CentralAccount: "999999999999" }],
    ["another stage", { Stage: "dev" }],
  ])("is not let in with %s", async (_what, parameters) => {
    await start({ externalId: EXTERNAL_ID });
    await manage(parameters);
    expect(check(await doctor([OTHER]), "IDENTITY").status).toBe("fail");
  });

  it("notices that events of the account do not arrive", async () => {
    await start({ externalId: EXTERNAL_ID });
    await manage({ CentralBusArn: `arn:aws:events:eu-west-1:${HOME}:event-bus/slipway-local` });
    expect(check(await doctor([OTHER]), "EVENT_PATH")).toMatchObject({
      status: "fail",
      remedy: expect.stringContaining("central bus"),
    });
  });
});
