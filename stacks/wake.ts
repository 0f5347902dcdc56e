import { WAKE_GROUP, wakeRole } from "../functions/platform/windows.ts";
import { type Context, roleArgs } from "./context.ts";
import { statements } from "./policy.ts";

/**
 * What operations that wait are woken by: a group for their one-time schedules (adapters/aws/scheduler.ts makes
 * them, and they delete themselves), and the role by which those call wake-operation.
 */
export function wake(context: Context): void {
  const { names } = context;
  new aws.scheduler.ScheduleGroup("WakeGroup", { name: names.of(WAKE_GROUP) });
  new aws.iam.Role(
    "WakeRole",
    roleArgs(context, {
      name: names.of(wakeRole.name),
      purpose: wakeRole.purpose,
      service: wakeRole.service,
      onlyOwnAccount: true,
      statements: statements(wakeRole.grants, names),
    }),
  );
}
