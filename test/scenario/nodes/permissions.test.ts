import { expect, it } from "vitest";
import { nodesFunctions } from "../../../functions/platform/nodes.ts";
import { CallLog, compare, declaredGrants } from "../../builders/call-record.ts";
import { lifeOfNodes } from "../../builders/node-story.ts";

it("what is about nodes may do what it does, and nothing that it does not", async () => {
  const log = new CallLog();
  await lifeOfNodes(log);
  const own = new Set([
    ...nodesFunctions.map(({ name }) => `function/${name}`),
    ...["list-nodes", "get-automation", "reset-breaker", "remediate-node"].map(
      (name) => `function/api-${name}`,
    ),
    "workflow/remediate-node",
  ]);
  const granted = new Map([...declaredGrants].filter(([caller]) => own.has(caller)));
  const needs = await log.needs();
  const ownNeeds = new Map([...needs].filter(([caller]) => own.has(caller)));
  expect([...own].filter((caller) => !needs.has(caller))).toEqual([]);
  const { missing, unused } = compare(granted, ownNeeds);
  expect(missing).toEqual([]);
  // Other accounts, private endpoints, and a start that fails half way: the scenarios of those have them.
  const excepted =
    /: (sts:AssumeRole|lambda:InvokeFunction|dynamodb:(DeleteItem|BatchGetItem)|(logs|xray):\w+)$/;
  expect(unused.filter((finding) => !excepted.test(finding))).toEqual([]);
});
