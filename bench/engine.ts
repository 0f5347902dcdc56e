import type { StateMachine } from "../core/declaration.ts";
import { createEngine } from "../local/asl/engine.ts";
import type { CallScope } from "../local/aws/contract.ts";
import { createEndpoint } from "../local/aws/endpoint.ts";
import { createSdkIntegrations } from "../local/aws/sdk-integrations.ts";
import { createKernel } from "../local/kernel/kernel.ts";
import { HOME } from "../local/names.ts";
import { type Figure, perSecond } from "./report.ts";

const scope: CallScope = {
  ...HOME,
  principal: {
    type: "Root",
    arn: `arn:aws:iam::${HOME.account}:root`,
    account: HOME.account,
    accessKeyId: "",
  },
};

/** Counts from 0 to `rounds`: a Choice and a Pass per round, with the cheapest expressions there are. */
const chain = (rounds: number): StateMachine => ({
  QueryLanguage: "JSONata",
  StartAt: "Begin",
  States: {
    Begin: { Type: "Pass", Assign: { n: 0 }, Next: "More?" },
    "More?": {
      Type: "Choice",
      Choices: [{ Condition: `{% $n < ${rounds} %}`, Next: "Count" }],
      Default: "End",
    },
    Count: { Type: "Pass", Assign: { n: "{% $n + 1 %}" }, Next: "More?" },
    End: { Type: "Succeed" },
  },
});

/** The same loop with the kind of expression that plans and fan-outs have. */
const heavy = (rounds: number): StateMachine => ({
  ...chain(rounds),
  States: {
    ...chain(rounds).States,
    Count: {
      Type: "Pass",
      Assign: { n: "{% $n + 1 %}" },
      Output: {
        groups:
          "{% $map([1..20], function($i) { { 'name': 'group-' & $i, 'size': $i * 3, 'zones': $partition(['a','b','c'], 2) } })[size > 15] %}",
        total: "{% $sum($map([1..50], function($v) { $v * $v })) %}",
        digest: "{% $hash($string($states.context.Execution.Id) & $n, 'SHA-256') %}",
      },
      Next: "More?",
    },
  },
});

async function transitions(definition: StateMachine): Promise<{ count: number; ms: number }> {
  const kernel = createKernel({ time: { kind: "virtual" } });
  const endpoint = createEndpoint({ kernel });
  const engine = createEngine({ kernel, endpoint, sdk: createSdkIntegrations(endpoint) });
  endpoint.serve("sfn", engine.handlers);
  kernel.timers.start();
  const call = (operation: string, input: object) => endpoint.call("sfn", operation, input, scope);
  const { stateMachineArn } = await call("CreateStateMachine", {
    name: "bench",
    definition: JSON.stringify(definition),
    roleArn: `arn:aws:iam::${HOME.account}:role/bench`,
  });
  const ended = new Promise<string>((resolve) => {
    engine.onStatusChange((change) => {
      if (change.status !== "RUNNING") resolve(change.status);
    });
  });
  const began = performance.now();
  await call("StartExecution", { stateMachineArn, input: "{}" });
  const status = await kernel.clock.until(ended);
  if (status !== "SUCCEEDED") throw new Error(`the bench's execution ended ${status}`);
  return { count: engine.transitions, ms: performance.now() - began };
}

/** State transitions per second of the embedded engine, history kept, one execution at a time. */
export async function benchEngine(): Promise<Figure[]> {
  await transitions(chain(500)); // warm up
  const simple = await transitions(chain(3500));
  const jsonata = await transitions(heavy(1000));
  return [
    {
      what: "engine, Pass/Choice chain",
      value: perSecond(simple.count, simple.ms),
      beside: `${(jsonata.ms / jsonata.count / (simple.ms / simple.count)).toFixed(1)} times as fast as the JSONata-heavy one`,
    },
    { what: "engine, JSONata-heavy", value: perSecond(jsonata.count, jsonata.ms), beside: "" },
  ];
}
