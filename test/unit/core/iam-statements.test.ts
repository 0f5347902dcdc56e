import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Grant } from "../../../core/declaration.ts";
import { allowStatements } from "../../../core/iam-statements.ts";
import { evaluate } from "../../../local/world/infra/iam/evaluate.ts";

const when = (value: string): Grant["conditions"] => ({ StringEquals: { "iam:PassedToService": value } });

describe("allowStatements", () => {
  it("makes one of statements that differ in the value of their one condition", () => {
    const grant = (value: string): Grant => ({
      actions: ["iam:PassRole"],
      resources: ["r"],
      conditions: when(value) ?? {},
    });
    expect(allowStatements([grant("b"), grant("a"), grant("b")])).toEqual([
      {
        Effect: "Allow",
        Action: ["iam:PassRole"],
        Resource: ["r"],
        Condition: { StringEquals: { "iam:PassedToService": ["a", "b"] } },
      },
    ]);
  });

  const name = fc.constantFrom("a", "b", "c");
  const grants = fc.array(
    fc.record(
      {
        actions: fc.array(
          name.map((n) => `x:${n}`),
          { minLength: 1 },
        ),
        resources: fc.array(name, { minLength: 1 }),
        conditions: fc.oneof(
          name.map((n) => ({ StringEquals: { k: n } })),
          fc.record({ StringEquals: fc.record({ k: name, l: name }) }),
          fc.record({ StringEquals: name.map((n) => ({ k: n })), StringLike: name.map((n) => ({ l: n })) }),
        ),
      },
      { requiredKeys: ["actions", "resources"] },
    ),
    { maxLength: 6 },
  );

  it("allows exactly what the grants do, one by one", () => {
    const plain = (grant: Grant): string =>
      JSON.stringify({
        Statement: [
          {
            Effect: "Allow",
            Action: grant.actions,
            Resource: grant.resources,
            ...(grant.conditions ? { Condition: grant.conditions } : {}),
          },
        ],
      });
    void fc.assert(
      fc.property(grants, name, name, name, name, (given, action, resource, k, l) => {
        const request = {
          action: `x:${action}`,
          resource,
          context: new Map([
            ["k", [k]],
            ["l", [l]],
          ]),
        };
        const merged = evaluate([JSON.stringify({ Statement: allowStatements(given) })], request);
        expect(merged.decision).toBe(evaluate(given.map(plain), request).decision);
      }),
    );
  });
});
