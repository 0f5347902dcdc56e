import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../errors.ts";
import { type ChangeFlags, change, changeFlags, jsonBody, reasonOf } from "./change.ts";

/** Minutes, as a whole number; the API knows the bounds. */
function minutes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new CliError(`--timeout ${text}: expected minutes, such as 720`, EXIT.badInput);
}

/** `rollback`. */
export function addRollbackCommand(
  program: Command,
  context: CliContext,
  done: (code: ExitCode) => void,
): void {
  changeFlags(
    program
      .command("rollback")
      .argument("<cluster>")
      .description("take the last upgrade back: nodes, add-ons, control plane; within 7 days"),
  )
    .option("--timeout <minutes>", "how long EKS tries to take the nodes of Auto Mode back (120 to 10080)")
    .action(async (cluster: string, flags: ChangeFlags & { timeout?: string }, command: Command) => {
      const timeoutMinutes = minutes(flags.timeout);
      const body = { ...(timeoutMinutes === undefined ? {} : { timeoutMinutes }), ...reasonOf(flags) };
      const call = {
        method: "POST",
        path: `/v1/clusters/${encodeURIComponent(cluster)}/rollbacks`,
        body: jsonBody(body),
      } as const;
      done(
        await change(
          context,
          command,
          flags,
          call,
          (plan) => `Take ${cluster} back to ${plan.toVersion ?? "the version before"} as planned?`,
        ),
      );
    });
}
