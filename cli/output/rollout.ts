import type { RolloutPlan } from "../../core/rollout/plan.ts";
import type { Member, MemberCounts, RolloutRecord, RolloutStatus } from "../../core/rollout/record.ts";
import type { RolloutAction } from "../../core/rollout/schema.ts";
import type { Output } from "../context.ts";
import { findingsText } from "./plan.ts";
import { bar, count, duration, indented, paint, type Style, secondsBetween, table, when } from "./text.ts";

/** A rollout as `GET /v1/rollouts/{id}` answers. */
export type RolloutDocument = Omit<RolloutRecord, "outbox" | "waves"> & {
  readonly name: string;
  readonly waves: readonly (RolloutRecord["waves"][number] & { readonly counts?: MemberCounts })[];
  readonly counts?: MemberCounts;
  readonly now?: string;
};

const STATUS_COLOUR: Readonly<Partial<Record<RolloutStatus, Style>>> = {
  Succeeded: "green",
  Failed: "red",
  Aborted: "yellow",
  Running: "cyan",
  Paused: "magenta",
  AwaitingApproval: "magenta",
};

export const paintRollout = (output: Output, status: RolloutStatus): string => {
  const colour = STATUS_COLOUR[status];
  return colour ? paint(output, colour, status) : status;
};

/** `upgrade to 1.36`, `rotate workers`, `update-addons`. */
export function actionText(action: RolloutAction): string {
  switch (action.type) {
    case "upgrade":
      return `upgrade to ${action.to}`;
    case "rotate":
      return `rotate ${action.nodegroups?.join(", ") ?? "all node groups"}`;
    case "update-addons":
      return `update add-ons${action.addons ? ` ${action.addons.join(", ")}` : ""}`;
  }
}

/** Most clusters of a wave that a plan lists; the others are counted. */
const LISTED = 20;

/** One plan for all: waves, clusters, time, cost, and what would block. */
export function rolloutPlanText(plan: RolloutPlan, output: Output): string {
  const rows = plan.waves.flatMap((wave, index) => {
    const some = wave.clusters.slice(0, LISTED);
    const head = [`${index + 1} ${wave.name}`, `~${duration(wave.expectedSeconds)}`];
    const lines = some.map((member, i) => [
      ...(i === 0 ? head : ["", ""]),
      member.cluster.name,
      member.cluster.region,
      member.from === undefined
        ? "-"
        : `${member.from}${member.to && member.to !== member.from ? ` → ${member.to}` : ""}`,
      member.state === "unplanned" ? "-" : `~${duration(member.expectedSeconds)}`,
      member.state === "ready"
        ? `${count(member.nodesReplaced, "node")} replaced`
        : member.state === "blocked"
          ? `✗ ${member.findings.map(({ code }) => code).join(", ")}`
          : (member.reason ?? member.state),
    ]);
    const more = wave.clusters.length - some.length;
    return more > 0 ? [...lines, ["", "", `and ${more} more`, "", "", "", ""]] : lines;
  });
  const { supportPerMonthBefore: before, supportPerMonthAfter: after } = plan.cost;
  const lines = [
    paint(output, "bold", `Rollout ${plan.name}: ${actionText(plan.action)}`),
    "",
    table(["WAVE", "TIME", "CLUSTER", "REGION", "VERSION", "TAKES", "WHAT"], rows).trimEnd(),
    "",
    `Clusters        ${plan.clusters} in ${count(plan.waves.length, "wave")}${plan.blocked > 0 ? `, ${plan.blocked} blocked now` : ""}${plan.unplanned > 0 ? `, ${plan.unplanned} not looked at (each is planned when its turn comes)` : ""}`,
    ...plan.waves.map(
      (wave, i) =>
        `${i === 0 ? "Pace" : ""}`.padEnd(16) +
        `${wave.name}: ${wave.clusters.length}, ${wave.maxConcurrent} at a time, ${wave.tolerated} may fail${wave.bakeMinutes > 0 ? `, bakes ${wave.bakeMinutes} min` : ""}`,
    ),
    `Expected time   about ${duration(plan.expectedSeconds)}, without waits for windows and approvals`,
    `Disruption      ${plan.nodesReplaced === 0 ? "no node is replaced" : `${count(plan.nodesReplaced, "node")} replaced`}`,
    ...(before === after
      ? []
      : [`Support cost    $${before.toFixed(2)} a month before, $${after.toFixed(2)} after`]),
  ];
  const blocked = plan.waves.flatMap((wave) => wave.clusters).filter(({ state }) => state === "blocked");
  for (const member of blocked.slice(0, LISTED))
    lines.push("", `Blocks ${member.cluster.name}`, findingsText(member.findings, output).trimEnd());
  return `${lines.join("\n")}\n`;
}

const DONE = ["Succeeded", "Skipped", "Failed", "Waiting"] as const;

const doneOf = (counts: MemberCounts | undefined): number =>
  DONE.reduce((sum, status) => sum + (counts?.[status] ?? 0), 0);

/** The waves with how far each is. */
export function wavesText(rollout: RolloutDocument, output: Output): string {
  const rows = rollout.waves.map((wave, index) => {
    const { counts } = wave;
    const n = (status: keyof MemberCounts): string => String(counts?.[status] || "-");
    const inWork = (counts?.Starting ?? 0) + (counts?.Running ?? 0);
    return [
      `${index + 1} ${wave.name}`,
      wave.phase,
      `${bar(doneOf(counts) / Math.max(1, wave.size), 12)} ${doneOf(counts)}/${wave.size}`,
      String(inWork || "-"),
      n("Succeeded"),
      n("Failed"),
      n("Skipped"),
      n("Waiting"),
      wave.startedAt
        ? duration(secondsBetween(wave.startedAt, wave.endedAt ?? rollout.now ?? wave.startedAt))
        : "-",
    ];
  });
  return table(
    ["WAVE", "PHASE", "PROGRESS", "IN WORK", "DONE", "FAILED", "SKIPPED", "WAITING", "TOOK"],
    rows,
    output,
  );
}

/** One line of a list. */
export const rolloutRow = (rollout: RolloutDocument): string[] => {
  const done = rollout.waves.filter(({ phase }) => phase === "Succeeded").length;
  return [
    rollout.id,
    rollout.name,
    actionText(rollout.spec.action),
    rollout.status,
    `${done}/${rollout.waves.length}`,
    String(rollout.members),
    String(rollout.waves.reduce((sum, wave) => sum + wave.failed.length, 0)),
    when(rollout.createdAt),
  ];
};

/** Everything about a rollout: the report of one that has ended. */
export function describeRollout(
  rollout: RolloutDocument,
  members: readonly Member[],
  output: Output,
): string {
  const field = (name: string, value: string | undefined): string[] =>
    value ? [`${name.padEnd(12)}${value}`] : [];
  const asked = rollout.control.request;
  const lines = [
    ...field("Rollout", `${paint(output, "bold", rollout.id)} ${rollout.name}`),
    ...field("Action", actionText(rollout.spec.action)),
    ...field("Status", paintRollout(output, rollout.status)),
    ...field("Requester", rollout.requester),
    ...field("Reason", rollout.spec.reason),
    ...field("Created", when(rollout.createdAt)),
    ...field("Ended", rollout.endedAt && when(rollout.endedAt)),
    ...field(
      "Took",
      rollout.startedAt &&
        duration(secondsBetween(rollout.startedAt, rollout.endedAt ?? rollout.now ?? rollout.startedAt)),
    ),
    ...field("Asked", asked && !rollout.endedAt ? `${asked} by ${rollout.control.by ?? "?"}` : undefined),
  ];
  if (rollout.error) {
    const { code, message, remedy } = rollout.error;
    lines.push(
      "",
      paint(output, "red", `${"Error".padEnd(12)}${code}`),
      indented(output, " ".repeat(12), message),
      paint(output, "dim", indented(output, " ".repeat(12), `→ ${remedy}`)),
    );
  }
  lines.push("", wavesText(rollout, output).trimEnd());
  const notable = members.filter(({ status }) => status !== "Succeeded" && status !== "Pending");
  if (notable.length > 0)
    lines.push(
      "",
      table(
        ["CLUSTER", "WAVE", "STATUS", "OPERATION", "WHY"],
        notable.map((m) => memberRow(rollout, m)),
        output,
      ).trimEnd(),
    );
  if (rollout.log.length > 0)
    lines.push("", "Log", ...rollout.log.slice(-30).map(({ at, message }) => `  ${when(at)}  ${message}`));
  return `${lines.join("\n")}\n`;
}

const memberRow = (rollout: RolloutDocument, member: Member): string[] => [
  member.ref.name,
  rollout.waves[member.wave]?.name ?? "",
  member.status,
  member.operations.filter(({ status }) => status !== "Skipped").at(-1)?.id ?? "-",
  member.error ? `${member.error.code}: ${member.error.message}` : (member.reason ?? ""),
];
