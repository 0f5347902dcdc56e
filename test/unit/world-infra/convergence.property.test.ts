import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NodeSpec } from "../../../local/world/kubernetes-contract.ts";
import { CLUSTER_STACK } from "./cluster-stack.ts";
import { freeIps, group, PLACE, SCOPE, type World, world, zoneCounts } from "./world.ts";

type Step =
  | { readonly do: "resize"; readonly group: number; readonly desired: number }
  | { readonly do: "take"; readonly group: number; readonly index: number; readonly decrement: boolean }
  | { readonly do: "lose"; readonly group: number; readonly index: number }
  | { readonly do: "fault"; readonly name: string; readonly subnet: number; readonly times: number }
  | { readonly do: "clear" }
  | { readonly do: "wait"; readonly seconds: number }
  | { readonly do: "reload" };

const groupNumber = fc.nat({ max: 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("resize" as const), group: groupNumber, desired: fc.nat({ max: 40 }) }),
  fc.record({
    do: fc.constant("take" as const),
    group: groupNumber,
    index: fc.nat({ max: 40 }),
    decrement: fc.boolean(),
  }),
  fc.record({ do: fc.constant("lose" as const), group: groupNumber, index: fc.nat({ max: 40 }) }),
  fc.record({
    do: fc.constant("fault" as const),
    name: fc.constantFrom("SubnetWithoutIps", "SubnetGone", "InstanceQuota", "InsufficientInstanceCapacity"),
    subnet: fc.nat({ max: 2 }),
    times: fc.integer({ min: 1, max: 30 }),
  }),
  fc.record({ do: fc.constant("clear" as const) }),
  fc.record({ do: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 400 }) }),
  fc.record({ do: fc.constant("reload" as const) }),
);

const NAMES = ["blue", "green"] as const;

/** Runs the steps, with `reload` as a restart from the journal, or as nothing; returns the world at the end. */
async function run(steps: readonly Step[], journal: string | undefined): Promise<World> {
  const nodes = new Map<string, NodeSpec>();
  const open = (): World => world({ nodes, ...(journal === undefined ? {} : { journal }) });
  let w = open();
  const whole = freeIps(w);
  for (const name of NAMES) group(w, name, 5);
  for (const s of steps) {
    const name = "group" in s ? (NAMES[s.group] ?? "blue") : "blue";
    if (s.do === "resize") w.infra.resizeAsg(PLACE, name, { min: 0, desired: s.desired });
    else if (s.do === "wait") await w.advance(s.seconds);
    else if (s.do === "clear") w.faults.clear();
    else if (s.do === "fault")
      w.faults.inject({ name: s.name, subject: `subnet/${w.subnets[s.subnet]}`, times: s.times });
    else if (s.do === "reload") {
      if (journal === undefined) continue;
      w.kernel.durable.close();
      w.clock.stop();
      w = open();
    } else {
      const machines = w.infra.instancesOf(PLACE, name);
      const instanceId = machines[s.index % Math.max(1, machines.length)]?.instanceId;
      if (instanceId === undefined) continue;
      if (s.do === "take") w.infra.terminate(PLACE, instanceId, { decrement: s.decrement });
      else w.infra.ec2.TerminateInstances({ InstanceIds: [instanceId] }, SCOPE);
    }
    for (const [i, free] of freeIps(w).entries()) {
      expect(free).toBeGreaterThanOrEqual(0);
      expect(free).toBeLessThanOrEqual(whole[i] ?? Number.POSITIVE_INFINITY);
    }
  }
  w.faults.clear();
  // Left alone: a launch is retried within a minute, zones are evened out every five.
  await w.advance(4 * 3600);
  return w;
}

const summary = (w: World) => ({
  groups: NAMES.map((name) => [w.infra.asg(PLACE, name)?.desired, w.infra.asg(PLACE, name)?.min]),
  zones: NAMES.map((name) => zoneCounts(w, name)),
  nodes: w.nodes.size,
  free: freeIps(w).reduce((a, b) => a + b),
});

describe("groups left alone", () => {
  it("have their desired size, evenly over the zones, whatever happened before", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const w = await run(steps, undefined);
        for (const name of NAMES) {
          const zones = zoneCounts(w, name);
          const desired = w.infra.asg(PLACE, name)?.desired ?? -1;
          expect(zones.reduce((a, b) => a + b, 0)).toBe(desired);
          if (desired >= 3) expect((zones.at(-1) ?? 0) - (zones[0] ?? 0)).toBeLessThanOrEqual(1);
          if (desired >= 3) expect(zones).toHaveLength(3);
        }
        expect(w.nodes.size).toBe(
          NAMES.reduce((sum, name) => sum + (w.infra.asg(PLACE, name)?.desired ?? 0), 0),
        );
        const untouched = freeIps(world());
        for (const name of NAMES) w.infra.deleteAsg(PLACE, name);
        await w.advance(300);
        expect(freeIps(w)).toEqual(untouched);
        expect(w.nodes.size).toBe(0);
        w.clock.stop();
      }),
      { numRuns: 60 },
    );
  });

  it("end as if the process had never been restarted", async () => {
    const directory = mkdtempSync(join(tmpdir(), "slipway-infra-"));
    let count = 0;
    try {
      await fc.assert(
        fc.asyncProperty(
          fc
            .array(step, { maxLength: 20 })
            .filter((steps) => !steps.some((s) => s.do === "take" && s.decrement)),
          async (steps) => {
            const restarted = await run([...steps, { do: "reload" }], join(directory, `${count++}.journal`));
            const straight = await run(steps, undefined);
            expect(summary(restarted)).toEqual(summary(straight));
            restarted.kernel.durable.close();
            restarted.clock.stop();
            straight.clock.stop();
          },
        ),
        { numRuns: 40 },
      );
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

it("a stack is made to its end although the process is restarted again and again", async () => {
  const directory = mkdtempSync(join(tmpdir(), "slipway-infra-"));
  try {
    const journal = join(directory, "journal");
    let w = world({ journal });
    const StackName = "shop";
    const status = () => w.infra.cloudformation.DescribeStacks({ StackName }, SCOPE).Stacks[0]?.StackStatus;
    w.infra.cloudformation.CreateStack(
      { StackName, TemplateBody: CLUSTER_STACK, Capabilities: ["CAPABILITY_IAM"] },
      SCOPE,
    );
    let restarts = 0;
    for (; status() === "CREATE_IN_PROGRESS" && restarts < 200; restarts++) {
      await w.advance(7);
      // Virtual time goes on from the last commit: without one it would be the same seven seconds for ever.
      w.kernel.durable.map("test").set("tick", restarts);
      w.kernel.durable.close();
      w.clock.stop();
      w = world({ journal });
    }
    expect(status()).toBe("CREATE_COMPLETE");
    expect(restarts).toBeGreaterThan(15);
    expect(w.infra.ec2.DescribeNatGateways({}, SCOPE).NatGateways.map((n) => n.State)).toEqual([
      "available",
      "available",
      "available",
    ]);
    w.kernel.durable.close();
    w.clock.stop();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

it("the same seed gives the same machines", async () => {
  const history = async () => {
    const w = world({ seed: 7 });
    group(w, "blue", 12);
    await w.advance(120);
    return JSON.stringify(w.infra.instancesOf(PLACE, "blue"));
  };
  expect(await history()).toBe(await history());
});
