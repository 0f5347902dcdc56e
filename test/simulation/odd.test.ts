import { describe, it } from "vitest";
import { expectNothingBroken } from "./runs.ts";

describe("operations under faults and people's hands (odd seeds)", () => {
  it("hold every invariant", () => expectNothingBroken(1), 1_200_000);
});
