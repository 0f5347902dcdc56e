import { describe, it } from "vitest";
import { expectNothingBroken } from "./runs.ts";

describe("operations under faults and people's hands (even seeds)", () => {
  it("hold every invariant", () => expectNothingBroken(0), 1_200_000);
});
