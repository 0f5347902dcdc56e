import type { Command } from "commander";
import type { ClusterWindow, Policy, Window } from "../../core/api/types.ts";
import type { Operation } from "../../core/operation/types.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { document, table } from "../output/text.ts";
import { clusterWindowText, policyRow, windowRow } from "../output/windows.ts";
import { jsonBody } from "./change.ts";
import { all, show } from "./reads.ts";
import { sessionOf } from "./session.ts";

type Done = (code: ExitCode) => void;

/** `get windows`, `get policies`, `window CLUSTER`, `delete-window`, `delete-policy`. */
export function addWindowCommands(program: Command, context: CliContext, done: Done): void {
  const get = program.commands.find((command) => command.name() === "get");
  get
    ?.command("windows")
    .description("maintenance windows, and whether they are open")
    .action(async (_flags: unknown, command: Command) => {
      const session = sessionOf(context, command);
      const items = await all<Window>(session, "/v1/windows", {});
      show(session, items, (windows) =>
        windows.length === 0
          ? "No windows. Write one with: slipway apply -f window.yaml (docs/windows.md)\n"
          : table(["NAME", "OPEN", "UNTIL / NEXT", "WHY"], windows.map(windowRow)),
      );
      done(EXIT.done);
    });
  get
    ?.command("policies")
    .description("policies that clusters can name")
    .action(async (_flags: unknown, command: Command) => {
      const session = sessionOf(context, command);
      const items = await all<Policy>(session, "/v1/policies", {});
      show(session, items, (policies) =>
        policies.length === 0
          ? "No policies. Write one with: slipway apply -f policy.yaml (docs/windows.md)\n"
          : table(["NAME", "WINDOWS", "APPROVALS", "CHANNEL", "REVISION"], policies.map(policyRow)),
      );
      done(EXIT.done);
    });
  program
    .command("window")
    .argument("<cluster>")
    .description("whether work that disrupts a cluster may begin now, and when next")
    .action(async (name: string, _flags: unknown, command: Command) => {
      const session = sessionOf(context, command);
      const path = `/v1/clusters/${encodeURIComponent(name)}/window`;
      const window = await session.client.call<ClusterWindow>({ method: "GET", path });
      show(session, window, (value) => clusterWindowText(value, context.stdout));
      done(EXIT.done);
    });
  for (const kind of ["window", "policy"] as const) {
    program
      .command(`delete-${kind}`)
      .argument("<name>")
      .description(`delete a ${kind} that nothing names`)
      .action(async (name: string, _flags: unknown, command: Command) => {
        const session = sessionOf(context, command);
        const path = `/v1/${kind === "window" ? "windows" : "policies"}/${encodeURIComponent(name)}`;
        const gone = await session.client.call<{ name: string }>({ method: "DELETE", path });
        show(session, gone, () => `${kind} ${name} deleted\n`);
        done(EXIT.done);
      });
  }
}

/** `approve`, `reject`: of the plan that the operation has when the command looks. */
export function addApprovalCommands(program: Command, context: CliContext, done: Done): void {
  for (const [verb, description] of [
    ["approve", "approve what an operation waits for; not your own"],
    ["reject", "end an operation that waits for an approval"],
  ] as const) {
    program
      .command(verb)
      .argument("<operation>")
      .description(description)
      .option("--reason <text>", "why; recorded with the operation")
      .option("--digest <digest>", "of the plan that you looked at; any other one is not approved")
      .action(async (id: string, flags: { reason?: string; digest?: string }, command: Command) => {
        const session = sessionOf(context, command);
        const path = `/v1/operations/${encodeURIComponent(id)}`;
        const shown =
          flags.digest ?? (await session.client.call<Operation>({ method: "GET", path })).plan.digest;
        const operation = await session.client.call<Operation>({
          method: "POST",
          path: `${path}/${verb}`,
          body: jsonBody({ ...(flags.reason ? { reason: flags.reason } : {}), digest: shown }),
        });
        const { output } = session.options;
        const waits = operation.awaiting ? `: ${operation.awaiting.reason}` : "";
        context.stdout.write(
          output === "table" ? `${operation.id}  ${operation.status}${waits}\n` : document(operation, output),
        );
        done(EXIT.done);
      });
  }
}
