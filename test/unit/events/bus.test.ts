import { describe, expect, it } from "vitest";
import { RetryableError, TerminalError } from "../../../core/errors.ts";
import { FUNCTION, operation, PLACE, SCOPE, type World, world } from "./support.ts";

async function rule(w: World, pattern: object, target: object = {}, bus?: string): Promise<void> {
  const at = bus === undefined ? {} : { EventBusName: bus };
  await operation(w.events.eventbridge.PutRule)(
    { Name: "r", EventPattern: JSON.stringify(pattern), ...at },
    SCOPE,
  );
  await operation(w.events.eventbridge.PutTargets)(
    { Rule: "r", Targets: [{ Id: "t", Arn: FUNCTION, ...target }], ...at },
    SCOPE,
  );
}

const order = { Source: "shop", DetailType: "Order", Detail: JSON.stringify({ id: 7, state: "new" }) };

describe("events on a bus", () => {
  it("reach the targets of the rules they match, and no others", async () => {
    const w = world();
    await rule(w, { source: ["shop"], detail: { state: ["new"] } });
    const result = w.events.putEvents([order, { ...order, Source: "other" }], PLACE);
    expect(result.FailedEntryCount).toBe(0);
    await w.kernel.clock.until(w.kernel.clock.sleep(1000));
    expect(w.delivered).toHaveLength(1);
    expect(w.delivered[0]?.payload).toMatchObject({
      version: "0",
      source: "shop",
      "detail-type": "Order",
      account: PLACE.account,
      region: PLACE.region,
      time: "2026-11-20T09:00:00Z",
      resources: [],
      detail: { id: 7, state: "new" },
    });
    expect(w.events.pending).toBe(0);
  });

  it("are delivered again after a retryable failure, later each time", async () => {
    const w = world();
    await rule(w, { source: ["shop"] });
    w.failures.push(...[1, 2, 3].map(() => new RetryableError("busy", { code: "TooManyRequestsException" })));
    w.events.putEvents([order], PLACE);
    await w.kernel.clock.until(w.kernel.clock.sleep(60_000));
    expect(w.delivered).toHaveLength(1);
    expect(w.letters).toEqual([]);
    expect((w.delivered[0]?.at ?? 0) - Date.parse("2026-11-20T09:00:00Z")).toBeGreaterThan(3_500);
  });

  it("become dead letters at once after a final failure", async () => {
    const w = world();
    await rule(
      w,
      { source: ["shop"] },
      { DeadLetterConfig: { Arn: "arn:aws:sqs:eu-west-1:111122223333:dead" } },
    );
    w.failures.push(new TerminalError("Function not found: handle", { code: "ResourceNotFoundException" }));
    w.events.putEvents([order], PLACE);
    await w.kernel.clock.until(w.kernel.clock.sleep(1000));
    expect(w.delivered).toEqual([]);
    expect(w.letters).toMatchObject([
      {
        queueArn: "arn:aws:sqs:eu-west-1:111122223333:dead",
        attributes: {
          RULE_ARN: "arn:aws:events:eu-west-1:111122223333:rule/r",
          TARGET_ARN: FUNCTION,
          ERROR_CODE: "NO_RESOURCE",
          ERROR_MESSAGE: "Function not found: handle",
          RETRY_ATTEMPTS: "0",
        },
      },
    ]);
  });

  it.each([
    [{ MaximumRetryAttempts: 2 }, "MaximumRetryAttempts", "2"],
    [{ MaximumEventAgeInSeconds: 60 }, "MaximumEventAgeInSeconds", undefined],
  ])("are given up at the limits of %j", async (policy, condition, retries) => {
    const w = world();
    await rule(w, { source: ["shop"] }, { RetryPolicy: policy });
    for (let i = 0; i < 300; i++) w.failures.push(new RetryableError("busy", { code: "ServiceUnavailable" }));
    w.events.putEvents([order], PLACE);
    await w.kernel.clock.until(w.kernel.clock.sleep(7_200_000));
    expect(w.letters).toHaveLength(1);
    expect(w.letters[0]?.attributes.EXHAUSTED_RETRY_CONDITION).toBe(condition);
    if (retries) expect(w.letters[0]?.attributes.RETRY_ATTEMPTS).toBe(retries);
    expect(w.events.pending).toBe(0);
  });
});
