import type { Command } from "commander";
import type { Operation, Plan } from "../../core/operation/types.ts";
import type { ApiCall } from "../client.ts";
import type { CliContext, Session } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../errors.ts";
import { planText } from "../output/plan.ts";
import { document } from "../output/text.ts";
import { watchOperation } from "../watch.ts";
import { sessionOf } from "./session.ts";

/** Flags of every verb that changes something. */
export interface ChangeFlags {
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly reason?: string;
  readonly yes?: boolean;
  readonly override?: readonly string[];
  readonly idempotencyKey?: string;
  readonly now?: boolean;
}

/** Adds the flags of a change to a command. */
export function changeFlags(command: Command): Command {
  return command
    .option("--dry-run", "show the plan and change nothing")
    .option("--wait", "follow the operation until it has ended")
    .option("--reason <text>", "why; recorded with the operation and with each override")
    .option(
      "--override <code>",
      "let a finding with this code pass (with --reason); may be repeated",
      collect,
    )
    .option("--now", "begin outside of the cluster's windows, too (with --reason)")
    .option("--idempotency-key <key>", "the same key starts the operation once")
    .option("-y, --yes", "do not ask");
}

/** Collects a flag that may be repeated. */
export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** The `overrides` and `reason` of a request body, from the flags. */
export function reasonOf(flags: ChangeFlags): Record<string, unknown> {
  const codes = flags.override ?? [];
  if (codes.length > 0 && !flags.reason) {
    throw new CliError("--override needs --reason: the reason is recorded with the operation", EXIT.badInput);
  }
  if (flags.now && !flags.reason)
    throw new CliError("--now needs --reason: the reason is recorded with the operation", EXIT.badInput);
  return {
    ...(flags.now ? { ignoreWindow: true } : {}),
    ...(flags.reason ? { reason: flags.reason } : {}),
    ...(codes.length > 0 ? { overrides: codes.map((code) => ({ code, reason: flags.reason })) } : {}),
  };
}

export const jsonBody = (value: unknown): NonNullable<ApiCall["body"]> => ({
  type: "application/json",
  text: JSON.stringify(value),
});

/** Shows the plan, asks on a terminal, starts the operation, and follows it if asked to. */
export async function change(
  context: CliContext,
  command: Command,
  flags: ChangeFlags,
  call: ApiCall,
  question: (plan: Plan) => string,
): Promise<ExitCode> {
  const session = sessionOf(context, command);
  const asksFirst = context.stdout.isTTY && !flags.yes && session.options.output === "table";
  if (flags.dryRun || asksFirst) {
    const plan = await session.client.call<Plan | Operation>({
      ...call,
      query: { ...call.query, dryRun: true },
    });
    showPlan(session, plan as Plan);
    if (flags.dryRun || nothingToDo(plan as Plan)) return EXIT.done;
    if (!(await context.confirm(question(plan as Plan)))) {
      context.stdout.write("Nothing was changed.\n");
      return EXIT.done;
    }
  }
  const answer = await session.client.call<Operation | Plan>({
    ...call,
    ...(flags.idempotencyKey ? { idempotencyKey: flags.idempotencyKey } : {}),
  });
  if ("id" in answer) return started(session, answer, flags.wait ?? false);
  showPlan(session, answer);
  return EXIT.done;
}

/** An apply to a cluster that is as its file says. */
const nothingToDo = (plan: Plan): boolean => plan.phases.length === 0;

function showPlan(session: Session, plan: Plan): void {
  const { output } = session.options;
  const { stdout } = session.context;
  stdout.write(output === "table" ? planText(plan, stdout) : document(plan, output));
}

/** Says which operation was started, or follows it. */
export async function started(session: Session, operation: Operation, wait: boolean): Promise<ExitCode> {
  const { stdout } = session.context;
  const { output } = session.options;
  if (wait) return watchOperation(session, operation.id);
  if (output !== "table") stdout.write(document(operation, output));
  else
    stdout.write(
      `${operation.id}  ${operation.type} ${operation.cluster.name}: ${operation.status}${operation.awaiting ? `, ${operation.awaiting.reason}` : ""}\nFollow it with: slipway watch ${operation.id}\n`,
    );
  return EXIT.done;
}
