import type { Difference, Finding, Plan } from "../../core/operation/types.ts";
import type { Output } from "../context.ts";
import { count, duration, indented, paint, table } from "./text.ts";

const MARK: Readonly<Record<Finding["severity"], string>> = {
  block: "✗",
  unknown: "?",
  warn: "!",
  info: "·",
};

const COLOUR = { block: "red", unknown: "magenta", warn: "yellow", info: "dim" } as const;

/** Findings, worst first, each with evidence and remedy. */
export function findingsText(findings: readonly Finding[], output: Output): string {
  const order = ["block", "unknown", "warn", "info"];
  const sorted = [...findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  return sorted
    .map((finding) => {
      const head = `${MARK[finding.severity]} ${finding.code}  ${finding.subject}`;
      const evidence = indented(output, "    ", finding.evidence);
      const remedy = indented(output, "    ", `→ ${finding.remedy}`);
      const overridden = finding.overridden
        ? `\n    overridden by ${finding.overridden.by}: ${finding.overridden.reason}`
        : "";
      return `  ${paint(output, COLOUR[finding.severity], head)}\n${evidence}\n${paint(output, "dim", remedy)}${overridden}\n`;
    })
    .join("");
}

const HOW: Readonly<Record<Difference["how"], string>> = {
  create: "created",
  update: "changed in place",
  rotate: "by new nodes",
  delete: "deleted",
  left: "left as it is",
  immutable: "impossible",
};

/** What is not as the file says: field, from, to, and how it comes about; then what is left, with the reason. */
function differencesText(differences: readonly Difference[], output: Output): string[] {
  const done = differences.filter(({ how }) => how !== "left");
  const left = differences.filter(({ how }) => how === "left");
  const rows = done.map(({ field, from = "-", to = "-", how }) => [field, from, to, HOW[how]]);
  return [
    ...(done.length === 0
      ? ["Nothing has to change.", ""]
      : [table(["FIELD", "FROM", "TO", "HOW"], rows).trimEnd(), ""]),
    ...(left.length === 0 ? [] : ["Left as it is", ...left.map((each) => leftText(each, output)), ""]),
  ];
}

function leftText({ field, from = "-", to = "-", remedy }: Difference, output: Output): string {
  const head = paint(output, "yellow", `  ! ${field}  ${from} → ${to}`);
  return remedy ? `${head}\n${paint(output, "dim", indented(output, "    ", `→ ${remedy}`))}` : head;
}

/** A plan as a person approves it: steps, time, disruption, cost, findings. */
export function planText(plan: Plan, output: Output): string {
  const versions = plan.fromVersion && plan.toVersion ? ` ${plan.fromVersion} → ${plan.toVersion}` : "";
  const lines = [paint(output, "bold", `Plan: ${plan.type} ${plan.cluster.name}${versions}`), ""];
  if (plan.differences) lines.push(...differencesText(plan.differences, output));
  if (plan.phases.length === 0) return `${lines.join("\n").trimEnd()}\n`;
  const rows = plan.phases.flatMap((phase) =>
    phase.steps.map((step, index) => [
      index === 0 ? phase.id : "",
      step.title,
      `~${duration(step.expectedSeconds)}`,
    ]),
  );
  lines.push(table(["PHASE", "STEP", "TIME"], rows).trimEnd(), "");
  const { nodesReplaced, maxUnavailable, surgeNodes } = plan.disruption;
  lines.push(`Expected time   about ${duration(plan.expectedSeconds)}`);
  lines.push(
    `Disruption      ${nodesReplaced === 0 ? "no node is replaced" : `${count(nodesReplaced, "node")} replaced, ${maxUnavailable} of a group drained at once, ${surgeNodes} more running at the peak`}`,
  );
  if (plan.cost) {
    const { supportPerMonthBefore: before, supportPerMonthAfter: after } = plan.cost;
    lines.push(`Support cost    $${before.toFixed(2)} a month before, $${after.toFixed(2)} after`);
  }
  lines.push(`Plan digest     ${plan.digest}`);
  if (plan.findings.length > 0) lines.push("", "Findings", findingsText(plan.findings, output).trimEnd());
  return `${lines.join("\n")}\n`;
}
