import { expect, it } from "vitest";
import { simulate } from "./simulate.ts";

it("a seed repeats its run exactly", async () => {
  const [first, second] = [await simulate(1149), await simulate(1149)];
  expect(second).toEqual(first);
});
