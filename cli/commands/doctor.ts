import type { Command } from "commander";
import type { DoctorReport } from "../../core/api/types.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { doctorText } from "../output/doctor.ts";
import { document } from "../output/text.ts";
import { jsonBody } from "./change.ts";
import { sessionOf } from "./session.ts";

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

/** `doctor`. */
export function addDoctorCommand(
  program: Command,
  context: CliContext,
  done: (code: ExitCode) => void,
): void {
  program
    .command("doctor")
    .description("check this installation and the managed accounts; exit code 1 when something fails")
    .option("--account <id>", "only this account; may be repeated", collect, [])
    .action(async (flags: { account: readonly string[] }, command: Command) => {
      const session = sessionOf(context, command);
      const report = await session.client.call<DoctorReport>({
        method: "POST",
        path: "/v1/doctor",
        body: jsonBody(flags.account.length > 0 ? { accounts: flags.account } : {}),
      });
      const { output } = session.options;
      context.stdout.write(
        output === "table" ? doctorText(report, context.stdout) : document(report, output),
      );
      done(report.status === "fail" ? EXIT.failed : EXIT.done);
    });
}
