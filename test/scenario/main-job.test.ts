import { describe, expect, it } from "vitest";
import { runMainJob } from "../../local/main-job/main-job.ts";
import { createPlatform } from "../../local/platform.ts";
import { EXAMPLE_WORKLOADS } from "../builders/platform.ts";

/** Runs the main job on a platform of its own; returns what it printed and every execution's history. */
async function mainJob(seed: number) {
  const platform = await createPlatform({ time: { kind: "virtual" }, seed });
  let printed = "";
  const write = (text: string): void => {
    printed += text;
  };
  const output = { write, isTTY: false, columns: 200 };
  const code = await runMainJob({
    platform,
    file: new URL("../../examples/cluster.yaml", import.meta.url).pathname,
    nodes: undefined,
    workloads: EXAMPLE_WORKLOADS,
    to: "1.36",
    stdout: output,
    stderr: output,
  });
  const histories = await executionHistories(platform);
  await platform.close();
  return { code, printed, histories };
}

async function executionHistories(platform: Awaited<ReturnType<typeof createPlatform>>): Promise<string> {
  const scope = {
    ...platform.home,
    principal: {
      type: "Root" as const,
      arn: "arn:aws:iam::111122223333:root",
      account: "111122223333",
      accessKeyId: "",
    },
  };
  const call = (operation: string, input: object) => platform.endpoint.call("sfn", operation, input, scope);
  const { stateMachines = [] } = (await call("ListStateMachines", {})) as {
    stateMachines?: { stateMachineArn: string }[];
  };
  const lines: string[] = [];
  for (const { stateMachineArn } of stateMachines) {
    const { executions = [] } = (await call("ListExecutions", { stateMachineArn })) as {
      executions?: { executionArn: string }[];
    };
    for (const { executionArn } of executions) {
      let nextToken: string | undefined;
      do {
        const page = (await call("GetExecutionHistory", { executionArn, maxResults: 1000, nextToken })) as {
          events: unknown[];
          nextToken?: string;
        };
        for (const event of page.events) lines.push(`${executionArn} ${JSON.stringify(event)}`);
        nextToken = page.nextToken;
      } while (nextToken);
    }
  }
  return lines.join("\n");
}

describe("the main job", () => {
  it("makes a cluster of its file and takes it from 1.33 to 1.36, and proves it", async () => {
    const { code, printed } = await mainJob(1);
    expect(printed).toContain("✔ no disruption budget violated");
    expect(printed).not.toContain("✗");
    expect(code).toBe(0);
    for (const version of ["1.34", "1.35", "1.36"]) {
      for (const group of ["system", "workers", "batch"])
        expect(printed).toContain(`${version}/nodegroup/${group}`);
    }
  });

  it("has the same history, byte for byte, for the same seed, and another for another", async () => {
    const [first, second, other] = [await mainJob(7), await mainJob(7), await mainJob(8)];
    expect(second.histories.length).toBeGreaterThan(100_000);
    expect(second.histories === first.histories).toBe(true);
    expect(second.printed).toBe(first.printed);
    expect(other.histories === first.histories).toBe(false);
  });
});
