import type { Command } from "commander";
import type { ChannelTest, ChannelView } from "../../core/api/routes/notifications.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { document, table } from "../output/text.ts";
import { sessionOf } from "./session.ts";

const PATH = "/v1/notification-channels";

/** `get channels`, `notify test`. Call after the command `get` was made. */
export function addNotificationCommands(
  program: Command,
  context: CliContext,
  done: (code: ExitCode) => void,
): void {
  const get = program.commands.find((command) => command.name() === "get") ?? program.command("get");
  get
    .command("channels")
    .description("notification channels, and how their last message went")
    .action(async (_flags: unknown, command: Command) => {
      const session = sessionOf(context, command);
      const items: ChannelView[] = [];
      let nextToken: string | undefined;
      do {
        const page: { items: ChannelView[]; nextToken?: string } = await session.client.call({
          method: "GET",
          path: PATH,
          query: { limit: 100, nextToken },
        });
        items.push(...page.items);
        nextToken = page.nextToken;
      } while (nextToken);
      const { output } = session.options;
      context.stdout.write(output === "table" ? channelTable(items) : document(items, output));
      done(EXIT.done);
    });

  const notify = program.command("notify").description("notification channels");
  notify
    .command("test")
    .argument("<channel>")
    .description("send a test message to a channel")
    .action(async (name: string, _flags: unknown, command: Command) => {
      const session = sessionOf(context, command);
      const result = await session.client.call<ChannelTest>({
        method: "POST",
        path: `${PATH}/${encodeURIComponent(name)}/test`,
      });
      const { output } = session.options;
      context.stdout.write(output === "table" ? testText(result) : document(result, output));
      done(result.delivered ? EXIT.done : EXIT.failed);
    });
}

const channelTable = (items: readonly ChannelView[]): string =>
  items.length === 0
    ? "No notification channels. docs/notifications.md shows how to write one.\n"
    : table(
        ["NAME", "TYPE", "SCOPE", "LAST MESSAGE", "PROBLEM"],
        items.map(({ name, channel, health }) => [
          name,
          channel.target.type,
          channel.scope,
          health ? `${health.ok ? "delivered" : "failed"} ${health.at}` : "-",
          health?.problem ?? "",
        ]),
      );

const testText = ({ name, delivered, problem, remedy }: ChannelTest): string =>
  delivered
    ? `${name}: delivered\n`
    : `${name}: not delivered: ${problem ?? ""}${remedy ? `\n  → ${remedy}` : ""}\n`;
