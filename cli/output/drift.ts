import type { ClusterDrift, DriftList } from "../../core/api/routes/drift.ts";
import type { Output } from "../context.ts";
import { count, indented, paint, table, when } from "./text.ts";

type Drift = ClusterDrift["items"][number];

/** `PlatformAdmin/alice`, `user/alice`: what a person knows of an ARN. */
const actorName = (arn: string): string =>
  arn
    .split(":")
    .slice(5)
    .join(":")
    .replace(/^assumed-role\//, "") || arn;

const value = (text: string | undefined): string => text ?? "(not set)";

/** What became of it, in a few words. */
function outcome({ resolution: { state, operation, by } }: Drift): string {
  switch (state) {
    case "awaiting-approval":
      return `awaits approval ${operation ?? ""}`.trim();
    case "remediating":
      return `being brought back by ${operation ?? "an operation"}`;
    case "remediated":
      return `brought back by ${operation ?? "an operation"}`;
    case "accepted":
      return `accepted by ${by === undefined ? "somebody" : actorName(by)}`;
    case "stopped":
      return "not brought back any more";
    case "gone":
      return "gone by itself";
    default:
      return state;
  }
}

function details(drift: Drift): string[] {
  const { change, resolution, remedy, history } = drift;
  const from = change?.sourceAddress ? ` from ${change.sourceAddress}` : "";
  const through = change?.via ? ` through ${change.via}` : "";
  const agent = change?.userAgent ? `, with ${change.userAgent}` : "";
  const who = change
    ? `${change.call} by ${change.actor}${through}${from} at ${when(change.at)}${agent}`
    : "no event told who did it";
  const reason = resolution.reason ?? (drift.remediable ? undefined : remedy);
  const before = history.filter((past) => past.detectedAt !== drift.detectedAt);
  return [
    who,
    ...(reason ? [reason] : []),
    ...(before.length > 0
      ? [`before: ${count(before.length, "time")}, the last ${when(before[0]?.detectedAt ?? "")}`]
      : []),
  ];
}

/** What `slipway drift NAME` shows. */
export function driftText(view: ClusterDrift, output: Output): string {
  const { cluster, items, lookedAt, failure, operation } = view;
  const lines: string[] = [];
  if (failure)
    lines.push(
      paint(
        output,
        "red",
        `${cluster.name} cannot be looked at since ${when(failure.since)}: ${failure.message}`,
      ),
      ...(failure.remedy ? [indented(output, "  ", failure.remedy)] : []),
    );
  if (operation)
    lines.push(`${operation} has the cluster; what it changes is not drift. It is looked at when that ends.`);
  if (items.length === 0 && !failure)
    lines.push(
      lookedAt
        ? `${cluster.name} is as it should be (looked at ${when(lookedAt)}).`
        : `Nobody has looked at ${cluster.name} yet. Look now with: slipway drift ${cluster.name} --look`,
    );
  for (const drift of items) {
    lines.push(
      `${paint(output, "bold", drift.field)}  ${drift.id}`,
      `  ${value(drift.desired)} -> ${value(drift.actual)}  (${drift.class}, ${drift.mode})`,
      `  ${outcome(drift)}, since ${when(drift.detectedAt)}`,
      ...details(drift).map((text) => indented(output, "  ", text)),
    );
  }
  if (items.length > 0 && lookedAt) lines.push("", `Looked at ${when(lookedAt)}.`);
  return `${lines.join("\n")}\n`;
}

/** What `slipway get drift` shows: a line per field. */
export function driftTable(clusters: DriftList["items"]): string {
  if (clusters.length === 0) return "Every cluster that was looked at is as it should be.\n";
  const rows = clusters.flatMap(({ cluster, items, failure }) => [
    ...(failure ? [[cluster.name, "-", "cannot be looked at", "-", failure.code]] : []),
    ...items.map((drift) => [
      cluster.name,
      drift.class,
      drift.field,
      drift.change ? actorName(drift.change.actor) : "-",
      outcome(drift),
    ]),
  ]);
  return table(["CLUSTER", "CLASS", "FIELD", "BY", "STATE"], rows);
}
