import type { Command } from "commander";
import { createClient } from "../client.ts";
import type { CliContext, GlobalOptions, OutputFormat, Session } from "../context.ts";
import { CliError, EXIT } from "../errors.ts";

/** Where the embedded platform listens unless told otherwise. */
export const DEFAULT_ENDPOINT = "http://127.0.0.1:4300";

const FORMATS: readonly OutputFormat[] = ["table", "json", "yaml"];

/** The session of a command, from its flags and the environment. */
export function sessionOf(context: CliContext, command: Command): Session {
  const flags = command.optsWithGlobals<{ endpoint?: string; output?: string }>();
  const output = (flags.output ?? "table") as OutputFormat;
  if (!FORMATS.includes(output)) {
    throw new CliError(`--output: ${flags.output} is not one of ${FORMATS.join(", ")}`, EXIT.badInput);
  }
  const options: GlobalOptions = {
    endpoint: flags.endpoint ?? context.env.SLIPWAY_ENDPOINT ?? DEFAULT_ENDPOINT,
    output,
  };
  return {
    context,
    options,
    client: createClient(options.endpoint, context.fetch, context.env.SLIPWAY_USER),
  };
}
