import { describe, expect, it } from "vitest";
import type { State, StateMachine } from "../../../core/declaration.ts";
import { LAMBDA_FAULTS, RETRYABLE_CODES } from "../../../core/error-codes.ts";
import { functions } from "../../../functions/platform.ts";
import { workflows } from "../../../workflows/platform.ts";
import { placeholders, render } from "../../../workflows/render.ts";

type States = Readonly<Record<string, State>>;

/** Every state of a machine, those inside of Maps too, with its path. */
function statesOf(states: States, path = ""): [string, State][] {
  return Object.entries(states).flatMap(([name, state]): [string, State][] => {
    const inner = (state.ItemProcessor as { States?: States } | undefined)?.States;
    return [[`${path}${name}`, state], ...(inner ? statesOf(inner, `${path}${name}/`) : [])];
  });
}

const all = workflows.flatMap(({ name, definition }) =>
  statesOf(definition.States).map(([path, state]) => ({ path: `${name}/${path}`, state })),
);
const tasks = all.filter(({ state }) => state.Type === "Task");

const caught = (state: State): string[] =>
  ((state.Catch ?? []) as { ErrorEquals: string[] }[]).flatMap((catcher) => catcher.ErrorEquals);

const retried = (state: State): string[] =>
  ((state.Retry ?? []) as { ErrorEquals: string[] }[]).flatMap((retrier) => retrier.ErrorEquals);

/** Names of states that can follow a state. */
function successors(state: State): string[] {
  const next = [state.Next, state.Default];
  const branches = [...((state.Catch ?? []) as State[]), ...((state.Choices ?? []) as unknown as State[])];
  return [...next, ...branches.map((branch) => branch.Next)].filter((name) => typeof name === "string");
}

/** The states in which a machine can end after it has been in `from`. */
function endsAfter({ States: states }: StateMachine, from: string): Set<string> {
  const seen = new Set<string>();
  const open = [from];
  const ends = new Set<string>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const state = states[name];
    if (!state || seen.has(name)) continue;
    seen.add(name);
    if (state.Type === "Fail" || state.Type === "Succeed" || state.End) ends.add(`${state.Type} ${name}`);
    open.push(...successors(state));
  }
  return ends;
}

describe("workflows", () => {
  it.each(tasks)("$path retries, catches everything and has a time limit", ({ state }) => {
    // A number, or an expression that the state before has made one of.
    expect(String(state.TimeoutSeconds)).toMatch(/^([1-9]\d*|\{% \$.+ %\})$/);
    expect(caught(state)).toContain("States.ALL");
    const retriers = state.Retry as {
      MaxDelaySeconds?: number;
      JitterStrategy?: string;
      MaxAttempts: number;
    }[];
    expect(retriers.length).toBeGreaterThan(0);
    for (const retrier of retriers)
      expect(retrier).toMatchObject({
        MaxDelaySeconds: expect.any(Number),
        JitterStrategy: "FULL",
        MaxAttempts: expect.any(Number),
      });
  });

  it.each(tasks.filter(({ state }) => String(state.Resource).includes("lambda:invoke")))(
    "$path tries every retryable error of ours and of Lambda again",
    ({ state }) => {
      const errors = retried(state);
      if (!errors.includes("States.ALL"))
        expect(errors).toEqual(expect.arrayContaining([...RETRYABLE_CODES, ...LAMBDA_FAULTS]));
    },
  );

  it.each(all.filter(({ state }) => state.Type === "Map"))("$path catches everything", ({ state }) => {
    expect(caught(state)).toContain("States.ALL");
  });

  // What looks at clusters or leads a rollout is no operation: it holds no lease.
  const operations = workflows.filter(({ definition }) => "Begin" in definition.States);

  it.each(operations)("$name never ends as succeeded once it has failed", ({ definition }) => {
    expect([...endsAfter(definition, "Failed")].sort()).toEqual([
      "Fail Ended",
      "Fail Unrecorded",
      "Succeed Waiting",
    ]);
    // A suspended operation has not failed: it waits, and goes on in another execution.
    const leading = Object.values(definition.States).filter((state) =>
      JSON.stringify(state).includes('"Waiting"'),
    );
    expect(leading).toEqual([
      {
        Type: "Choice",
        Choices: [{ Condition: "{% $failure.Error = 'OperationSuspended' %}", Next: "Waiting" }],
        Default: "Ended",
      },
    ]);
  });

  it.each(operations)("$name records its outcome on the way out", ({ definition }) => {
    // Every way to the end of an operation of its own leads through finish-operation.
    const finishing = Object.entries(definition.States).filter(([, state]) =>
      JSON.stringify(state).includes("${function:finish-operation}"),
    );
    expect(finishing.map(([name]) => name).sort()).toEqual(["Done", "Failed"]);
  });

  it.each(workflows)("$name names only functions and workflows that exist", ({ definition }) => {
    const known = new Set([
      ...functions.map((f) => `function:${f.name}`),
      ...workflows.map((w) => `workflow:${w.name}`),
    ]);
    expect(placeholders(definition).filter((name) => !known.has(name))).toEqual([]);
  });

  it("starts no workflow before it is declared", () => {
    for (const [i, { definition }] of workflows.entries()) {
      const earlier = new Set(workflows.slice(0, i).map((w) => `workflow:${w.name}`));
      const started = placeholders(definition).filter((name) => name.startsWith("workflow:"));
      expect(started.filter((name) => !earlier.has(name))).toEqual([]);
    }
  });

  it.each(workflows)("$name stays far below Step Functions' limit of 1 MB", ({ definition }) => {
    expect(JSON.stringify(definition).length).toBeLessThan(200_000);
  });

  it("uses every task that is declared", () => {
    const used = new Set(workflows.flatMap(({ definition }) => placeholders(definition)));
    const tasks = functions.filter((f) => f.module.startsWith("functions/tasks/"));
    expect(tasks.filter((f) => !used.has(`function:${f.name}`)).map((f) => f.name)).toEqual([]);
  });
});

describe("render", () => {
  const refs = {
    function: (name: string) => `arn:function:${name}`,
    workflow: (name: string) => `arn:workflow:${name}`,
    table: "the-table",
    bus: "the-bus",
  };
  const machine = (Arguments: unknown): StateMachine => ({
    QueryLanguage: "JSONata",
    StartAt: "A",
    States: { A: { Type: "Pass", Arguments, End: true } },
  });

  it("fills placeholders in at any depth and leaves the rest alone", () => {
    const rendered = render(
      machine({ a: ["${function:gate}", 1, null], b: { c: "${table}/${bus}", d: "{% $x %}" } }),
      refs,
    );
    expect(rendered.States.A?.Arguments).toEqual({
      a: ["arn:function:gate", 1, null],
      b: { c: "the-table/the-bus", d: "{% $x %}" },
    });
  });

  it("refuses a placeholder that nobody knows", () => {
    expect(() => render(machine("${secret}"), refs)).toThrow("${secret} is not a placeholder");
  });

  it.each(workflows)("leaves no placeholder in $name", ({ definition }) => {
    expect(placeholders(render(definition, refs))).toEqual([]);
  });
});
