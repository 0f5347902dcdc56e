import { perRuntime } from "../system-runtime.ts";
import { aws, awsErrorName } from "./errors.ts";
import { createSend } from "./operations/client.ts";
import { createSchedule, updateSchedule } from "./operations/operations.ts";

/** Schedules that wake what waits: each runs once and deletes itself. */
export interface WakePort {
  /**
   * Has `wake-operation` called with the operation's id at `at` (milliseconds since the epoch), instead of at the
   * time that was set for it before. A time that is almost here or has passed means in a minute.
   */
  wakeAt(operationId: string, at: number): Promise<void>;
}

/** The Scheduler looks at its schedules once a minute: one for the moment would be missed. */
const LEAST_MS = 60_000;

export const wakesOf = perRuntime((runtime): WakePort => {
  const send = createSend(runtime.aws);
  const { stage, account, region, workflowArnPrefix } = runtime.config;
  const [, partition = "aws"] = workflowArnPrefix.split(":");
  return {
    wakeAt: (operationId, at) =>
      aws(`scheduler CreateSchedule ${operationId}`, async () => {
        const time = new Date(Math.ceil(Math.max(at, runtime.clock.now() + LEAST_MS) / 1000) * 1000);
        const schedule = {
          Name: operationId,
          GroupName: `slipway-${stage}-wake`,
          ScheduleExpression: `at(${time.toISOString().slice(0, 19)})`,
          ScheduleExpressionTimezone: "UTC",
          FlexibleTimeWindow: { Mode: "OFF" as const },
          ActionAfterCompletion: "DELETE" as const,
          Target: {
            Arn: `arn:${partition}:lambda:${region}:${account}:function:slipway-${stage}-wake-operation`,
            RoleArn: `arn:${partition}:iam::${account}:role/slipway-${stage}-wake`,
            Input: JSON.stringify({ operationId }),
          },
        };
        try {
          await send(createSchedule, schedule);
        } catch (error) {
          if (awsErrorName(error) !== "ConflictException") throw error;
          await send(updateSchedule, schedule);
        }
      }),
  };
});
