import type { State, StateMachine, WorkflowDeclaration } from "../../core/declaration.ts";
import { functions } from "../../functions/platform.ts";
import { workflows } from "../../workflows/platform.ts";
import { bare, calls, catchersOf, mermaid } from "./mermaid.ts";
import { cell, GENERATED, type Page, table } from "./page.ts";

const purposes = new Map([...functions, ...workflows].map(({ name, purpose }) => [name, purpose]));

/** Every state, those inside of Maps with the Map's name before them. */
function allStates(states: StateMachine["States"], prefix = ""): [string, State][] {
  return Object.entries(states).flatMap(([name, state]): [string, State][] => {
    const inner = state.ItemProcessor as Pick<StateMachine, "States"> | undefined;
    return [[`${prefix}${name}`, state], ...(inner ? allStates(inner.States, `${name} / `) : [])];
  });
}

function whatItDoes(state: State): string {
  switch (state.Type) {
    case "Task": {
      const what = calls(state);
      const purpose = purposes.get(what);
      return purpose ? `\`${what}\`: ${purpose}` : `calls \`${what}\``;
    }
    case "Choice":
      return "chooses";
    case "Wait":
      return `waits \`${cell(bare(state.Seconds))}\` seconds`;
    case "Map":
      return `runs its states for each of \`${cell(bare(state.Items))}\`, at most \`${cell(bare(state.MaxConcurrency))}\` at once`;
    case "Pass":
      return "sets variables";
    case "Succeed":
      return "ends well";
    case "Fail":
      return "ends as failed";
    default:
      return state.Type;
  }
}

const duration = (seconds: unknown): string => {
  const n = Number(seconds);
  if (!Number.isFinite(n) || n === 0) return "";
  if (n % 86_400 === 0) return `${n / 86_400} d`;
  if (n % 3600 === 0) return `${n / 3600} h`;
  return n % 60 === 0 ? `${n / 60} min` : `${n} s`;
};

const failsTo = (state: State): string =>
  catchersOf(state)
    .filter((catcher) => catcher.ErrorEquals.includes("States.ALL"))
    .map((catcher) => catcher.Next)
    .join(", ");

function pageOf({ name, purpose, definition }: WorkflowDeclaration): Page {
  const states = allStates(definition.States);
  const rows = states.map(([path, state]) => [
    path,
    whatItDoes(state),
    duration(state.TimeoutSeconds),
    failsTo(state),
  ]);
  return {
    path: `docs/generated/workflows/${name}.md`,
    text: `${GENERATED}
# ${name}

${purpose}. ${states.length} states; an execution lives at most ${duration(definition.TimeoutSeconds)}.

Boxes run a task function, slanted boxes call AWS, double boxes start another workflow, round ones wait, diamonds
choose. A dotted way is an error that the state before it expects. Any other error of a task goes to the state that
the table names.

\`\`\`mermaid
${mermaid(definition)}
\`\`\`

${table(["state", "what it does", "limit", "any error goes to"], rows)}
`,
  };
}

/** One page for each workflow. */
export const workflowPages = (): Page[] => workflows.map(pageOf);
