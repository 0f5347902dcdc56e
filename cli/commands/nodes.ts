import type { Command } from "commander";
import type { Automation, ClusterNodes } from "../../core/api/routes/nodes.ts";
import type { CliContext, Session } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../errors.ts";
import { automationText, nodesText } from "../output/nodes.ts";
import { document } from "../output/text.ts";
import { type ChangeFlags, change, changeFlags, jsonBody } from "./change.ts";
import { sessionOf } from "./session.ts";

type Done = (code: ExitCode) => void;

const clusterPath = (name: string): string => `/v1/clusters/${encodeURIComponent(name)}`;

function show<T>(session: Session, value: T, text: (value: T) => string): void {
  const { output } = session.options;
  session.context.stdout.write(output === "table" ? text(value) : document(value, output));
}

/** `nodes`, `automation`, `remediate`. */
export function addNodeCommands(program: Command, context: CliContext, done: Done): void {
  program
    .command("nodes")
    .argument("<cluster>")
    .description("health of its nodes, what is done about it, and why not")
    .action(async (name: string, _flags: unknown, command: Command) => {
      const session = sessionOf(context, command);
      const nodes = await session.client.call<ClusterNodes>({
        method: "GET",
        path: `${clusterPath(name)}/nodes`,
      });
      show(session, nodes, nodesText);
      done(EXIT.done);
    });

  program
    .command("automation")
    .argument("<cluster>")
    .description("what Slipway does about its nodes by itself, and whether it is off")
    .option("--reset-breaker", "turn it on again; with --reason")
    .option("--reason <text>", "what was found, and why it may go on")
    .action(async (name: string, flags: { resetBreaker?: boolean; reason?: string }, command: Command) => {
      const session = sessionOf(context, command);
      if (flags.resetBreaker && !flags.reason)
        throw new CliError("--reset-breaker needs --reason: it is recorded with your name", EXIT.badInput);
      const path = `${clusterPath(name)}/automation`;
      const automation = flags.resetBreaker
        ? await session.client.call<Automation>({
            method: "POST",
            path: `${path}/breaker-resets`,
            body: jsonBody({ reason: flags.reason }),
          })
        : await session.client.call<Automation>({ method: "GET", path });
      show(session, automation, automationText);
      done(EXIT.done);
    });

  changeFlags(
    program
      .command("remediate")
      .argument("<cluster>")
      .argument("<node>")
      .description("have a sick node drained and replaced now"),
  ).action(async (cluster: string, node: string, flags: ChangeFlags, command: Command) => {
    const path = `${clusterPath(cluster)}/nodes/${encodeURIComponent(node)}/remediations`;
    const call = {
      method: "POST",
      path,
      body: jsonBody(flags.reason ? { reason: flags.reason } : {}),
    } as const;
    done(await change(context, command, flags, call, () => `Replace ${node} of ${cluster} as planned?`));
  });
}
