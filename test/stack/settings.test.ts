import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInputError } from "../../core/errors.ts";
import { readSettings } from "../../stacks/settings.ts";

/** Fields of the problems that reading reports; empty when there is none. */
function problemsOf(stage: string, env: Record<string, string>): string[] {
  try {
    readSettings(stage, env);
    return [];
  } catch (error) {
    if (error instanceof InvalidInputError) return error.problems.map(({ field }) => field);
    throw error;
  }
}

describe("settings of a deployment", () => {
  it("need nothing but a stage", () => {
    expect(readSettings("dev", {})).toEqual({
      stage: "dev",
      production: false,
      region: undefined,
      furtherRegions: [],
      logLevel: "INFO",
      alertsEmail: undefined,
      permissionsBoundary: undefined,
      filePolicies: false,
      vpc: undefined,
      jwt: undefined,
    });
  });

  it.each([
    ["prod", true],
    ["prod-us", true],
    ["production", false],
    ["preprod", false],
    ["dev", false],
  ])("stage %s is production: %s", (stage, production) => {
    expect(readSettings(stage, {}).production).toBe(production);
  });

  it("treat empty values as not set, as CI systems hand them over", () => {
    const names = [
      "REGION",
      "ALERTS_EMAIL",
      "PERMISSIONS_BOUNDARY",
      "VPC_SUBNETS",
      "JWT_ISSUER",
      "LOG_LEVEL",
    ];
    const empty = Object.fromEntries(names.map((name) => [`SLIPWAY_${name}`, " "]));
    expect(readSettings("dev", empty)).toEqual(readSettings("dev", {}));
  });

  it("allow policies of files only within a boundary", () => {
    expect(problemsOf("dev", { SLIPWAY_FILE_POLICIES: "allow" })).toEqual(["SLIPWAY_PERMISSIONS_BOUNDARY"]);
    const bounded = {
      SLIPWAY_FILE_POLICIES: "allow",
      SLIPWAY_PERMISSIONS_BOUNDARY: "arn:aws:iam::111122223333:policy/boundary",
    };
    expect(readSettings("dev", bounded).filePolicies).toBe(true);
  });

  it("read lists with spaces between", () => {
    const { vpc } = readSettings("dev", {
      SLIPWAY_VPC_SUBNETS: "subnet-0a1b, subnet-1b2c ,",
      SLIPWAY_VPC_SECURITY_GROUPS: "sg-0a1b",
    });
    expect(vpc).toEqual({ subnets: ["subnet-0a1b", "subnet-1b2c"], securityGroups: ["sg-0a1b"] });
  });

  it("tell every problem at once", () => {
    expect(
      problemsOf("Prod", {
        SLIPWAY_REGION: "Frankfurt",
        SLIPWAY_ALERTS_EMAIL: "nobody",
        SLIPWAY_PERMISSIONS_BOUNDARY: "boundary",
        SLIPWAY_VPC_SUBNETS: "vpc-1",
        SLIPWAY_JWT_AUDIENCE: "slipway",
        SLIPWAY_LOG_LEVEL: "TRACE",
      }).sort(),
    ).toEqual([
      "--stage",
      "SLIPWAY_ALERTS_EMAIL",
      "SLIPWAY_JWT_ISSUER",
      "SLIPWAY_LOG_LEVEL",
      "SLIPWAY_PERMISSIONS_BOUNDARY",
      "SLIPWAY_REGION",
      "SLIPWAY_VPC_SECURITY_GROUPS",
      "SLIPWAY_VPC_SUBNETS",
    ]);
  });

  it("take any stage whose names fit, and refuse every other before anything is deployed", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), (stage) => {
        const fits = /^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/.test(stage);
        expect(problemsOf(stage, {})).toEqual(fits ? [] : ["--stage"]);
      }),
    );
  });
});
