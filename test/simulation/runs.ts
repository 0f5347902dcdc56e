import { expect } from "vitest";
import { simulate } from "./simulate.ts";

/** Runs of each of the two test files: two workers share them. See docs/simulation.md. */
const RUNS = Number(process.env.SLIPWAY_SIMULATION_RUNS ?? 1_000);

/** Simulates every second seed from `first` on; the message of a failure holds the command that repeats it. */
export async function expectNothingBroken(first: number): Promise<void> {
  for (let i = 0; i < RUNS; i++) {
    const seed = first + 2 * i;
    const { violations, outcome, error } = await simulate(seed);
    expect(
      violations,
      `npm run simulate -- --runs 1 --seed ${seed} --show   (${outcome} ${error ?? ""})`,
    ).toEqual([]);
  }
}
