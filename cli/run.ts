import { Command, CommanderError } from "commander";
import { addAdoptCommand } from "./commands/adopt.ts";
import { addChangeCommands } from "./commands/changes.ts";
import { addControlCommands } from "./commands/controls.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addDriftCommands } from "./commands/drift.ts";
import { addNodeCommands } from "./commands/nodes.ts";
import { addNotificationCommands } from "./commands/notifications.ts";
import { addReadCommands } from "./commands/reads.ts";
import { addRollbackCommand } from "./commands/rollback.ts";
import { addRolloutCommands } from "./commands/rollouts.ts";
import { DEFAULT_ENDPOINT } from "./commands/session.ts";
import { addApprovalCommands, addWindowCommands } from "./commands/windows.ts";
import type { CliContext } from "./context.ts";
import { CliError, EXIT, type ExitCode } from "./errors.ts";

const EXIT_CODES =
  "Exit codes: 0 done, 1 the operation failed, 2 bad input, 3 blocked by checks, 4 not found, 5 cannot reach or not allowed.";

/** Runs one command line (without the program's name) and returns its exit code; never throws for bad input. */
export async function run(args: readonly string[], context: CliContext): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const done = (value: ExitCode): void => {
    code = value;
  };
  const program = new Command("slipway")
    .description("Automation for fleets of Amazon EKS clusters")
    .option("--endpoint <url>", `the API (SLIPWAY_ENDPOINT, default ${DEFAULT_ENDPOINT})`)
    .option("-o, --output <format>", "table, json or yaml", "table")
    .addHelpText("after", `\n${EXIT_CODES}`)
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    })
    .exitOverride();
  addChangeCommands(program, context, done);
  addAdoptCommand(program, context, done);
  addRollbackCommand(program, context, done);
  addReadCommands(program, context, done);
  addDriftCommands(program, context, done);
  addNodeCommands(program, context, done);
  addControlCommands(program, context, done);
  addNotificationCommands(program, context, done);
  addDoctorCommand(program, context, done);
  addWindowCommands(program, context, done);
  addApprovalCommands(program, context, done);
  addRolloutCommands(program, context, done);
  inherit(program);
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.badInput;
    if (!(error instanceof CliError)) throw error;
    context.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}

/** Sub-commands do not inherit these settings by themselves. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inherit(child);
  }
}
