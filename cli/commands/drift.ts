import type { Command } from "commander";
import type { ClusterDrift, DriftList } from "../../core/api/routes/drift.ts";
import type { Operation, Plan } from "../../core/operation/types.ts";
import type { CliContext, Session } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../errors.ts";
import { driftTable, driftText } from "../output/drift.ts";
import { planText } from "../output/plan.ts";
import { document } from "../output/text.ts";
import { collect, jsonBody, started } from "./change.ts";
import { sessionOf } from "./session.ts";

type Done = (code: ExitCode) => void;

const clusterPath = (name: string): string => `/v1/clusters/${encodeURIComponent(name)}`;

function show<T>(session: Session, value: T, text: (value: T) => string): void {
  const { output } = session.options;
  session.context.stdout.write(output === "table" ? text(value) : document(value, output));
}

/** `drift`, `drift accept`, `reconcile`, `get drift`. */
export function addDriftCommands(program: Command, context: CliContext, done: Done): void {
  const drift = program
    .command("drift")
    .argument("<cluster>")
    .description("in what a cluster is not as it should be, and who changed it")
    .option("--all", "also what is over, and what the policy ignores")
    .option("--look", "look at the cluster now")
    .action(async (name: string, flags: { all?: boolean; look?: boolean }, command: Command) => {
      const session = sessionOf(context, command);
      if (flags.look)
        await session.client.call({
          method: "POST",
          path: `${clusterPath(name)}/reconciliations`,
          body: jsonBody({}),
        });
      const view = await viewOf(session, name, flags.all ?? false);
      show(session, view, (value) => driftText(value, context.stdout));
      done(EXIT.done);
    });

  drift
    .command("accept")
    .argument("<cluster>")
    .argument("<field>", "the field, or its id")
    .description("make the actual value of a field the desired one")
    .requiredOption("--reason <text>", "why; recorded with your name")
    .action(async (name: string, field: string, flags: { reason: string }, command: Command) => {
      const session = sessionOf(context, command);
      const { items } = await viewOf(session, name, true);
      // Fields have slashes and brackets in them, which not every proxy leaves as they are in a path.
      const id = items.find((item) => item.field === field || item.id === field)?.id ?? field;
      const accepted = await session.client.call<ClusterDrift["items"][number]>({
        method: "POST",
        path: `${clusterPath(name)}/drift/${encodeURIComponent(id)}/accept`,
        body: jsonBody({ reason: flags.reason }),
      });
      show(
        session,
        accepted,
        (value) =>
          `${value.field} of ${name} is ${value.actual ?? "absent"}, and may be. Write it into the cluster's file, too: the next apply takes what that says.\n`,
      );
      done(EXIT.done);
    });

  program
    .command("reconcile")
    .argument("<cluster>")
    .description("look at a cluster now, and bring it back to what it should be")
    .option("--field <field>", "only this field, or its id; may be repeated", collect)
    .option("--dry-run", "show the plan and change nothing")
    .option("--wait", "follow the operation until it has ended")
    .option("--reason <text>", "why; recorded with the operation")
    .option("--idempotency-key <key>", "the same key starts the operation once")
    .option("-y, --yes", "do not ask")
    .action(async (name: string, flags: ReconcileFlags, command: Command) => {
      done(await reconcile(context, command, name, flags));
    });

  const get = program.commands.find((command) => command.name() === "get");
  get
    ?.command("drift")
    .description("clusters that are not as they should be")
    .action(async (_flags: unknown, command: Command) => {
      const session = sessionOf(context, command);
      show(session, await everywhere(session), driftTable);
      done(EXIT.done);
    });
}

interface ReconcileFlags {
  readonly field?: readonly string[];
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly reason?: string;
  readonly idempotencyKey?: string;
  readonly yes?: boolean;
}

const viewOf = (session: Session, name: string, all: boolean): Promise<ClusterDrift> =>
  session.client.call<ClusterDrift>({
    method: "GET",
    path: `${clusterPath(name)}/drift`,
    query: { all: all || undefined },
  });

/** Shows the plan, asks on a terminal, and starts the operation. */
async function reconcile(
  context: CliContext,
  command: Command,
  name: string,
  flags: ReconcileFlags,
): Promise<ExitCode> {
  const session = sessionOf(context, command);
  const path = `${clusterPath(name)}/reconciliations`;
  const wanted = {
    remediate: true,
    ...(flags.field ? { fields: flags.field } : {}),
    ...(flags.reason ? { reason: flags.reason } : {}),
  };
  if (!flags.yes) {
    const plan = await session.client.call<Plan | ClusterDrift>({
      method: "POST",
      path,
      query: { dryRun: true },
      body: jsonBody(wanted),
    });
    if (!("phases" in plan)) {
      show(session, plan, (value) => driftText(value as ClusterDrift, context.stdout));
      return EXIT.done;
    }
    show(session, plan, (value) => planText(value as Plan, context.stdout));
    if (flags.dryRun) return EXIT.done;
    if (!context.stdout.isTTY)
      throw new CliError(
        `reconcile ${name}: not on a terminal, so it cannot ask\n  Repeat it with --yes.`,
        EXIT.badInput,
      );
    if (!(await context.confirm(`Bring ${name} back as planned?`))) {
      context.stdout.write("Nothing was changed.\n");
      return EXIT.done;
    }
  }
  const answer = await session.client.call<Operation | Plan | ClusterDrift>({
    method: "POST",
    path,
    ...(flags.dryRun ? { query: { dryRun: true } } : {}),
    body: jsonBody(wanted),
    ...(flags.idempotencyKey ? { idempotencyKey: flags.idempotencyKey } : {}),
  });
  if ("phases" in answer) show(session, answer, (value) => planText(value as Plan, context.stdout));
  else if ("id" in answer) return started(session, answer, flags.wait ?? false);
  else show(session, answer, (value) => driftText(value as ClusterDrift, context.stdout));
  return EXIT.done;
}

/** Every page, up to 1,000 clusters. */
async function everywhere(session: Session): Promise<DriftList["items"]> {
  const items: DriftList["items"] = [];
  let nextToken: string | undefined;
  do {
    const page: DriftList = await session.client.call({
      method: "GET",
      path: "/v1/drift",
      query: { limit: 100, nextToken },
    });
    items.push(...page.items);
    nextToken = page.nextToken;
  } while (nextToken && items.length < 1000);
  return items;
}
