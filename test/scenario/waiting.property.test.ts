import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isWaiting } from "../../core/operation/lifecycle.ts";
import { ENDED, type Operation, type OperationEvent } from "../../core/operation/types.ts";
import { windowsSchema } from "../../core/policy/windows.ts";
import { Calendar } from "../../core/windows/windows.ts";
import { AwsError } from "../../local/aws/contract.ts";
import { functionName } from "../../local/names.ts";
import { operationIdIn } from "../builders/platform.ts";
import { MINUTE, startWaitingRig, type WaitingRig } from "../builders/waiting.ts";

/** Half an hour every two hours: the first part of a hop fits, and a rotation, both together not always. */
const OPEN = [{ cron: "cron(0 0/2 * * ? *)", durationMinutes: 35 }];
const calendar = new Calendar(windowsSchema.parse({ open: OPEN }));

/** What people, schedules, deliveries and failures do, in any order. */
const ACTIONS = [
  "approve",
  "approveOwn",
  "cancel",
  "pause",
  "resume",
  "retry",
  "wake",
  "wakeTwice",
  "sweep",
  "stop",
  "lateEnd",
  "loseStart",
  "loseSchedule",
  "loseEvent",
] as const;
type Action = (typeof ACTIONS)[number];

const script = fc.array(
  fc.record({
    // Cancelling and stopping end things: seldom, so that the rest gets its turn.
    action: fc.oneof(
      {
        weight: 12,
        arbitrary: fc.constantFrom<Action>(...ACTIONS.filter((a) => a !== "cancel" && a !== "stop")),
      },
      { weight: 1, arbitrary: fc.constantFrom<Action>("cancel", "stop") },
    ),
    minutes: fc.oneof(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 3, max: 90 })),
  }),
  { minLength: 4, maxLength: 16 },
);

class Story {
  readonly world: WaitingRig;
  readonly id: string;
  /** Calls that fail the next time they are made. */
  readonly #lost = new Set<string>();

  constructor(world: WaitingRig, id: string) {
    this.world = world;
    this.id = id;
    world.rig.platform.endpoint.beforeCall(({ operation, scope }) => {
      if (!scope.principal.caller || !this.#lost.delete(operation)) return;
      throw new AwsError("InternalServerException", "away", { status: 500 });
    });
  }

  async do(action: Action): Promise<void> {
    const { world, id } = this;
    const post = (user: string, verb: string, body: object = {}) =>
      world.as(user, "POST", `/v1/operations/${id}/${verb}`, body);
    switch (action) {
      case "approve":
        await post("bob", "approve");
        return;
      case "approveOwn":
        expect((await post("local-operator", "approve")).status).not.toBe(200);
        return;
      case "cancel":
      case "pause":
      case "resume":
      case "retry":
        await post("local-operator", action);
        return;
      case "wake":
        await this.invoke("wake-operation", { operationId: id });
        return;
      case "wakeTwice":
        await Promise.all([
          this.invoke("wake-operation", { operationId: id }),
          this.invoke("wake-operation", { operationId: id }),
        ]);
        return;
      case "sweep":
        await this.invoke("sweep-operations", {});
        return;
      case "stop":
        await this.stop();
        return;
      case "lateEnd":
        await this.lateEnd();
        return;
      case "loseStart":
        this.#lost.add("StartExecution");
        return;
      case "loseSchedule":
        this.#lost.add("CreateSchedule");
        return;
      case "loseEvent":
        this.#lost.add("PutEvents");
    }
  }

  async invoke(name: string, event: object): Promise<void> {
    const { platform } = this.world.rig;
    // What fails is delivered again, or left to the sweep.
    await platform.kernel.clock.until(platform.lambda.invoke(functionName(name), event));
  }

  async #sfn(operation: string, input: object): Promise<void> {
    const { endpoint, home, kernel } = this.world.rig.platform;
    const principal = { type: "IAMUser", arn: "arn:x", account: home.account, accessKeyId: "" } as const;
    await kernel.clock.until(endpoint.call("sfn", operation, input, { ...home, principal }).then(() => {}));
  }

  /** Somebody stops the execution, or its process is killed. */
  async stop(): Promise<void> {
    const { executionArn } = await this.world.rig.operation(this.id);
    if (executionArn) await this.#sfn("StopExecution", { executionArn, error: "Stopped", cause: "by hand" });
  }

  /** The end of the first attempt is told late, and again. */
  async lateEnd(): Promise<void> {
    const { home } = this.world.rig.platform;
    const prefix = `arn:aws:states:${home.region}:${home.account}`;
    await this.invoke("on-execution-ended", {
      detail: {
        executionArn: `${prefix}:execution:slipway-local-upgrade-cluster:${this.id}`,
        stateMachineArn: `${prefix}:stateMachine:slipway-local-upgrade-cluster`,
        status: "FAILED",
        input: JSON.stringify({ operationId: `${this.id}` }),
        error: "OperationSuspended",
        cause: "late",
      },
    });
  }
}

/** What must hold between any two actions. */
async function invariants({ world, id }: Story): Promise<Operation> {
  const operation = await world.rig.operation(id);
  const waits = operation.awaiting !== undefined;
  expect(waits).toBe(isWaiting(operation.status));
  const holder = await world.holder();
  if (waits || ENDED.has(operation.status))
    expect([operation.status, holder]).toEqual([operation.status, undefined]);
  if (waits) expect(operation.executionArn).toBeUndefined();
  if (operation.awaiting) expect(operation.awaiting.reason).not.toBe("");
  return operation;
}

/** What its log tells: nothing began outside of a window, nor unapproved. */
function history(operation: Operation, events: readonly OperationEvent[]): void {
  const approved = (operation.approvals ?? []).filter(({ decision }) => decision === "approved");
  expect(approved.every(({ by }) => by !== operation.requester)).toBe(true);
  for (const { at, kind, step = "" } of events) {
    if (kind !== "StepStarted") continue;
    const begins = step.endsWith("/checks") || step.includes("/nodegroup/");
    if (begins) expect([step, at, calendar.at(Date.parse(at)).open]).toEqual([step, at, true]);
    const phase = step.split("/")[0];
    expect([step, approved.some((given) => given.phase === phase && given.at <= at)]).toEqual([step, true]);
  }
}

describe("an operation that waits for its window and for approvals", () => {
  it("keeps to both and always ends or waits, whatever happens in whatever order", async () => {
    let waited = 0;
    let succeeded = 0;
    await fc.assert(
      fc.asyncProperty(script, async (steps) => {
        const world = await startWaitingRig({ onFailure: () => {} });
        try {
          await world.policy("default", { approvals: "perHop", approvalHours: 24, windows: { open: OPEN } });
          const id = operationIdIn(await world.rig.slipway("upgrade", "demo", "--to", "1.34"));
          const story = new Story(world, id);
          for (const { action, minutes } of steps) {
            await story.do(action);
            await invariants(story);
            await world.pass(minutes * MINUTE);
            const { status } = await invariants(story);
            if (status === "AwaitingWindow") waited++;
          }
          // Everybody does their part from now on: it comes to an end.
          let operation = await invariants(story);
          for (let i = 0; i < 60 && !ENDED.has(operation.status); i++) {
            if (operation.status === "Paused" || operation.control.request === "pause")
              await story.do("resume");
            if (operation.status === "AwaitingApproval") await story.do("approve");
            await world.pass(15 * MINUTE);
            operation = await invariants(story);
          }
          expect([operation.status, ENDED.has(operation.status)]).toEqual([operation.status, true]);
          if (operation.status === "Succeeded") succeeded++;
          history(operation, await world.rig.events(id));
        } finally {
          await world.rig.close();
        }
      }),
      { numRuns: 14, seed: 20261120, endOnFailure: true },
    );
    // The test tries what it says.
    expect(waited).toBeGreaterThan(3);
    expect(succeeded).toBeGreaterThan(3);
  }, 240_000);
});
