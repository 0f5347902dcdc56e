import { afterEach, describe, expect, it } from "vitest";
import { CLUSTER_ARN, HOME, type NodeStage, nodeStage } from "../../builders/nodes.ts";

/** EC2 takes Spot machines two minutes after it said so. */
let on: NodeStage;
afterEach(() => on.close());

/** A cluster whose group runs on Spot machines. */
async function spotStage(nodes: Parameters<typeof nodeStage>[0] = {}): Promise<void> {
  on = await nodeStage({ spot: true, ...nodes });
}

interface Watched {
  cordonedAt?: number;
  /** When pods of the workload were told to go. */
  readonly evicted: number[];
}

/** Watches a node from outside: when it was cordoned, when pods of it began to go. */
function watch(node: string): Watched {
  const { kubernetes, kernel } = on.stage.platform;
  const seen: Watched = { evicted: [] };
  kubernetes.onChange((_arn, type, object) => {
    if (object.kind === "Node" && object.metadata.name === node && object.spec?.unschedulable === true)
      seen.cordonedAt ??= kernel.clock.now();
    if (object.kind !== "Pod" || object.spec?.nodeName !== node || type !== "MODIFIED") return;
    if (object.metadata.deletionTimestamp !== undefined && object.metadata.namespace === "default")
      seen.evicted.push(kernel.clock.now());
  });
  return seen;
}

const podsOn = (node: string): string[] =>
  on.stage.platform.kubernetes
    .list(CLUSTER_ARN, "Pod", "default")
    .filter((pod) => pod.spec?.nodeName === node)
    .map((pod) => pod.metadata.name);

/** A node with pods of the workload on it. */
const busy = (): string => on.nodes().find((name) => podsOn(name).length > 0) ?? "";

describe("a Spot machine that EC2 takes", () => {
  it("is cordoned and draining within 5 s, and empty before its two minutes are over", async () => {
    await spotStage();
    on.workload(8, 2);
    await on.pass(120);
    const node = busy();
    const seen = watch(node);
    const { clock } = on.stage.platform.kernel;
    const at = clock.now();
    on.stage.platform.troubles.interruptSpot(HOME, on.instanceOf(node));
    await on.pass(6);
    expect((seen.cordonedAt ?? Number.POSITIVE_INFINITY) - at).toBeLessThanOrEqual(5000);
    expect(Math.min(...seen.evicted) - at).toBeLessThanOrEqual(5000);
    await on.pass(110);
    expect(podsOn(node)).toEqual([]);
    const drained = on.ofType("Spot Drained");
    expect(drained).toHaveLength(1);
    expect((drained[0]?.at ?? 0) - at).toBeLessThanOrEqual(120_000);
    expect(drained[0]?.detail).toMatchObject({ podsLeft: 0 });
    // The group replaces it by itself, and no operation was needed.
    await on.pass(900);
    expect(on.nodes()).toHaveLength(4);
    expect(on.nodes()).not.toContain(node);
    expect(await on.operations()).toEqual([]);
    expect((await on.automation()).remediations).toMatchObject([{ kind: "spot", outcome: "succeeded" }]);
  });

  it("a budget holds to the last, what it holds is named, and nothing is evicted against it", async () => {
    await spotStage();
    on.workload(8, 0);
    await on.pass(120);
    const node = busy();
    const seen = watch(node);
    const held = podsOn(node);
    on.stage.platform.troubles.interruptSpot(HOME, on.instanceOf(node));
    await on.pass(116);
    expect(seen.cordonedAt).toBeDefined();
    expect(seen.evicted).toEqual([]);
    const [drained] = on.ofType("Spot Drained");
    expect(drained?.detail.message).toMatch(/still on/);
    for (const pod of held) expect(JSON.stringify(drained?.detail)).toContain(pod);
    await on.pass(900);
    expect((await on.automation()).remediations).toMatchObject([{ kind: "spot", outcome: "failed" }]);
  });

  it("is drained beside an operation that has the cluster", async () => {
    await spotStage();
    on.workload(8, 2);
    await on.pass(120);
    expect((await on.api("POST", "/v1/clusters/demo/upgrades", { to: "1.34" })).status).toBe(202);
    const node = busy();
    const seen = watch(node);
    const at = on.stage.platform.kernel.clock.now();
    on.stage.platform.troubles.interruptSpot(HOME, on.instanceOf(node));
    await on.pass(6);
    expect((seen.cordonedAt ?? Number.POSITIVE_INFINITY) - at).toBeLessThanOrEqual(5000);
    await on.pass(4 * 3600);
    const [operation] = await on.operations();
    expect(operation?.status).toBe("Succeeded");
    expect(on.cordoned()).toEqual([]);
  });

  it("told twice it is told once; a warning that is old, or about another machine, does nothing", async () => {
    await spotStage();
    const [first = "", second = ""] = on.nodes();
    const { events, kernel } = on.stage.platform;
    const warn = (instance: string, at: number): void => {
      events.putEvents(
        [
          {
            Source: "aws.ec2",
            DetailType: "EC2 Spot Instance Interruption Warning",
            Detail: JSON.stringify({ "instance-id": instance, "instance-action": "terminate" }),
            Time: new Date(at),
          },
        ],
        HOME,
      );
    };
    warn(on.instanceOf(second), kernel.clock.now() - 3_600_000);
    warn("i-0abc1234def567890", kernel.clock.now());
    await on.pass(30);
    expect(on.cordoned()).toEqual([]);
    warn(on.instanceOf(first), kernel.clock.now());
    warn(on.instanceOf(first), kernel.clock.now());
    await on.pass(130);
    expect(on.cordoned()).toEqual([first]);
    expect(on.ofType("Spot Interruption")).toHaveLength(1);
    expect(on.ofType("Spot Drained")).toHaveLength(1);
    expect((await on.automation()).remediations).toHaveLength(1);
  });

  it("report and off leave it alone, and an On-Demand machine is never meant", async () => {
    await spotStage({ nodes: { spot: "report" } });
    const [node = ""] = on.nodes();
    on.stage.platform.troubles.interruptSpot(HOME, on.instanceOf(node));
    await on.pass(60);
    expect(on.cordoned()).toEqual([]);
    expect(on.ofType("Spot Interruption")).toHaveLength(1);
    await on.close();
    on = await nodeStage();
    const [onDemand = ""] = on.nodes();
    await on.put("aws.ec2", "EC2 Spot Instance Interruption Warning", {
      "instance-id": on.instanceOf(onDemand),
      "instance-action": "terminate",
    });
    await on.pass(60);
    expect(on.cordoned()).toEqual([]);
    expect(on.told).toEqual([]);
  });
});
