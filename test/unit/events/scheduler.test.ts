import { describe, expect, it } from "vitest";
import { FUNCTION, operation, PLACE, SCOPE, type World, world } from "./support.ts";

const ROLE = "arn:aws:iam::111122223333:role/scheduler";

async function schedule(w: World, settings: object): Promise<string | undefined> {
  const created = await operation(w.events.scheduler.CreateSchedule)(
    {
      Name: "s",
      ScheduleExpression: "rate(10 minutes)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn: FUNCTION, RoleArn: ROLE, Input: '{"run":"<aws.scheduler.scheduled-time>"}' },
      ...settings,
    },
    SCOPE,
  );
  return created.ScheduleArn;
}

async function runsWithin(minutes: number, settings: object): Promise<string[]> {
  const w = world();
  await schedule(w, settings);
  await w.kernel.clock.until(w.kernel.clock.sleep(minutes * 60_000));
  return w.delivered.map(({ payload }) => (payload as { run: string }).run);
}

describe("a schedule", () => {
  it("with a rate runs at once and then at its rate", async () => {
    expect(await runsWithin(25, {})).toEqual([
      "2026-11-20T09:00:00Z",
      "2026-11-20T09:10:00Z",
      "2026-11-20T09:20:00Z",
    ]);
  });

  it("keeps to its start and end", async () => {
    const settings = {
      StartDate: new Date("2026-11-20T09:05:00Z"),
      EndDate: new Date("2026-11-20T09:20:00Z"),
    };
    expect(await runsWithin(60, settings)).toEqual(["2026-11-20T09:05:00Z", "2026-11-20T09:15:00Z"]);
  });

  it("with cron runs on the clocks of its zone", async () => {
    const settings = {
      ScheduleExpression: "cron(0 12 * * ? *)",
      ScheduleExpressionTimezone: "Europe/Berlin",
    };
    expect(await runsWithin(24 * 60, settings)).toEqual(["2026-11-20T11:00:00Z"]);
  });

  it("does nothing while disabled", async () => {
    expect(await runsWithin(60, { State: "DISABLED" })).toEqual([]);
  });

  it("with one time runs once, and is deleted if it should be", async () => {
    const w = world();
    await schedule(w, { ScheduleExpression: "at(2026-11-20T09:30:00)", ActionAfterCompletion: "DELETE" });
    await w.kernel.clock.until(w.kernel.clock.sleep(24 * 3_600_000));
    expect(w.delivered).toHaveLength(1);
    expect(() => operation(w.events.scheduler.GetSchedule)({ Name: "s" }, SCOPE)).toThrow(
      "Schedule s does not exist.",
    );
  });

  it("with a window runs once in each", async () => {
    const w = world();
    await schedule(w, {
      ScheduleExpression: "cron(0 10-13 * * ? *)",
      FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 30 },
    });
    await w.kernel.clock.until(w.kernel.clock.sleep(5 * 3_600_000));
    const minutes = w.delivered.map(({ at }) => (at - Date.parse("2026-11-20T10:00:00Z")) / 60_000);
    expect(minutes).toHaveLength(4);
    for (const [i, minute] of minutes.entries()) {
      expect(minute).toBeGreaterThanOrEqual(i * 60);
      expect(minute).toBeLessThan(i * 60 + 31);
    }
    expect(w.delivered.map(({ payload }) => (payload as { run: string }).run)[0]).toBe(
      "2026-11-20T10:00:00Z",
    );
  });

  it("loses no run when its windows overlap", async () => {
    const w = world();
    await schedule(w, {
      ScheduleExpression: "rate(5 minutes)",
      FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 30 },
      EndDate: new Date("2026-11-20T09:30:00Z"),
      ActionAfterCompletion: "DELETE",
    });
    await w.kernel.clock.until(w.kernel.clock.sleep(2 * 3_600_000));
    const times = w.delivered.map(({ payload }) => (payload as { run: string }).run.slice(14, 16));
    expect(times.sort()).toEqual(["00", "05", "10", "15", "20", "25", "30"]);
    expect(() => operation(w.events.scheduler.GetSchedule)({ Name: "s" }, SCOPE)).toThrow("does not exist");
  });

  it("can put an event on a bus", async () => {
    const w = world();
    const seen: unknown[] = [];
    w.events.onEvent((event) => seen.push(event));
    await schedule(w, {
      Target: {
        Arn: "arn:aws:events:eu-west-1:111122223333:event-bus/default",
        RoleArn: ROLE,
        Input: '{"a":1}',
        EventBridgeParameters: { DetailType: "Tick", Source: "slipway.clock" },
      },
    });
    await w.kernel.clock.until(w.kernel.clock.sleep(60_000));
    expect(seen).toMatchObject([{ source: "slipway.clock", "detail-type": "Tick", detail: { a: 1 } }]);
  });

  it("does not make virtual time move on alone", async () => {
    const w = world();
    await schedule(w, { StartDate: new Date("2027-01-01T00:00:00Z") });
    await expect(w.kernel.clock.until(new Promise(() => {}))).rejects.toThrow("nothing is scheduled");
    expect(w.kernel.clock.now()).toBe(Date.parse("2026-11-20T09:00:00Z"));
  });

  it.each<[object, string]>([
    [{ ScheduleExpression: "cron(0 1 * * * *)" }, "Invalid Schedule Expression cron(0 1 * * * *)."],
    [{ ScheduleExpressionTimezone: "Berlin" }, "Invalid Schedule Expression Timezone Berlin."],
    [{ FlexibleTimeWindow: { Mode: "FLEXIBLE" } }, "MaximumWindowInMinutes"],
    [{ EndDate: new Date("2026-11-20T08:00:00Z") }, "EndDate"],
    [{ GroupName: "none" }, "Schedule group none does not exist."],
    [{ Name: "a b" }, "regular expression pattern"],
    [{ Target: { Arn: FUNCTION, RoleArn: undefined } }, "target.roleArn"],
  ])("is refused: %j", async (settings, message) => {
    await expect(schedule(world(), settings)).rejects.toThrow(message);
  });
});

describe("the Scheduler's API", () => {
  it("describes, updates, lists and deletes", async () => {
    const w = world();
    const { scheduler } = w.events;
    await operation(scheduler.CreateScheduleGroup)({ Name: "g" }, SCOPE);
    const arn = await schedule(w, { GroupName: "g" });
    expect(arn).toBe("arn:aws:scheduler:eu-west-1:111122223333:schedule/g/s");
    await expect(schedule(w, { GroupName: "g" })).rejects.toMatchObject({
      code: "ConflictException",
      status: 409,
    });
    const got = await operation(scheduler.GetSchedule)({ Name: "s", GroupName: "g" }, SCOPE);
    expect(got).toMatchObject({
      Arn: arn,
      State: "ENABLED",
      ScheduleExpressionTimezone: "UTC",
      FlexibleTimeWindow: { Mode: "OFF" },
      ActionAfterCompletion: "NONE",
    });
    await operation(scheduler.UpdateSchedule)(
      {
        Name: "s",
        GroupName: "g",
        ScheduleExpression: "rate(1 day)",
        State: "DISABLED",
        FlexibleTimeWindow: { Mode: "OFF" },
        Target: { Arn: FUNCTION, RoleArn: ROLE },
      },
      SCOPE,
    );
    const listed = await operation(scheduler.ListSchedules)({ GroupName: "g" }, SCOPE);
    expect(listed.Schedules).toMatchObject([{ Name: "s", State: "DISABLED", Target: { Arn: FUNCTION } }]);
    await operation(scheduler.DeleteScheduleGroup)({ Name: "g" }, SCOPE);
    const left = await operation(scheduler.ListSchedules)({}, { ...SCOPE, ...PLACE });
    expect(left.Schedules).toEqual([]);
  });
});
