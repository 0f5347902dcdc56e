import type { StateMachine } from "../core/declaration.ts";

/** What the placeholders of a definition stand for where it is deployed. */
export interface References {
  /** ARN of a function: `${function:drain-nodes}`. */
  readonly function: (name: string) => string;
  /** ARN of a state machine: `${workflow:update-addons}`. */
  readonly workflow: (name: string) => string;
  readonly table: string;
  readonly bus: string;
}

const PLACEHOLDER = /\$\{([^}]*)\}/g;

/** The placeholders of a definition (`function:gate`), each once, in order. */
export function placeholders(definition: StateMachine): string[] {
  const found = JSON.stringify(definition).matchAll(PLACEHOLDER);
  return [...new Set([...found].map((match) => match[1] ?? ""))].sort();
}

/** A definition with its placeholders filled in. Throws TypeError for one that nobody knows. */
export function render(definition: StateMachine, refs: References): StateMachine {
  const fill = (text: string): string =>
    text.replace(PLACEHOLDER, (whole, name: string) => {
      const [kind, target] = name.split(":");
      if (kind === "function" && target) return refs.function(target);
      if (kind === "workflow" && target) return refs.workflow(target);
      if (name === "table") return refs.table;
      if (name === "bus") return refs.bus;
      throw new TypeError(`${whole} is not a placeholder of a workflow`);
    });
  const walk = (value: unknown): unknown => {
    if (typeof value === "string") return fill(value);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value === "object" && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, walk(member)]));
    return value;
  };
  return walk(definition) as StateMachine;
}
