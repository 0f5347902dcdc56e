import { expectedFinish } from "../../core/operation/lifecycle.ts";
import { ENDED, type StepView } from "../../core/operation/types.ts";
import type { Output } from "../context.ts";
import { type OperationWithSteps, STATUS_COLOUR, waitsFor } from "./operation.ts";
import { bar, count, duration, line, type Span, secondsBetween, wrap } from "./text.ts";

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
  const counted = step.progress && step.progress.total > 0;
  if (counted) return Math.min(0.95, step.progress.done / step.progress.total);
  if (!step.startedAt || step.expectedSeconds === 0) return 0;
  return Math.min(0.95, secondsBetween(step.startedAt, now) / step.expectedSeconds);
}

/** How wide the parts of a line are, so that the lines of one drawing stand below each other. */
interface Layout {
  readonly width: number;
  readonly title: number;
  readonly bar: number;
  /** Lines that a running step may add for its nodes. */
  readonly nodes: number;
}

/** Marks and spaces before a title, and what follows its bar: `12m 14s of ~10m 00s 12/12 nodes`. */
const BEFORE_TITLE = 5;
const TIMES = 20;
const COUNTS = 13;
const PHASE = 10;
const MOST_NODE_LINES = 6;

function layoutOf(operation: OperationWithSteps, output: Output): Layout {
  const width = output.columns - 1;
  const bars = width < 110 ? 8 : 16;
  const room = width - BEFORE_TITLE - bars - TIMES - COUNTS - (width < 110 ? 0 : PHASE);
  const steps = operation.steps ?? [];
  const longest = Math.max(0, ...steps.map((step) => step.title.length));
  const running = steps.filter((step) => step.status === "Running").length;
  const rows = output.stream?.rows ?? Number.POSITIVE_INFINITY;
  const others = operation.plan.phases.length + steps.length / operation.plan.phases.length + running * 2 + 4;
  return {
    width,
    title: Math.max(16, Math.min(longest, room)),
    bar: bars,
    nodes: Math.max(1, Math.min(MOST_NODE_LINES, Math.floor((rows - others) / Math.max(1, running)))),
  };
}

const cut = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);

function stepLine(step: StepView, now: string, layout: Layout): Span[] {
  const colour = STATUS_COLOUR[step.status];
  const mark: Span = colour ? [colour, MARK[step.status]] : MARK[step.status];
  const title = cut(step.title, layout.title);
  const expected = `~${duration(step.expectedSeconds)}`;
  if (step.status === "Pending") return ["  ", mark, ["dim", ` ${title} ${expected}`]];
  const elapsed = step.startedAt ? duration(secondsBetween(step.startedAt, step.endedAt ?? now)) : "";
  if (step.status !== "Running") return ["  ", mark, ` ${title} ${elapsed}`];
  const { progress } = step;
  const counts = progress ? ` ${progress.done}/${progress.total} ${progress.unit}` : "";
  const phase = progress?.phase && layout.width >= 110 ? `, ${progress.phase}` : "";
  return [
    "  ",
    mark,
    ` ${title} ${bar(shareOf(step, now), layout.bar)} ${elapsed} of ${expected}${counts}${phase}`,
  ];
}

const NODE_LETTERS: Readonly<Record<string, string>> = { Joining: "+", Draining: "-", Blocked: "!" };

/** Nodes of a running step that are being worked on, one line each, the rest counted. */
function nodeLines(step: StepView, room: number): Span[][] {
  const active = (step.nodeStates ?? []).filter((node) => node.state in NODE_LETTERS);
  const lines = active.slice(0, room).map((node): Span[] => {
    const left = node.podsLeft === undefined ? "" : `, ${count(node.podsLeft, "pod")} left`;
    const why = node.blockedBy?.length ? `: ${node.blockedBy.join("; ")}` : "";
    const text = `      ${NODE_LETTERS[node.state]} ${node.name} ${node.state.toLowerCase()}${left}${why}`;
    return [[node.state === "Blocked" ? "yellow" : "dim", text]];
  });
  if (active.length > room) lines.push([["dim", `      and ${count(active.length - room, "more node")}`]]);
  return lines;
}

/** Most lines that the last message of a running step takes. */
const MESSAGE_LINES = 2;

/** What a running step said last, where its title does not say it: above all, what holds a drain up. */
function messageLines(step: StepView, layout: Layout): Span[][] {
  if (!step.message || step.message === step.title) return [];
  const [first = "", ...rest] = wrap(step.message, layout.width - 6);
  const shown = rest.length === 0 ? [first] : [first, rest.join(" ")];
  return shown.slice(0, MESSAGE_LINES).map((text) => [`      ${text}`]);
}

function phaseLines(id: string, steps: readonly StepView[], now: string, layout: Layout): Span[][] {
  if (steps.every((step) => step.status === "Pending"))
    return [[" ○ ", ["dim", `${id}  ${count(steps.length, "step")}`]]];
  if (steps.every((step) => step.status === "Succeeded" || step.status === "Skipped")) {
    const began = steps[0]?.startedAt;
    const ended = steps.at(-1)?.endedAt;
    const took = began && ended ? `, ${duration(secondsBetween(began, ended))}` : "";
    return [[" ", ["green", "✔"], ` ${id}  ${count(steps.length, "step")}${took}`]];
  }
  return [
    [` ${id}`],
    ...steps.flatMap((step) => [
      stepLine(step, now, layout),
      ...(step.status === "Running" ? [...messageLines(step, layout), ...nodeLines(step, layout.nodes)] : []),
    ]),
  ];
}

/**
 * The whole operation as lines that are drawn again and again, none longer than the terminal is wide: phases (one
 * line each unless under way), steps with bars, what holds them up, nodes being drained.
 */
export function progressLines(operation: OperationWithSteps, now: string, output: Output): string[] {
  const { plan, status, id } = operation;
  const steps = operation.steps ?? [];
  const layout = layoutOf(operation, output);
  const ended = ENDED.has(status);
  const elapsed = operation.startedAt ? secondsBetween(operation.startedAt, operation.endedAt ?? now) : 0;
  const share = expectedFinish(plan, steps, Date.parse(now)).fraction;
  const versions = plan.fromVersion && plan.toVersion ? ` ${plan.fromVersion} → ${plan.toVersion}` : "";
  const asked = !ended && operation.control.request ? ` (${operation.control.request} asked for)` : "";
  const lines: Span[][] = [
    [
      ["bold", `${operation.type} ${operation.cluster.name}${versions}  `],
      [STATUS_COLOUR[status] ?? "bold", `${status}${asked}`],
      `  ${bar(share, layout.bar + 8)}  ${duration(elapsed)} of ~${duration(plan.expectedSeconds)}`,
    ],
  ];
  const waits = waitsFor(operation);
  if (waits) for (const text of wrap(waits, layout.width - 1)) lines.push([["magenta", ` ${text}`]]);
  for (const phase of plan.phases) {
    const own = steps.filter((step) => step.phase === phase.id);
    if (own.length > 0) lines.push(...phaseLines(phase.id, own, now, layout));
  }
  if (!ended) lines.push([["dim", `Ctrl-C only stops watching. Again: slipway watch ${id}`]]);
  return lines.map((spans) => line(output, layout.width, spans));
}

/** {@link progressLines} as one text. */
export const progressScreen = (operation: OperationWithSteps, now: string, output: Output): string =>
  progressLines(operation, now, output).join("\n");
