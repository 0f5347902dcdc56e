import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type DrainNode,
  type DrainRequest,
  nextBatch,
  nodesAllowed,
} from "../../../core/plan/drain-batch.ts";

const nodeOf = (name: string, over: Partial<DrainNode> = {}): DrainNode => ({
  name,
  zone: "a",
  state: "cordoned",
  pods: [],
  ...over,
});
const web = (name: string) => ({ namespace: "default", name, labels: { app: "web" } });
const webBudget = (disruptionsAllowed: number) => ({
  namespace: "default",
  name: "web",
  matchLabels: { app: "web" },
  disruptionsAllowed,
});

describe("how many nodes may drain at once", () => {
  it.each([
    [1, 10, 1],
    [20, 10, 10],
    ["33%", 10, 3],
    ["10%", 3, 1],
    ["100%", 4, 4],
    // Fail closed.
    [0, 10, 0],
    [-1, 10, 0],
    [1.5, 10, 0],
    [Number.NaN, 10, 0],
    [Number.POSITIVE_INFINITY, 10, 0],
    ["0%", 10, 0],
    ["101%", 10, 0],
    ["33", 10, 0],
    ["", 10, 0],
    ["abc%", 10, 0],
    [undefined, 10, 0],
    ["50%", 0, 0],
  ])("%s of %s is %s", (limit, total, allowed) => {
    expect(nodesAllowed(limit, total)).toBe(allowed);
  });
});

describe("the next batch", () => {
  it("takes zones in turn, in a fixed order", () => {
    const nodes = [
      nodeOf("n4", { zone: "b" }),
      nodeOf("n1"),
      nodeOf("n2"),
      nodeOf("n3"),
      nodeOf("n5", { zone: "c" }),
    ];
    expect(nextBatch({ nodes, limits: { maxUnavailable: 3 }, budgets: [] }).drain).toEqual([
      "n1",
      "n4",
      "n5",
    ]);
    expect(
      nextBatch({ nodes: nodes.toReversed(), limits: { maxUnavailable: 3 }, budgets: [] }).drain,
    ).toEqual(["n1", "n4", "n5"]);
  });

  it("keeps to the limit of a zone", () => {
    const nodes = [nodeOf("n1", { state: "draining" }), nodeOf("n2"), nodeOf("n3", { zone: "b" })];
    const batch = nextBatch({ nodes, limits: { maxUnavailable: 3, perZone: 1 }, budgets: [] });
    expect(batch.drain).toEqual(["n3"]);
    expect(batch.skipped).toEqual([{ node: "n2", reason: "limit", pods: [], budgets: [] }]);
  });

  it("does not touch anything when a limit is invalid", () => {
    const nodes = [nodeOf("n1"), nodeOf("n2")];
    expect(nextBatch({ nodes, limits: { maxUnavailable: "many" }, budgets: [] })).toMatchObject({
      drain: [],
      allowed: 0,
      stuck: true,
    });
    expect(nextBatch({ nodes, limits: { maxUnavailable: 1, perZone: "x" }, budgets: [] }).drain).toEqual([]);
  });

  it("skips a node whose budget is closed, names pods and budgets, and goes on with the others", () => {
    const nodes = [nodeOf("n1", { pods: [web("web-1")] }), nodeOf("n2")];
    const batch = nextBatch({ nodes, limits: { maxUnavailable: 1 }, budgets: [webBudget(0)] });
    expect(batch.drain).toEqual(["n2"]);
    expect(batch.skipped).toEqual([
      { node: "n1", reason: "budget", pods: ["default/web-1"], budgets: ["default/web"] },
    ]);
  });

  it("does not let two nodes compete for one disruption", () => {
    const nodes = [nodeOf("n1", { pods: [web("web-1")] }), nodeOf("n2", { pods: [web("web-2")] })];
    expect(nextBatch({ nodes, limits: { maxUnavailable: 2 }, budgets: [webBudget(1)] }).drain).toEqual([
      "n1",
    ]);
    expect(nextBatch({ nodes, limits: { maxUnavailable: 2 }, budgets: [webBudget(2)] }).drain).toEqual([
      "n1",
      "n2",
    ]);
  });

  it("leaves the disruption to a node that is draining already", () => {
    const nodes = [
      nodeOf("n1", { state: "draining", pods: [web("web-1")] }),
      nodeOf("n2", { pods: [web("web-2")] }),
    ];
    expect(nextBatch({ nodes, limits: { maxUnavailable: 2 }, budgets: [webBudget(1)] }).drain).toEqual([]);
  });

  it("sees budgets that overlap as a mistake, not as a wait", () => {
    const budgets = [webBudget(5), { ...webBudget(5), name: "all", matchLabels: {} }];
    const batch = nextBatch({
      nodes: [nodeOf("n1", { pods: [web("web-1")] })],
      limits: { maxUnavailable: 1 },
      budgets,
    });
    expect(batch.skipped).toEqual([
      { node: "n1", reason: "overlap", pods: ["default/web-1"], budgets: ["default/all", "default/web"] },
    ]);
    expect(batch.stuck).toBe(true);
  });

  it("retries blocked nodes last, the least tried first", () => {
    const nodes = [
      nodeOf("n1", { state: "blocked", attempts: 2 }),
      nodeOf("n2", { state: "blocked", attempts: 1 }),
      nodeOf("n3"),
    ];
    expect(nextBatch({ nodes, limits: { maxUnavailable: 3 }, budgets: [] }).drain).toEqual([
      "n3",
      "n2",
      "n1",
    ]);
  });

  it("decides for a thousand nodes without matching every pod with every budget", () => {
    let looks = 0;
    const labels = {
      get app() {
        looks++;
        return "web";
      },
    };
    const nodes = Array.from({ length: 1000 }, (_, i) =>
      nodeOf(`n${i}`, { pods: [{ namespace: "default", name: `p${i}`, labels }] }),
    );
    expect(
      nextBatch({ nodes, limits: { maxUnavailable: 10 }, budgets: [webBudget(1000)] }).drain,
    ).toHaveLength(10);
    expect(looks).toBeLessThan(100);
  });

  it("is done when every node is drained, and with no nodes at all", () => {
    expect(
      nextBatch({ nodes: [nodeOf("n1", { state: "drained" })], limits: { maxUnavailable: 1 }, budgets: [] })
        .done,
    ).toBe(true);
    expect(nextBatch({ nodes: [], limits: { maxUnavailable: 1 }, budgets: [] })).toMatchObject({
      done: true,
      stuck: false,
    });
  });
});

const worlds: fc.Arbitrary<DrainRequest> = fc
  .record({
    nodes: fc.uniqueArray(
      fc.record({
        name: fc.integer({ min: 0, max: 40 }).map((n) => `n${n}`),
        zone: fc.constantFrom("a", "b", "c"),
        state: fc.constantFrom("schedulable", "cordoned", "draining", "drained", "blocked"),
        attempts: fc.nat(5),
        pods: fc.array(
          fc.record({
            namespace: fc.constantFrom("default", "other"),
            name: fc.constantFrom("p1", "p2", "p3"),
            labels: fc.record({ app: fc.constantFrom("web", "db", "none") }),
          }),
          { maxLength: 4 },
        ),
      }),
      { selector: (node) => node.name, maxLength: 20 },
    ),
    maxUnavailable: fc.oneof(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 100 }).map((n) => `${n}%` as const),
    ),
    perZone: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    web: fc.integer({ min: 0, max: 3 }),
    db: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ nodes, maxUnavailable, perZone, web: w, db }) => ({
    nodes: nodes as DrainNode[],
    limits: { maxUnavailable, perZone },
    budgets: [
      webBudget(w),
      { namespace: "default", name: "db", matchLabels: { app: "db" }, disruptionsAllowed: db },
    ],
  }));

describe("any batch", () => {
  it("stays within the limits of group and zone", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { drain } = nextBatch(world);
        const draining = world.nodes.filter((n) => n.state === "draining");
        const allowed = nodesAllowed(world.limits.maxUnavailable, world.nodes.length);
        expect(drain.length).toBeLessThanOrEqual(Math.max(0, allowed - draining.length));
        if (world.limits.perZone === undefined) return;
        for (const zone of ["a", "b", "c"]) {
          const inZone = world.nodes.filter((n) => n.zone === zone);
          const busy = inZone.filter((n) => n.state === "draining").length;
          const started = inZone.filter((n) => drain.includes(n.name)).length;
          if (started > 0)
            expect(started + busy).toBeLessThanOrEqual(nodesAllowed(world.limits.perZone, inZone.length));
        }
      }),
    );
  });

  it("starts no more nodes of a budget than it allows", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { drain } = nextBatch(world);
        for (const budget of world.budgets) {
          const using = world.nodes.filter(
            (n) =>
              drain.includes(n.name) &&
              n.pods.some((p) => p.namespace === "default" && p.labels.app === budget.matchLabels.app),
          );
          expect(using.length).toBeLessThanOrEqual(budget.disruptionsAllowed);
        }
      }),
    );
  });

  it("makes progress whenever something is allowed", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const idle = world.nodes.map((n) =>
          n.state === "draining" ? { ...n, state: "cordoned" as const } : n,
        );
        const free = idle.some(
          (n) =>
            n.state !== "drained" &&
            n.pods.every(
              (p) =>
                p.namespace !== "default" ||
                (world.budgets.find((b) => b.matchLabels.app === p.labels.app)?.disruptionsAllowed ?? 1) > 0,
            ),
        );
        const batch = nextBatch({ ...world, nodes: idle });
        expect(batch.drain.length > 0).toBe(free);
        expect(batch.stuck).toBe(!free && idle.some((n) => n.state !== "drained"));
      }),
    );
  });

  it("touches no node that is drained or draining, each at most once, blocked ones last", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { drain, skipped } = nextBatch(world);
        const stateOf = new Map(world.nodes.map((n) => [n.name, n.state]));
        expect(new Set([...drain, ...skipped.map((s) => s.node)]).size).toBe(drain.length + skipped.length);
        const states = drain.map((name) => stateOf.get(name));
        expect(states).not.toContain("drained");
        expect(states).not.toContain("draining");
        const firstBlocked = states.indexOf("blocked");
        if (firstBlocked >= 0) expect(states.slice(firstBlocked).every((s) => s === "blocked")).toBe(true);
        const open = world.nodes.filter((n) => n.state !== "drained" && n.state !== "draining").length;
        expect(drain.length + skipped.length).toBe(open);
      }),
    );
  });

  it("drains every node in the end when nothing holds it", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        let nodes: DrainNode[] = world.nodes.map((n) => ({ ...n, pods: [] }));
        for (let round = 0; round <= world.nodes.length; round++) {
          const batch = nextBatch({ ...world, nodes });
          if (batch.done) break;
          nodes = nodes.map((n) =>
            n.state === "draining" || batch.drain.includes(n.name) ? { ...n, state: "drained" } : n,
          );
        }
        expect(nodes.every((n) => n.state === "drained")).toBe(true);
      }),
    );
  });
});
