import { describe, expect, it } from "vitest";
import { evaluate, trusts } from "../../../local/world/infra/iam/evaluate.ts";

const policy = (...statements: object[]): string => JSON.stringify({ Statement: statements });
const allow = (over: object = {}) => ({
  Effect: "Allow",
  Action: "eks:Describe*",
  Resource: "arn:x:cluster/*",
  ...over,
});

const ask = (
  documents: readonly string[],
  context: Record<string, string> = {},
  action = "eks:DescribeCluster",
  resource = "arn:x:cluster/a",
) =>
  evaluate(documents, {
    action,
    resource,
    context: new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), [value]])),
  });

describe("policies of the embedded IAM", () => {
  it.each([
    ["an action by pattern, whatever its case", [policy(allow())], {}, "allowed"],
    ["nothing", [], {}, "implicitDeny"],
    ["another action", [policy(allow({ Action: ["eks:List*"] }))], {}, "implicitDeny"],
    ["another resource", [policy(allow({ Resource: "arn:x:nodegroup/*" }))], {}, "implicitDeny"],
    ["one character for each ?", [policy(allow({ Resource: "arn:?:cluster/?" }))], {}, "allowed"],
    [
      "a denial beside an allowance",
      [policy(allow()), policy(allow({ Effect: "Deny" }))],
      {},
      "explicitDeny",
    ],
    [
      "all but a denied action",
      [policy({ Effect: "Deny", NotAction: "eks:*", Resource: "*" }, allow())],
      {},
      "allowed",
    ],
    [
      "a condition that holds",
      [policy(allow({ Condition: { StringEquals: { k: ["a", "b"] } } }))],
      { K: "b" },
      "allowed",
    ],
    [
      "a condition that does not",
      [policy(allow({ Condition: { StringEquals: { k: "a" } } }))],
      { k: "c" },
      "implicitDeny",
    ],
    ["a pattern", [policy(allow({ Condition: { StringLike: { k: "a*" } } }))], { k: "abc" }, "allowed"],
    [
      "a key that must be there",
      [policy(allow({ Condition: { Null: { k: "false" } } }))],
      { k: "x" },
      "allowed",
    ],
    [
      "a key that must not be there",
      [policy(allow({ Condition: { Null: { k: "true" } } }))],
      { k: "x" },
      "implicitDeny",
    ],
    [
      "a condition only where the key is",
      [policy(allow({ Condition: { StringEqualsIfExists: { k: "a" } } }))],
      {},
      "allowed",
    ],
    [
      "an operator that is not known",
      [policy(allow({ Condition: { NumericLessThan: { k: "3" } } }))],
      { k: "1" },
      "implicitDeny",
    ],
  ])("%s", (_what, documents, context, decision) => {
    expect(ask(documents, context as Record<string, string>).decision).toBe(decision);
  });

  it("names the keys that would decide, and none when others have decided", () => {
    const conditional = allow({ Condition: { StringEquals: { "aws:SourceIp": "1" } } });
    expect(ask([policy(conditional)])).toEqual({ decision: "implicitDeny", missing: ["aws:SourceIp"] });
    expect(ask([policy(conditional, allow())])).toEqual({ decision: "allowed", missing: [] });
    expect(ask([policy(allow({ Condition: { Null: { k: "false" } } }))]).missing).toEqual(["k"]);
  });
});

describe("trust", () => {
  const who = { arn: "arn:aws:iam::1:role/slipway-prod-x", account: "1" };
  const trust = (Principal: unknown, Condition?: object): string =>
    policy({ Effect: "Allow", Principal, Action: "sts:AssumeRole", ...(Condition ? { Condition } : {}) });
  it.each([
    ["the account", trust({ AWS: "arn:aws:iam::1:root" }), true],
    ["the role", trust({ AWS: [who.arn] }), true],
    ["anybody", trust("*"), true],
    ["another account", trust({ AWS: "arn:aws:iam::2:root" }), false],
    ["a service", trust({ Service: "lambda.amazonaws.com" }), false],
    [
      "the account with the external id",
      trust({ AWS: "1" }, { StringLike: { "sts:ExternalId": "sec*" } }),
      true,
    ],
    [
      "the account with another external id",
      trust({ AWS: "1" }, { StringEquals: { "sts:ExternalId": "x" } }),
      false,
    ],
  ])("in %s", (_what, document, expected) => {
    expect(trusts(document, who, new Map([["sts:externalid", ["secret"]]]))).toBe(expected);
  });
});
