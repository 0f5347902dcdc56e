import type { Command } from "commander";
import type { Operation } from "../../core/operation/types.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { document } from "../output/text.ts";
import { type ChangeFlags, collect, jsonBody, reasonOf, started } from "./change.ts";
import { sessionOf } from "./session.ts";

const VERBS = [
  ["pause", "stop an operation at the next safe point"],
  ["resume", "go on with a paused operation"],
  ["cancel", "end an operation at the next safe point"],
] as const;

/** `pause`, `resume`, `cancel`, `retry`. */
export function addControlCommands(
  program: Command,
  context: CliContext,
  done: (code: ExitCode) => void,
): void {
  const path = (id: string, verb: string) => `/v1/operations/${encodeURIComponent(id)}/${verb}`;
  for (const [verb, description] of VERBS) {
    const control = program
      .command(verb)
      .argument("<operation>")
      .description(description)
      .option("--reason <text>", "why; recorded with the operation");
    if (verb === "resume")
      control.option("--now", "begin outside of the window that it waits for (with --reason)");
    control.action(async (id: string, flags: { reason?: string; now?: boolean }, command: Command) => {
      const session = sessionOf(context, command);
      const operation = await session.client.call<Operation>({
        method: "POST",
        path: path(id, verb),
        body: jsonBody({
          ...(flags.reason ? { reason: flags.reason } : {}),
          ...(flags.now ? { now: true } : {}),
        }),
      });
      const { output } = session.options;
      context.stdout.write(
        output === "table"
          ? `${operation.id}  ${operation.status}${operation.control?.request ? `, ${operation.control.request} requested` : ""}${operation.awaiting ? `: ${operation.awaiting.reason}` : ""}\n`
          : document(operation, output),
      );
      done(EXIT.done);
    });
  }
  program
    .command("retry")
    .argument("<operation>")
    .description("run a failed operation again, from what the cluster is now")
    .option("--wait", "follow it until it has ended")
    .option("--reason <text>", "why; recorded")
    .option("--override <code>", "let a finding with this code pass (with --reason)", collect)
    .option("--now", "begin outside of the cluster's windows, too (with --reason)")
    .action(async (id: string, flags: ChangeFlags, command: Command) => {
      const session = sessionOf(context, command);
      const operation = await session.client.call<Operation>({
        method: "POST",
        path: path(id, "retry"),
        body: jsonBody(reasonOf(flags)),
      });
      done(await started(session, operation, flags.wait ?? false));
    });
}
