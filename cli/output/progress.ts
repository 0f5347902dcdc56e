import type { StepView } from "../../core/operation/types.ts";
import type { Output } from "../context.ts";
import { type OperationWithSteps, paintStatus } from "./operation.ts";
import { bar, count, duration, paint, secondsBetween } from "./text.ts";

const MARK: Readonly<Record<StepView["status"], string>> = {
  Pending: "○",
  Running: "●",
  Succeeded: "✔",
  Failed: "✗",
  Skipped: "–",
  RolledBack: "↺",
};

/** Share of a running step that is done: counted where there is something to count, otherwise by time. */
export function shareOf(step: StepView, now: string): number {
  if (step.status === "Succeeded" || step.status === "Skipped") return 1;
  if (step.progress && step.progress.total > 0) return step.progress.done / step.progress.total;
  if (!step.startedAt || step.expectedSeconds === 0) return 0;
  return Math.min(0.95, secondsBetween(step.startedAt, now) / step.expectedSeconds);
}

function stepLine(step: StepView, now: string, output: Output): string {
  const mark = paintStatus(output, step.status, MARK[step.status]);
  const title = step.title.padEnd(46).slice(0, 46);
  if (step.status === "Pending")
    return `  ${mark} ${paint(output, "dim", `${title} ~${duration(step.expectedSeconds)}`)}`;
  const elapsed = step.startedAt ? duration(secondsBetween(step.startedAt, step.endedAt ?? now)) : "";
  if (step.status !== "Running") return `  ${mark} ${title} ${elapsed}`;
  const progress = step.progress ? ` ${step.progress.done}/${step.progress.total} ${step.progress.unit}` : "";
  const phase = step.progress?.phase ? `, ${step.progress.phase}` : "";
  return `  ${mark} ${title} ${bar(shareOf(step, now), 16)} ${elapsed} of ~${duration(step.expectedSeconds)}${progress}${phase}`;
}

const NODE_LETTERS: Readonly<Record<string, string>> = {
  Joining: "j",
  Ready: "R",
  Cordoned: "c",
  Draining: "d",
  Drained: "D",
  Blocked: "B",
  Deleted: "x",
  Uncordoned: "u",
};

/** Nodes of a running step that are neither untouched nor done, one line each, the rest counted. */
function nodeLines(step: StepView, output: Output, room: number): string[] {
  const active = (step.nodeStates ?? []).filter((node) =>
    ["Draining", "Blocked", "Joining"].includes(node.state),
  );
  const lines = active.slice(0, room).map((node) => {
    const left = node.podsLeft === undefined ? "" : `, ${count(node.podsLeft, "pod")} left`;
    const why = node.blockedBy?.length ? `: ${node.blockedBy.join("; ")}` : "";
    const text = `      ${NODE_LETTERS[node.state] ?? "?"} ${node.name} ${node.state.toLowerCase()}${left}${why}`;
    return paint(
      output,
      node.state === "Blocked" ? "yellow" : "dim",
      text.slice(0, Math.max(40, output.columns - 1)),
    );
  });
  if (active.length > room)
    lines.push(paint(output, "dim", `      and ${count(active.length - room, "more node")}`));
  return lines;
}

/** The whole operation as a screen that is drawn again and again: phases, steps with bars, nodes being drained. */
export function progressScreen(operation: OperationWithSteps, now: string, output: Output): string {
  const steps = operation.steps ?? [];
  const expected = operation.plan.expectedSeconds;
  const elapsed = operation.startedAt ? secondsBetween(operation.startedAt, operation.endedAt ?? now) : 0;
  const done = steps.reduce((sum, step) => sum + shareOf(step, now) * step.expectedSeconds, 0);
  const head = `${operation.type} ${operation.cluster.name}  ${paintStatus(output, operation.status)}  ${bar(expected > 0 ? done / expected : 0, 24)}  ${duration(elapsed)} of ~${duration(expected)}`;
  const lines = [paint(output, "bold", head)];
  for (const phase of operation.plan.phases) {
    const own = steps.filter((step) => step.phase === phase.id);
    if (own.length > 0 && own.every((step) => step.status === "Succeeded" || step.status === "Skipped")) {
      const ended = own.at(-1)?.endedAt;
      const began = own[0]?.startedAt;
      lines.push(
        ` ${paint(output, "green", "✔")} ${phase.id}  ${count(own.length, "step")}${began && ended ? `, ${duration(secondsBetween(began, ended))}` : ""}`,
      );
      continue;
    }
    lines.push(` ${phase.id}`);
    for (const step of own) {
      lines.push(stepLine(step, now, output));
      if (step.status === "Running") lines.push(...nodeLines(step, output, 6));
    }
  }
  return lines.join("\n");
}
