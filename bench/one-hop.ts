import { readFile } from "node:fs/promises";
import { run } from "../cli/run.ts";
import { createPlatform } from "../local/platform.ts";
import type { Figure } from "./report.ts";

/** US dollars, us-east-1, on demand: Step Functions Standard per transition; Lambda arm64 per request and GB-s. */
const TRANSITION = 0.025 / 1000;
const LAMBDA_REQUEST = 0.2 / 1_000_000;
const LAMBDA_GB_SECOND = 0.0000133334;
/** What a task takes on AWS, mostly waiting for EKS and Kubernetes; an assumption, not a measurement. */
const SECONDS_PER_INVOCATION = 0.5;
const GB = 0.5;

interface Counts {
  readonly transitions: number;
  readonly calls: number;
  readonly eksCalls: number;
  readonly invocations: number;
}

/** What a one-hop upgrade of the example cluster costs: transitions, API calls, Lambda invocations, dollars. */
export async function benchOneHop(): Promise<Figure[]> {
  const platform = await createPlatform({ time: { kind: "virtual" } });
  const { clock } = platform.kernel;
  let calls = 0;
  let eksCalls = 0;
  platform.endpoint.onCall((call) => {
    calls++;
    if (call.service === "eks") eksCalls++;
  });
  const counts = (): Counts => ({
    transitions: platform.engine.transitions,
    calls,
    eksCalls,
    invocations: [...platform.lambda.invocations]
      .filter(([name]) => !name.startsWith("api-"))
      .reduce((sum, [, n]) => sum + n, 0),
  });
  const file = await readFile(new URL("../examples/cluster.yaml", import.meta.url), "utf8");
  const output = { write: () => {}, isTTY: false, columns: 100 };
  const slipway = async (...args: string[]): Promise<void> => {
    const code = await clock.until(
      run(args, {
        stdout: output,
        stderr: { ...output, write: (text) => void process.stderr.write(text) },
        env: {},
        fetch: (input, init) => platform.gateway.fetch(new Request(input, init)),
        readFile: async () => file,
        confirm: async () => true,
      }),
    );
    if (code !== 0) throw new Error(`slipway ${args.join(" ")} ended with ${code}`);
  };
  await slipway("apply", "-f", "cluster.yaml", "--wait", "--yes");
  const before = counts();
  await slipway("upgrade", "demo", "--to", "1.34", "--wait", "--yes");
  const after = counts();
  await platform.close();
  const transitions = after.transitions - before.transitions;
  const invocations = after.invocations - before.invocations;
  const dollars =
    transitions * TRANSITION +
    invocations * (LAMBDA_REQUEST + SECONDS_PER_INVOCATION * GB * LAMBDA_GB_SECOND);
  return [
    {
      what: "one-hop upgrade, 3 groups of 4 nodes: state transitions",
      value: String(transitions),
      beside: "4,000 a month are free",
    },
    {
      what: "API calls",
      value: `${after.calls - before.calls}`,
      beside: `${after.eksCalls - before.eksCalls} of them EKS`,
    },
    {
      what: "Lambda invocations of tasks",
      value: String(invocations),
      beside: `${SECONDS_PER_INVOCATION} s each assumed`,
    },
    {
      what: "price",
      value: `$${dollars.toFixed(4)}`,
      beside: "Step Functions and Lambda, without free tiers",
    },
  ];
}
