import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clusterKey } from "../../../core/cluster-ref.ts";
import type { RolloutSpecInput } from "../../../core/rollout/schema.ts";
import { makeWaves, selectClusters, toleratedOf, waveRecords } from "../../../core/rollout/waves.ts";
import { clusters, specOf } from "./builders.ts";

const rings = (...names: (string | undefined)[]) =>
  clusters(names.length, (i) => (names[i] === undefined ? {} : { ring: names[i] }));

describe("waves", () => {
  it.each<[string, RolloutSpecInput["waves"], ReturnType<typeof clusters>, [string, number][]]>([
    [
      "counts",
      [{ size: 2 }, { size: 3 }],
      clusters(5),
      [
        ["wave-1", 2],
        ["wave-2", 3],
      ],
    ],
    [
      "what no wave takes is the last",
      [{ size: 2 }],
      clusters(5),
      [
        ["wave-1", 2],
        ["rest", 3],
      ],
    ],
    [
      "shares of all, rounded up",
      [{ size: "10%" }, { size: "50%" }, { size: "100%" }],
      clusters(11),
      [
        ["wave-1", 2],
        ["wave-2", 6],
        ["wave-3", 3],
      ],
    ],
    ["a wave that stays empty is left out", [{ size: 9 }, { size: 1 }], clusters(3), [["wave-1", 3]]],
    [
      "a ring's clusters wait for their wave",
      [{ size: 1 }, { ring: "late" }],
      rings("late", "late", undefined, undefined),
      [
        ["wave-1", 1],
        ["late", 2],
        ["rest", 1],
      ],
    ],
    [
      "a ring without clusters is no wave",
      [{ ring: "canary" }, { size: "100%" }],
      clusters(2),
      [["wave-2", 2]],
    ],
    [
      "a ring that no wave names is like none",
      [{ size: "100%" }],
      rings("other", undefined),
      [["wave-1", 2]],
    ],
    ["a ring named twice", [{ ring: "a" }, { ring: "a" }], rings("a"), [["a", 1]]],
  ])("%s", (_, waves, candidates, wanted) => {
    const made = makeWaves(specOf({ waves }), candidates);
    expect(made.map((wave) => [wave.name, wave.clusters.length])).toEqual(wanted);
  });

  it("hold every cluster exactly once, whatever the document says", () => {
    const size = fc.oneof(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 100 }).map((n) => `${n}%` as const),
    );
    const wave = fc.oneof(
      size.map((s) => ({ size: s })),
      fc.constantFrom("a", "b").map((ring) => ({ ring })),
    );
    fc.assert(
      fc.property(
        fc.array(wave, { minLength: 1, maxLength: 6 }),
        fc.array(fc.constantFrom("a", "b", "c", undefined), { minLength: 1, maxLength: 60 }),
        (waves, ringsOf) => {
          const spec = specOf({ waves });
          const candidates = rings(...ringsOf);
          const made = makeWaves(spec, candidates);
          const keys = made.flatMap((one) => one.clusters.map(({ ref }) => clusterKey(ref)));
          expect(keys.toSorted()).toEqual(candidates.map(({ ref }) => clusterKey(ref)));
          const stored = waveRecords(spec, made);
          expect(stored.reduce((sum, one) => sum + one.size, 0)).toBe(candidates.length);
          for (const [i, one] of stored.entries())
            expect(one.first).toBe(stored.slice(0, i).reduce((sum, before) => sum + before.size, 0));
        },
      ),
    );
  });
});

describe("what may fail", () => {
  it.each([
    [0, 10, 0],
    [3, 10, 3],
    ["5%", 10, 0],
    ["5%", 20, 1],
    ["100%", 7, 7],
  ] as const)("%s of %i is %i: a share is rounded down", (tolerance, of, wanted) => {
    expect(toleratedOf(tolerance, of)).toBe(wanted);
  });
});

describe("selection", () => {
  const all = clusters(4, (i) => ({
    labels: { tier: i < 2 ? "prod" : "test", team: "x" },
    ...(i === 0 ? { ring: "canary" } : {}),
  }));
  const names = (select: RolloutSpecInput["select"]) =>
    selectClusters(specOf({ select }).select, all).map(({ ref }) => ref.name);

  it.each<[RolloutSpecInput["select"], string[]]>([
    [{ all: true }, ["c-0000", "c-0001", "c-0002", "c-0003"]],
    [{ labels: { tier: "prod" } }, ["c-0000", "c-0001"]],
    [{ labels: { tier: "prod", team: "x" }, rings: ["canary"] }, ["c-0000"]],
    [{ names: ["c-0003", "111122223333:eu-west-1:c-0001"] }, ["c-0001", "c-0003"]],
    [{ accounts: ["111122223333"], regions: ["eu-west-1"] }, ["c-0000", "c-0001", "c-0002", "c-0003"]],
  ])("%j", (select, wanted) => expect(names(select)).toEqual(wanted));

  it.each<[RolloutSpecInput["select"], string]>([
    [{ labels: { tier: "prod", team: "y" } }, "no cluster"],
    [{ regions: ["us-east-1"] }, "no cluster"],
    [{ names: ["c-0000", "c-9999"] }, "there is no cluster c-9999"],
    [{ names: ["c-0003"], labels: { tier: "prod" } }, "there is no cluster c-0003"],
  ])("refuses %j", (select, message) => expect(() => names(select)).toThrow(message));

  it("of nothing is not everything", () => {
    expect(() => specOf({ select: {} })).toThrow("all: true");
  });
});
