import type { State, StateMachine } from "../../core/declaration.ts";

type States = StateMachine["States"];

interface Edge {
  readonly to: string;
  readonly label?: string;
  /** An error that a state catches by its name, rather than the ordinary way. */
  readonly error?: true;
}

const MAX_LABEL = 70;

/** Text of an expression without its delimiters, in one line. */
export const bare = (text: unknown): string =>
  String(text)
    .replace(/^\{%\s*|\s*%\}$/g, "")
    .replace(/\s+/g, " ");

/** A label that Mermaid takes as text. */
function label(text: string): string {
  const short = text.length > MAX_LABEL ? `${text.slice(0, MAX_LABEL - 1)}…` : text;
  const escaped = short
    .replaceAll("&", "&amp;")
    .replaceAll('"', "&quot;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
  return `"${escaped}"`;
}

interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly Next: string;
}
interface Rule {
  readonly Condition: string;
  readonly Next: string;
}

export const catchersOf = (state: State): readonly Catcher[] => (state.Catch ?? []) as readonly Catcher[];

/** Where a state leads. Catchers of every error are left out: each task has one, the table names it. */
function edgesOf(state: State): Edge[] {
  const rules = (state.Choices ?? []) as readonly Rule[];
  return [
    ...rules.map((rule) => ({ to: rule.Next, label: bare(rule.Condition) })),
    ...(typeof state.Default === "string"
      ? [{ to: state.Default, ...(rules.length > 0 ? { label: "else" } : {}) }]
      : []),
    ...(typeof state.Next === "string" ? [{ to: state.Next }] : []),
    ...catchersOf(state)
      .filter((catcher) => !catcher.ErrorEquals.includes("States.ALL"))
      .map((catcher) => ({ to: catcher.Next, label: catcher.ErrorEquals.join(", "), error: true as const })),
  ];
}

/** What a task calls: `find-update`, `eks:updateAddon`, `rotate-nodegroup`. */
export function calls(state: State): string {
  const args = (state.Arguments ?? {}) as Readonly<Record<string, unknown>>;
  const placeholder = /^\$\{\w+:(.+)\}$/.exec(String(args.FunctionName ?? args.StateMachineArn ?? ""))?.[1];
  return placeholder ?? String(state.Resource).replace(/^arn:aws:states:::(aws-sdk:)?/, "");
}

/** A node: its shape tells what kind of state it is. */
function node(id: string, name: string, state: State): string {
  switch (state.Type) {
    case "Task": {
      const what = calls(state);
      if (String(state.Resource).includes("lambda:")) return `${id}["${name}<br/><i>${what}</i>"]`;
      if (String(state.Resource).includes("startExecution")) return `${id}[["${name}<br/><i>${what}</i>"]]`;
      return `${id}[/"${name}<br/><i>${what}</i>"/]`;
    }
    case "Choice":
      return `${id}{"${name}"}`;
    case "Wait":
      return `${id}(["${name}"])`;
    case "Succeed":
    case "Fail":
      return `${id}((("${name}")))`;
    default:
      return `${id}("${name}")`;
  }
}

/** A state machine as a Mermaid flow chart. */
export function mermaid(machine: Pick<StateMachine, "StartAt" | "States">): string {
  const lines = ["flowchart TD", `  begin(((" "))) --> ${machine.StartAt}`];
  draw(machine.States, "", lines, "  ");
  return lines.join("\n");
}

function draw(states: States, prefix: string, lines: string[], indent: string): void {
  for (const [name, state] of Object.entries(states)) {
    const id = `${prefix}${name}`;
    const inner = state.ItemProcessor as { readonly StartAt: string; readonly States: States } | undefined;
    if (inner) {
      lines.push(`${indent}subgraph ${id}["${name}: once for each"]`);
      draw(inner.States, `${id}_`, lines, `${indent}  `);
      lines.push(`${indent}end`);
    } else lines.push(`${indent}${node(id, name, state)}`);
    for (const edge of edgesOf(state)) {
      const arrow = edge.error ? "-.->" : "-->";
      lines.push(`${indent}${id} ${arrow}${edge.label ? `|${label(edge.label)}|` : ""} ${prefix}${edge.to}`);
    }
  }
}
