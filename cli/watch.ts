import type { OperationEvents } from "../core/api/types.ts";
import { foldSteps } from "../core/operation/lifecycle.ts";
import { ENDED, type Operation, type OperationEvent } from "../core/operation/types.ts";
import type { Output, Session } from "./context.ts";
import { EXIT, type ExitCode } from "./errors.ts";
import { errorText, type OperationWithSteps } from "./output/operation.ts";
import { progressLines } from "./output/progress.ts";
import { createScreen } from "./output/screen.ts";
import { document, duration, paint, secondsBetween } from "./output/text.ts";

/** Seconds that one call waits for an event. */
const POLL_SECONDS = 20;
/** On a terminal bars move with time, so ask more often. */
const LIVE_POLL_SECONDS = 5;

/** Where progress goes: a screen that is redrawn, plain lines, or nowhere (JSON). */
interface View {
  events(events: readonly OperationEvent[]): void;
  draw(operation: OperationWithSteps, now: string): void;
  end(): void;
}

function liveView(output: Output, stream: NodeJS.WriteStream): View {
  const screen = createScreen(stream);
  return {
    events: () => {},
    draw: (operation, now) => screen.draw(progressLines(operation, now, output)),
    end: () => screen.end(),
  };
}

function lineView(output: Output): View {
  let first: string | undefined;
  return {
    events(events) {
      for (const event of events) {
        first ??= event.at;
        // The step's own end says the same in one line.
        if (event.kind === "ChecksCompleted" && (event.findings ?? []).length === 0) continue;
        const time = `+${duration(secondsBetween(first, event.at))}`.padStart(9);
        const progress = event.progress
          ? `  [${event.progress.done}/${event.progress.total} ${event.progress.unit}]`
          : "";
        output.write(`${time}  ${event.step ? `${event.step}: ` : ""}${event.message}${progress}\n`);
      }
    },
    draw: () => {},
    end: () => {},
  };
}

const silentView: View = { events: () => {}, draw: () => {}, end: () => {} };

/** Follows an operation until it has ended, and says how. */
export async function watchOperation(session: Session, id: string): Promise<ExitCode> {
  const { stdout } = session.context;
  const table = session.options.output === "table";
  const stream = table && stdout.isTTY ? stdout.stream : undefined;
  const live = stream !== undefined;
  const view = stream ? liveView(stdout, stream) : table ? lineView(stdout) : silentView;
  const path = `/v1/operations/${encodeURIComponent(id)}`;
  const events: OperationEvent[] = [];
  let operation = await session.client.call<Operation>({ method: "GET", path });
  for (;;) {
    const page = await session.client.call<OperationEvents>({
      method: "GET",
      path: `${path}/events`,
      query: { after: events.at(-1)?.seq ?? 0, wait: live ? LIVE_POLL_SECONDS : POLL_SECONDS, limit: 500 },
    });
    const news = page.items as OperationEvent[];
    events.push(...news);
    view.events(news);
    if (page.status !== operation.status || operation.startedAt === undefined) {
      operation = await session.client.call<Operation>({ method: "GET", path });
    }
    view.draw({ ...operation, steps: foldSteps(operation.plan, events) }, page.now);
    if (news.length === 0 && ENDED.has(page.status)) break;
  }
  view.end();
  const ended = await session.client.call<OperationWithSteps>({ method: "GET", path });
  stdout.write(
    table ? summary(ended, stdout) : document(ended, session.options.output === "yaml" ? "yaml" : "json"),
  );
  return ended.status === "Succeeded" ? EXIT.done : EXIT.failed;
}

function summary(operation: OperationWithSteps, output: Output): string {
  const took =
    operation.startedAt && operation.endedAt
      ? ` in ${duration(secondsBetween(operation.startedAt, operation.endedAt))}`
      : "";
  const { fromVersion, toVersion } = operation.plan;
  const versions = toVersion ? ` (${fromVersion ? `${fromVersion} → ` : ""}${toVersion})` : "";
  if (operation.status === "Succeeded") {
    return `${paint(output, "green", "✔")} ${operation.type} ${operation.cluster.name}${versions} succeeded${took}\n`;
  }
  const error = errorText(operation, output);
  return `${paint(output, "red", "✗")} ${operation.type} ${operation.cluster.name}${versions}: ${operation.status}${took}\n${error ? `${error}\n` : ""}See: slipway describe operation ${operation.id}${operation.status === "Failed" || operation.status === "RolledBack" ? `\nTry again: slipway retry ${operation.id}` : ""}\n`;
}
