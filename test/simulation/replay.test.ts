import { describe, expect, it } from "vitest";
import { simulate } from "./simulate.ts";

it("a seed repeats its run exactly", async () => {
  const [first, second] = [await simulate(1149, { history: true }), await simulate(1149, { history: true })];
  expect(first.history).toMatch(/^[0-9a-f]{64}$/);
  expect(second).toEqual(first);
});

describe("the short way from SDK clients to the endpoint", () => {
  // Upgrades, a rotation, a provision, a deletion, with faults, cancels and kills among them.
  it.each([1, 9, 12, 16, 33, 45, 47, 79])("changes nothing of seed %i but its duration", async (seed) => {
    const [short, long] = [
      await simulate(seed, { history: true }),
      await simulate(seed, { history: true, wire: true }),
    ];
    expect(short).toEqual(long);
  });
});
