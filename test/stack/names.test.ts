import { describe, expect, it } from "vitest";
import { apiFunctions } from "../../functions/api/platform.ts";
import { functions } from "../../functions/platform.ts";
import * as local from "../../local/names.ts";
import { logical, namesOf } from "../../stacks/names.ts";
import { statements, trust } from "../../stacks/policy.ts";
import { workflows } from "../../workflows/platform.ts";

const names = namesOf({ stage: local.STAGE, partition: "aws", ...local.HOME });

describe("names of a stage", () => {
  it("are those of the embedded platform", () => {
    expect(names.of()).toBe(local.TABLE);
    expect(names.of()).toBe(local.BUS);
    expect(names.workflowPrefix).toBe(local.workflowArnPrefix(local.HOME));
    for (const { name } of [...functions, ...apiFunctions]) {
      expect(names.of(name)).toBe(local.functionName(name));
      expect(names.function(name)).toBe(local.functionArn(local.HOME, name));
    }
    for (const { name } of workflows) expect(names.workflow(name)).toBe(local.workflowArn(local.HOME, name));
  });

  it("tell two resources apart inside of the program too", () => {
    const all = [...functions, ...apiFunctions].map(({ name }) => logical(name));
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("policies", () => {
  const regional = {
    actions: ["eks:DescribeCluster"],
    resources: ["arn:{partition}:eks:{region}:{account}:cluster/*"],
  };
  const viaEks = {
    actions: ["kms:CreateGrant"],
    resources: ["arn:{partition}:kms:{region}:*:key/*"],
    conditions: { StringEquals: { "kms:ViaService": "eks.{region}.amazonaws.com" } },
  };

  it("name the region, the account and the partition of the deployment", () => {
    const [statement] = statements(
      [regional],
      namesOf({ stage: "prod", partition: "aws-cn", ...local.HOME }),
    );
    expect(statement?.Resource).toEqual(["arn:aws-cn:eks:eu-west-1:111122223333:cluster/*"]);
  });

  it("are for every region of the stage and for no other", () => {
    const several = namesOf({
      stage: "prod",
      partition: "aws",
      ...local.HOME,
      furtherRegions: ["us-east-1"],
    });
    const table = { actions: ["dynamodb:GetItem"], resources: ["{table}"] };
    expect(statements([regional, viaEks, table], several)).toEqual([
      {
        Effect: "Allow",
        Action: ["eks:DescribeCluster"],
        Resource: ["arn:aws:eks:*:111122223333:cluster/*"],
      },
      {
        Effect: "Allow",
        Action: ["kms:CreateGrant"],
        Resource: ["arn:aws:kms:*:*:key/*"],
        Condition: {
          StringEquals: {
            "kms:ViaService": ["eks.eu-west-1.amazonaws.com", "eks.us-east-1.amazonaws.com"],
          },
        },
      },
      {
        Effect: "Allow",
        Action: ["dynamodb:GetItem"],
        Resource: ["arn:aws:dynamodb:eu-west-1:111122223333:table/slipway-prod"],
      },
      {
        Effect: "Deny",
        NotAction: ["health:*", "iam:*", "sts:*"],
        Resource: "*",
        Condition: { StringNotEquals: { "aws:RequestedRegion": ["eu-west-1", "us-east-1"] } },
      },
    ]);
  });

  it("are not made for a placeholder that nobody knows", () => {
    expect(() => statements([{ actions: ["a:B"], resources: ["{tabel}"] }], names)).toThrow(TypeError);
  });

  it("trust a service on behalf of this account where the service says for whom it acts", () => {
    expect(JSON.parse(trust("states.amazonaws.com", names)).Statement).toEqual([
      {
        Effect: "Allow",
        Principal: { Service: "states.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "aws:SourceAccount": "111122223333" } },
      },
    ]);
  });
});
