import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RetryableError } from "../../../core/errors.ts";
import { createEvents } from "../../../local/events/events.ts";
import { createKernel } from "../../../local/kernel/kernel.ts";
import { FUNCTION, operation, PLACE, SCOPE, world } from "./support.ts";

const order = { Source: "shop", DetailType: "Order", Detail: '{"id":1}' };

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "slipway-events-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("after a process was killed", () => {
  it("a delivery that had no result is made again", async () => {
    const journal = join(directory, "journal");
    const kernel = createKernel({ time: { kind: "virtual" }, journal });
    let tries = 0;
    let begun = (): void => {};
    const trying = new Promise<void>((resolve) => {
      begun = resolve;
    });
    // The target never answers: the process dies while it works.
    const deliver = (): Promise<void> => {
      tries++;
      begun();
      return new Promise(() => {});
    };
    const { eventbridge, putEvents } = createEvents({ kernel, deliver });
    kernel.timers.start();
    await operation(eventbridge.PutRule)({ Name: "r", EventPattern: '{"source":["shop"]}' }, SCOPE);
    await operation(eventbridge.PutTargets)({ Rule: "r", Targets: [{ Id: "t", Arn: FUNCTION }] }, SCOPE);
    putEvents([order], PLACE);
    await kernel.clock.until(trying);
    kernel.durable.flush();
    kernel.clock.stop();
    expect(tries).toBe(1);

    const again = world({ journal });
    await again.kernel.clock.until(again.kernel.clock.sleep(1000));
    expect(again.delivered).toHaveLength(1);
    expect(again.delivered[0]?.payload).toMatchObject({ source: "shop", detail: { id: 1 } });
    // The rule is still there.
    again.events.putEvents([order], PLACE);
    await again.kernel.clock.until(again.kernel.clock.sleep(1000));
    expect(again.delivered).toHaveLength(2);
    again.kernel.durable.close();

    const third = world({ journal });
    await third.kernel.clock.until(third.kernel.clock.sleep(1000));
    expect(third.delivered).toEqual([]);
    third.kernel.durable.close();
  });

  it("a retry keeps its time and its count, a schedule its next run", async () => {
    const journal = join(directory, "journal");
    const first = world({ journal });
    const { eventbridge } = first.events;
    await operation(eventbridge.PutRule)({ Name: "r", EventPattern: '{"source":["shop"]}' }, SCOPE);
    await operation(eventbridge.PutTargets)(
      { Rule: "r", Targets: [{ Id: "t", Arn: FUNCTION, RetryPolicy: { MaximumRetryAttempts: 1 } }] },
      SCOPE,
    );
    await operation(eventbridge.PutRule)({ Name: "s", ScheduleExpression: "rate(10 minutes)" }, SCOPE);
    await operation(eventbridge.PutTargets)({ Rule: "s", Targets: [{ Id: "t", Arn: FUNCTION }] }, SCOPE);
    const busy = () => new RetryableError("busy", { code: "ServiceUnavailable" });
    first.failures.push(busy());
    first.events.putEvents([order], PLACE);
    await first.kernel.clock.until(first.kernel.clock.sleep(450));
    expect(first.events.pending).toBe(1);
    first.kernel.durable.flush();
    first.kernel.clock.stop();

    const second = world({ journal });
    second.failures.push(busy());
    await second.kernel.clock.until(second.kernel.clock.sleep(11 * 60_000));
    expect(second.letters).toMatchObject([
      { attributes: { EXHAUSTED_RETRY_CONDITION: "MaximumRetryAttempts" } },
    ]);
    expect(second.delivered.map(({ payload }) => payload)).toMatchObject([
      { "detail-type": "Scheduled Event", time: "2026-11-20T09:10:00Z" },
    ]);
    second.kernel.durable.close();
  });
});

describe("the same seed", () => {
  it("gives the same history", async () => {
    const history = async (seed: number): Promise<string> => {
      const w = world({ seed });
      await operation(w.events.eventbridge.PutRule)(
        { Name: "r", EventPattern: '{"source":["shop"]}' },
        SCOPE,
      );
      await operation(w.events.eventbridge.PutTargets)(
        { Rule: "r", Targets: [{ Id: "t", Arn: FUNCTION }] },
        SCOPE,
      );
      w.failures.push(new RetryableError("busy", { code: "ServiceUnavailable" }));
      w.events.putEvents([order, order, order], PLACE);
      await w.kernel.clock.until(w.kernel.clock.sleep(60_000));
      return JSON.stringify(w.delivered);
    };
    expect(await history(7)).toBe(await history(7));
    expect(await history(7)).not.toBe(await history(8));
  });
});
