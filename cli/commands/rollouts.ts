import type { Command } from "commander";
import type { RolloutPlan } from "../../core/rollout/plan.ts";
import type { Member } from "../../core/rollout/record.ts";
import type { CliContext, Session } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../errors.ts";
import {
  actionText,
  describeRollout,
  paintRollout,
  type RolloutDocument,
  rolloutPlanText,
  rolloutRow,
} from "../output/rollout.ts";
import { document, table } from "../output/text.ts";
import { watchRollout } from "../watch-rollout.ts";
import { jsonBody } from "./change.ts";
import { sessionOf } from "./session.ts";

type Done = (code: ExitCode) => void;

interface Flags {
  readonly file?: string;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly yes?: boolean;
  readonly idempotencyKey?: string;
}

export const rolloutPath = (id: string): string => `/v1/rollouts/${encodeURIComponent(id)}`;

const VERBS = [
  ["pause", "begin no more clusters; those in work go on"],
  ["resume", "go on after a pause"],
  ["abort", "begin no more clusters and end"],
  ["approve", "let the next wave begin"],
] as const;

/** `rollout -f`, `rollout pause|resume|abort|approve`, `get rollouts`, `describe rollout`. Added after `get` and `describe`. */
export function addRolloutCommands(program: Command, context: CliContext, done: Done): void {
  const rollout = program
    .command("rollout")
    .description("take one action over many clusters, in waves")
    .option("-f, --file <path>", "Rollout document, YAML or JSON; - for standard input")
    .option("--dry-run", "show the plan for all clusters and change nothing")
    .option("--wait", "follow the rollout until it has ended")
    .option("--idempotency-key <key>", "the same key starts the rollout once")
    .option("-y, --yes", "do not ask")
    .action(async (flags: Flags, command: Command) => done(await start(context, command, flags)));
  for (const [verb, description] of VERBS) {
    const command = rollout
      .command(verb)
      .argument("<rollout>")
      .description(description)
      .option("--reason <text>", "why; recorded with the rollout");
    if (verb === "abort")
      command.option(
        "--running <what>",
        "cancel clusters in work at their next safe point, or let them finish",
      );
    command.action(async (id: string, flags: { reason?: string; running?: string }, self: Command) => {
      const session = sessionOf(context, self);
      const answer = await session.client.call<RolloutDocument>({
        method: "POST",
        path: `${rolloutPath(id)}/${verb}`,
        body: jsonBody(flags),
      });
      const asked = answer.control.request;
      show(session, answer, () => `${answer.id}  ${answer.status}${asked ? `, ${asked} requested` : ""}\n`);
      done(EXIT.done);
    });
  }
  rollout
    .command("watch")
    .argument("<rollout>")
    .description("follow a rollout until it has ended")
    .action(async (id: string, _flags: unknown, self: Command) =>
      done(await watchRollout(sessionOf(context, self), id)),
    );

  under(program, "get")
    .command("rollouts")
    .description("rollouts, newest first")
    .action(async (_flags: unknown, command: Command) => {
      const session = sessionOf(context, command);
      const items = await pages<RolloutDocument>(session, "/v1/rollouts");
      show(session, items, () =>
        items.length === 0
          ? "No rollouts.\n"
          : table(
              ["ID", "NAME", "ACTION", "STATUS", "WAVES", "CLUSTERS", "FAILED", "CREATED"],
              items.map(rolloutRow),
            ),
      );
      done(EXIT.done);
    });
  under(program, "describe")
    .command("rollout")
    .argument("<rollout>")
    .description("its waves, and what became of its clusters")
    .action(async (id: string, _flags: unknown, command: Command) => {
      const session = sessionOf(context, command);
      const found = await session.client.call<RolloutDocument>({ method: "GET", path: rolloutPath(id) });
      const members: Member[] = [];
      for (const [index, wave] of found.waves.entries())
        if (wave.phase !== "Pending" || found.endedAt)
          members.push(...(await pages<Member>(session, `${rolloutPath(id)}/waves/${index + 1}/members`)));
      show(session, session.options.output === "table" ? found : { ...found, clusters: members }, () =>
        describeRollout(found, members, context.stdout),
      );
      done(EXIT.done);
    });
}

function under(program: Command, name: string): Command {
  const parent = program.commands.find((command) => command.name() === name);
  if (!parent) throw new Error(`the command ${name} comes after those below it`);
  return parent;
}

function show<T>(session: Session, value: T, text: () => string): void {
  const { output } = session.options;
  session.context.stdout.write(output === "table" ? text() : document(value, output));
}

async function pages<T>(session: Session, path: string): Promise<T[]> {
  const items: T[] = [];
  let nextToken: string | undefined;
  do {
    const page: { items: T[]; nextToken?: string } = await session.client.call({
      method: "GET",
      path,
      query: { limit: 100, nextToken },
    });
    items.push(...page.items);
    nextToken = page.nextToken;
  } while (nextToken);
  return items;
}

async function start(context: CliContext, command: Command, flags: Flags): Promise<ExitCode> {
  if (flags.file === undefined)
    throw new CliError(
      "rollout: -f FILE is missing\n  Give the Rollout document with -f, or name what to do: pause, resume, abort, approve, watch.",
      EXIT.badInput,
    );
  const session = sessionOf(context, command);
  const { stdout } = context;
  const call = {
    method: "POST",
    path: "/v1/rollouts",
    body: { type: "application/yaml", text: await context.readFile(flags.file) },
  } as const;
  const asksFirst = stdout.isTTY && !flags.yes && session.options.output === "table";
  if (flags.dryRun || asksFirst) {
    const plan = await session.client.call<RolloutPlan>({ ...call, query: { dryRun: true } });
    show(session, plan, () => rolloutPlanText(plan, stdout));
    if (flags.dryRun) return EXIT.done;
    if (
      !(await context.confirm(`Begin: ${actionText(plan.action)} on ${plan.clusters} clusters as planned?`))
    ) {
      stdout.write("Nothing was changed.\n");
      return EXIT.done;
    }
  }
  const started = await session.client.call<RolloutDocument>({
    ...call,
    ...(flags.idempotencyKey ? { idempotencyKey: flags.idempotencyKey } : {}),
  });
  if (flags.wait) return watchRollout(session, started.id);
  show(
    session,
    started,
    () =>
      `${started.id}  ${started.name}: ${paintRollout(stdout, started.status)}, ${started.members} clusters\nFollow it with: slipway rollout watch ${started.id}\n`,
  );
  return EXIT.done;
}
