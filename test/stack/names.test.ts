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
  it("name this account where a grant leaves it open, but not for keys, which accounts share", () => {
    const resources = ["arn:aws:eks:*:*:cluster/*", "arn:aws:kms:{region}:*:key/*", "{table}", "*"];
    const [statement] = statements([{ actions: ["a:B"], resources }], names);
    expect([...(statement?.Resource ?? [])].sort()).toEqual([
      "*",
      "arn:aws:dynamodb:eu-west-1:111122223333:table/slipway-local",
      "arn:aws:eks:*:111122223333:cluster/*",
      "arn:aws:kms:eu-west-1:*:key/*",
    ]);
  });

  it("live in the partition of the deployment", () => {
    const china = namesOf({
      stage: "prod",
      partition: "aws-cn",
      account: "111122223333",
      region: "cn-north-1",
    });
    const [statement] = statements([{ actions: ["a:B"], resources: ["arn:aws:eks:*:*:cluster/*"] }], china);
    expect(statement?.Resource).toEqual(["arn:aws-cn:eks:*:111122223333:cluster/*"]);
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
