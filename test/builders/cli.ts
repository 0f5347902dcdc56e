import type { CliContext, Output } from "../../cli/context.ts";
import { run } from "../../cli/run.ts";

export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Answer = (request: Request) => Response | Promise<Response>;

/** Runs a command line against an API made of a function; not on a terminal. */
export async function runCli(
  args: readonly string[],
  answer: Answer,
  files: Record<string, string> = {},
): Promise<CliRun> {
  const written = { stdout: "", stderr: "" };
  const output = (name: "stdout" | "stderr"): Output => ({
    write: (text) => {
      written[name] += text;
    },
    isTTY: false,
    columns: 200,
  });
  const context: CliContext = {
    stdout: output("stdout"),
    stderr: output("stderr"),
    env: {},
    fetch: async (input, init) => answer(new Request(input, init)),
    readFile: async (path) => files[path] ?? "",
    confirm: async () => false,
  };
  const code = await run(args, context);
  return { code, ...written };
}
