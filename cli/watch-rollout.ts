import { ROLLOUT_ENDED } from "../core/rollout/record.ts";
import type { Session } from "./context.ts";
import { EXIT, type ExitCode } from "./errors.ts";
import { paintRollout, type RolloutDocument, wavesText } from "./output/rollout.ts";
import { createScreen } from "./output/screen.ts";
import { document, duration, paint, secondsBetween } from "./output/text.ts";

/** Seconds between two looks. */
const POLL_SECONDS = 20;
const LIVE_POLL_SECONDS = 5;

/** Follows a rollout until it has ended: on a terminal its waves, redrawn; elsewhere its log, line by line. */
export async function watchRollout(session: Session, id: string): Promise<ExitCode> {
  const { stdout } = session.context;
  const path = `/v1/rollouts/${encodeURIComponent(id)}`;
  const table = session.options.output === "table";
  const stream = table && stdout.isTTY ? stdout.stream : undefined;
  const screen = stream && createScreen(stream);
  const seen = new Set<string>();
  let rollout = await session.client.call<RolloutDocument>({ method: "GET", path });
  for (;;) {
    if (screen) screen.draw(wavesText(rollout, stdout).trimEnd().split("\n"));
    else if (table)
      for (const { at, message } of rollout.log) {
        const key = `${at} ${message}`;
        if (seen.has(key)) continue;
        seen.add(key);
        stdout.write(`${`+${duration(secondsBetween(rollout.createdAt, at))}`.padStart(9)}  ${message}\n`);
      }
    if (ROLLOUT_ENDED.has(rollout.status)) break;
    rollout = await session.client.call<RolloutDocument>({
      method: "GET",
      path,
      query: { wait: screen ? LIVE_POLL_SECONDS : POLL_SECONDS },
    });
  }
  screen?.end();
  stdout.write(
    table
      ? summary(session, rollout)
      : document(rollout, session.options.output === "yaml" ? "yaml" : "json"),
  );
  return rollout.status === "Succeeded" ? EXIT.done : EXIT.failed;
}

function summary(session: Session, rollout: RolloutDocument): string {
  const { stdout } = session.context;
  const took = rollout.endedAt ? ` in ${duration(secondsBetween(rollout.createdAt, rollout.endedAt))}` : "";
  const n = rollout.counts;
  const parts = [
    `${n?.Succeeded ?? 0} of ${rollout.members} clusters done`,
    ...(n?.Skipped ? [`${n.Skipped} had nothing to do`] : []),
    ...(n?.Failed ? [`${n.Failed} failed`] : []),
    ...(n?.Waiting ? [`${n.Waiting} left waiting`] : []),
    ...(n?.Cancelled ? [`${n.Cancelled} not begun`] : []),
  ];
  const error = rollout.error
    ? `${paint(stdout, "red", `${rollout.error.code}: ${rollout.error.message}`)}\n→ ${rollout.error.remedy}\n`
    : "";
  return `\n${wavesText(rollout, stdout)}\nRollout ${rollout.name} ${paintRollout(stdout, rollout.status)}${took}: ${parts.join(", ")}\n${error}See: slipway describe rollout ${rollout.id}\n`;
}
