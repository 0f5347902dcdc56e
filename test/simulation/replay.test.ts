import { describe, expect, it } from "vitest";
import { scenarioOf } from "./scenario.ts";
import { play, type Run, simulate } from "./simulate.ts";

it("a seed repeats its run exactly", async () => {
  const [first, second] = [await simulate(1149, { history: true }), await simulate(1149, { history: true })];
  expect(first.history).toMatch(/^[0-9a-f]{64}$/);
  expect(second).toEqual(first);
});

describe("the short way from SDK clients to the endpoint", () => {
  it.each([1, 9, 12, 16, 33, 45, 47, 79])("changes nothing of how seed %i ends", async (seed) => {
    const [short, long] = [await simulate(seed), await simulate(seed, { wire: true })];
    const end = ({ outcome, error, attempts, violations }: Run) => ({ outcome, error, attempts, violations });
    expect(end(short)).toEqual(end(long));
  });

  // Where several things happen at one moment their order may differ, and with it what chance decides next.
  it("makes the same calls at the same times where nothing happens beside the operation", async () => {
    const quiet = { ...scenarioOf(45), troubles: [], acts: [], window: false, approvals: false };
    const [short, long] = [
      await play(quiet, { history: true }),
      await play(quiet, { history: true, wire: true }),
    ];
    expect(short).toEqual(long);
  });
});
