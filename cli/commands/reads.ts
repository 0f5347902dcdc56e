import type { Command } from "commander";
import type { CheckResult, Cluster, ClusterList, ClusterWindow } from "../../core/api/types.ts";
import type { Finding, Operation } from "../../core/operation/types.ts";
import type { CliContext, Session } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { clusterText, describeOperation, operationRow } from "../output/operation.ts";
import { findingsText } from "../output/plan.ts";
import { document, table } from "../output/text.ts";
import { windowLine } from "../output/windows.ts";
import { watchOperation } from "../watch.ts";
import { jsonBody } from "./change.ts";
import { sessionOf } from "./session.ts";

type Done = (code: ExitCode) => void;

/** Prints the API's own document, or what `text` makes of it. */
export function show<T>(session: Session, value: T, text: (value: T) => string): void {
  const { output } = session.options;
  session.context.stdout.write(output === "table" ? text(value) : document(value, output));
}

/** Every page of a list, up to 1,000 items. */
export async function all<T>(
  session: Session,
  path: string,
  query: Record<string, string | undefined>,
): Promise<T[]> {
  const items: T[] = [];
  let nextToken: string | undefined;
  do {
    const page: { items: T[]; nextToken?: string } = await session.client.call({
      method: "GET",
      path,
      query: { ...query, limit: 100, nextToken },
    });
    items.push(...page.items);
    nextToken = page.nextToken;
  } while (nextToken && items.length < 1000);
  return items;
}

const operationPath = (id: string): string => `/v1/operations/${encodeURIComponent(id)}`;
const clusterPath = (name: string): string => `/v1/clusters/${encodeURIComponent(name)}`;

/** `get`, `describe`, `check`, `watch`. */
export function addReadCommands(program: Command, context: CliContext, done: Done): void {
  const get = program.command("get").description("list clusters or operations");
  get
    .command("clusters")
    .description("clusters that Slipway manages")
    .action(async (_flags: unknown, command: Command) => {
      const session = sessionOf(context, command);
      const items = await all<ClusterList["items"][number]>(session, "/v1/clusters", {});
      show(session, items, (clusters) =>
        clusters.length === 0
          ? "No clusters. Create one with: slipway apply -f examples/cluster.yaml\n"
          : table(
              ["NAME", "REGION", "ACCOUNT", "VERSION", "STATUS", "OPERATION"],
              clusters.map((c) => [
                c.ref.name,
                c.ref.region,
                c.ref.account,
                c.version ?? "-",
                c.status,
                c.operation ?? "-",
              ]),
            ),
      );
      done(EXIT.done);
    });
  get
    .command("operations")
    .description("operations, newest first")
    .option("--cluster <name>", "of one cluster")
    .option("--status <status>", "in this status only")
    .action(async (flags: { cluster?: string; status?: string }, command: Command) => {
      const session = sessionOf(context, command);
      const items = await all<Operation>(session, "/v1/operations", {
        cluster: flags.cluster,
        status: flags.status,
      });
      show(session, items, (operations) =>
        operations.length === 0
          ? "No operations.\n"
          : table(["ID", "TYPE", "CLUSTER", "STATUS", "STARTED", "TOOK", "BY"], operations.map(operationRow)),
      );
      done(EXIT.done);
    });

  const describe = program.command("describe").description("show a cluster or an operation in full");
  describe
    .command("cluster")
    .argument("<cluster>")
    .description("its versions, node groups and add-ons as they are now")
    .action(async (name: string, _flags: unknown, command: Command) => {
      const session = sessionOf(context, command);
      const cluster = await session.client.call<Cluster>({ method: "GET", path: clusterPath(name) });
      // In JSON and YAML each document is the API's own: the windows are asked for with `window`.
      const windows =
        session.options.output === "table"
          ? await session.client.call<ClusterWindow>({ method: "GET", path: `${clusterPath(name)}/window` })
          : undefined;
      show(
        session,
        cluster,
        (value) =>
          `${clusterText(value, context.stdout)}${windows ? windowLine(windows, context.stdout) : ""}`,
      );
      done(EXIT.done);
    });
  describe
    .command("operation")
    .argument("<operation>")
    .description("its steps, and what went wrong")
    .action(async (id: string, _flags: unknown, command: Command) => {
      const session = sessionOf(context, command);
      const operation = await session.client.call<Operation>({ method: "GET", path: operationPath(id) });
      show(session, operation, (value) => describeOperation(value, context.stdout));
      done(EXIT.done);
    });

  program
    .command("check")
    .argument("<cluster>")
    .description("run the pre-flight checks; change nothing")
    .option("--to <version>", "for an upgrade to this Kubernetes version")
    .action(async (name: string, flags: { to?: string }, command: Command) => {
      const session = sessionOf(context, command);
      const result = await session.client.call<CheckResult>({
        method: "POST",
        path: `${clusterPath(name)}/checks`,
        body: jsonBody(flags.to ? { to: flags.to } : {}),
      });
      show(session, result, ({ findings, blocked }) => {
        const head =
          findings.length === 0 ? "Nothing found.\n" : findingsText(findings as Finding[], context.stdout);
        return `${head}${blocked ? "\nBlocked: settle the findings marked ✗ and ?, or override them with a reason.\n" : "\nReady.\n"}`;
      });
      done(result.blocked ? EXIT.blocked : EXIT.done);
    });

  program
    .command("watch")
    .argument("<operation>")
    .description("follow an operation until it has ended")
    .action(async (id: string, _flags: unknown, command: Command) => {
      done(await watchOperation(sessionOf(context, command), id));
    });
}
