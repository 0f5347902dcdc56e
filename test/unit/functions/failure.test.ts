import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RetryableError, TerminalError } from "../../../core/errors.ts";
import { encodeCause, operationError, parseFailure } from "../../../functions/lib/failure.ts";

/** How Lambda reports what a task threw, and Step Functions a nested execution that ended with it. */
const byLambda = (code: string, cause: string) => ({
  Error: code,
  Cause: JSON.stringify({ errorType: code, errorMessage: cause, trace: [] }),
});
const byNested = (failure: { Error: string; Cause: string }) => ({
  Error: "States.TaskFailed",
  Cause: JSON.stringify({ ...failure, Status: "FAILED", ExecutionArn: "arn:nested" }),
});

const blocked = {
  message: "pods on workers-1 could not be evicted",
  remedy: "Let the budget allow it.",
  step: "1.34/nodegroup/workers",
  detail: { pods: ["shop/web-1"], budgets: ["shop/web"] },
};

describe("a failure", () => {
  it("comes through Lambda and two nested executions as it was thrown", () => {
    const thrown = byLambda("PdbBlockedDrain", encodeCause(blocked));
    const rotation = { Error: "PdbBlockedDrain", Cause: encodeCause(parseFailure(thrown)) };
    expect(parseFailure(byNested(byNested(rotation) as never))).toMatchObject({
      code: "PdbBlockedDrain",
      ...blocked,
    });
  });

  it("survives whatever it says", () => {
    fc.assert(
      fc.property(
        fc.record({
          message: fc.string(),
          remedy: fc.string({ minLength: 1 }),
          step: fc.string({ minLength: 1 }),
        }),
        (details) => {
          const parsed = parseFailure(byNested(byLambda("SomeCode", encodeCause(details))));
          expect(parsed).toEqual({ code: "SomeCode", ...details });
        },
      ),
    );
  });

  it.each([
    [
      {
        Error: "Eks.InvalidParameterException",
        Cause: "bad version (Service: Eks, Status Code: 400, Request ID: x)",
      },
      { code: "InvalidParameterException", message: "bad version" },
    ],
    [{ Error: "States.Timeout" }, { code: "Timeout", message: "it took longer than its limit" }],
    [{}, { code: "Unexpected" }],
    [
      { Error: "Odd", Cause: "{broken" },
      { code: "Odd", message: "{broken" },
    ],
    [
      { Error: "States.TaskFailed", Cause: JSON.stringify({ Status: "TIMED_OUT", ExecutionArn: "arn:x" }) },
      { code: "Timeout" },
    ],
    [
      { Error: "States.TaskFailed", Cause: JSON.stringify({ Status: "ABORTED", ExecutionArn: "arn:x" }) },
      { code: "ExecutionABORTED", message: "nested execution arn:x" },
    ],
    [
      { Error: "TypeError", Cause: JSON.stringify({ errorType: "TypeError", errorMessage: "x" }) },
      { code: "TypeError" },
    ],
  ])("%o is %o, with a remedy", (failure, expected) => {
    const parsed = parseFailure(failure);
    expect(parsed).toMatchObject(expected);
    expect(parsed.remedy).not.toBe("");
  });

  it("stays JSON when its lists are too long for a cause", () => {
    const pods = Array.from({ length: 5000 }, (_, i) => `shop/web-${i}`);
    const text = encodeCause({ ...blocked, detail: { pods } });
    expect(text.length).toBeLessThan(20_000);
    expect((JSON.parse(text) as { detail: { pods: string[] } }).detail.pods.at(-1)).toBe("and 4980 more");
    const long = encodeCause({ ...blocked, message: "x".repeat(100_000) });
    expect(long.length).toBeLessThan(20_000);
    expect(JSON.parse(long)).toMatchObject({ step: blocked.step });
  });
});

describe("an error of a task", () => {
  it("is told by its code; the step is the task's, or the one that the error names", () => {
    const error = new TerminalError("no", { code: "Blocked", detail: { step: "a" } });
    expect(operationError(error)).toMatchObject({ code: "Blocked", step: "a" });
    expect(operationError(error, "b")).toMatchObject({ step: "b" });
    expect(operationError(new RetryableError("later", { code: "Throttled", remedy: "Wait." }))).toMatchObject(
      {
        remedy: "Wait.",
      },
    );
  });

  it("that is not ours is a defect and says so", () => {
    expect(operationError(new TypeError("x is undefined"))).toMatchObject({
      code: "Unexpected",
      message: "TypeError: x is undefined",
    });
  });
});
