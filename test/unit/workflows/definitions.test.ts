import fc from "fast-check";
import jsonata from "jsonata";
import { describe, expect, it } from "vitest";
import type { State, StateMachine } from "../../../core/declaration.ts";
import { tasksOf } from "../../../workflows/grants.ts";
import { workflows } from "../../../workflows/platform.ts";
import { definitionChecks, rendered, schemaFaults } from "../../builders/definition-checks.ts";

const checks = definitionChecks();
const deployed = workflows.map(({ name, definition }) => ({ name, definition: rendered(definition) }));

describe("a deployed definition", () => {
  it.each(deployed)("$name is valid by the published schema of the language", ({ definition }) => {
    expect(schemaFaults(definition)).toEqual([]);
  });

  it.each(deployed)(
    "$name is valid by the engine's own rules, every state reachable",
    async ({ definition }) => {
      expect(await checks.engineFaults(definition)).toEqual([]);
    },
  );

  it.each(deployed)("$name calls AWS as the SDK's schemas say", ({ definition }) => {
    expect(checks.callFaults(definition)).toEqual([]);
  });

  it.each(deployed)("$name is below 1 MB", ({ definition }) => {
    expect(Buffer.byteLength(JSON.stringify(definition))).toBeLessThan(1_048_576);
  });

  it.each(deployed)("$name gives every task a time limit, retries and a way out", ({ definition }) => {
    const bare = tasksOf(definition).filter(
      ({ state }) => !state.TimeoutSeconds || !Array.isArray(state.Retry) || !Array.isArray(state.Catch),
    );
    expect(bare.map(({ name }) => name)).toEqual([]);
  });
});

/** A definition with one state changed. */
function broken(change: (states: Record<string, State>) => void): StateMachine {
  const original = deployed.find(({ name }) => name === "upgrade-cluster");
  if (!original) throw new Error("there is no upgrade-cluster");
  const copy = structuredClone(original.definition) as unknown as StateMachine & {
    States: Record<string, State>;
  };
  change(copy.States);
  return copy;
}

const altered = (name: string, members: Record<string, unknown>) =>
  broken((states) => {
    const state = states[name];
    if (!state) throw new Error(`there is no state ${name}`);
    states[name] = { ...state, ...members };
  });

const eks = (action: string): string => `arn:aws:states:::aws-sdk:eks:${action}`;

describe("the checks of definitions", () => {
  it.each<[string, StateMachine, RegExp]>([
    ["a next state that is missing", altered("Verify", { Next: "Nowhere" }), /Nowhere/],
    ["a state that nothing leads to", broken((s) => (s.Lost = { Type: "Succeed" })), /Lost/],
    [
      "an expression that does not parse",
      altered("Verify", { Output: "{% $x + %}" }),
      /\$x \+|expression|parse/i,
    ],
  ])("engine: %s", async (_what, definition, message) => {
    expect((await checks.engineFaults(definition)).join("\n")).toMatch(message);
  });

  it.each<[string, StateMachine]>([
    ["a next state that is missing", altered("Verify", { Next: "Nowhere" })],
    ["a field that is none", altered("Verify", { Nxt: "Done" })],
    ["a wrong type", altered("Verify", { TimeoutSeconds: "soon" })],
    ["a field of the other query language", altered("Verify", { ResultPath: "$.x" })],
  ])("schema: %s", (_what, definition) => {
    expect(schemaFaults(definition)).not.toEqual([]);
  });

  it.each<[string, StateMachine, RegExp]>([
    [
      "an operation that does not exist",
      altered("UpdateControlPlane", { Resource: eks("updateVersion") }),
      /updateVersion/,
    ],
    [
      "a member in the wrong case",
      altered("UpdateControlPlane", { Arguments: { name: "x", Version: "1.34" } }),
      /name/,
    ],
    [
      "a member of the wrong type",
      altered("UpdateControlPlane", { Arguments: { Name: "x", Version: 1.34 } }),
      /Version/,
    ],
    ["a member that is missing", altered("UpdateControlPlane", { Arguments: { Name: "x" } }), /Version/],
  ])("SDK: %s", (_what, definition, message) => {
    expect(checks.callFaults(definition).join("\n")).toMatch(message);
  });
});

describe("names of nested executions", () => {
  const nested = deployed
    .flatMap(({ name, definition }) => tasksOf(definition).map((task) => ({ workflow: name, ...task })))
    .filter(({ state }) => String(state.Resource).includes("startExecution"));
  const LONGEST_OPERATION = `op-${"Z".repeat(26)}`;
  const nameOf = async (state: State, bindings: Record<string, unknown>): Promise<string> => {
    const { Name } = state.Arguments as { readonly Name: string };
    const expression = jsonata(Name.slice(2, -2));
    // Step Functions' own function; 64 hexadecimal digits.
    expression.registerFunction("hash", (text: string) => text.length.toString(16).padStart(64, "0"));
    return String(await expression.evaluate({}, bindings));
  };

  it.each(nested)("$workflow/$name: at most 80 characters that Step Functions takes", async ({ state }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 1, maxLength: 120, unit: "grapheme" }),
        fc.integer({ min: 1, max: 999 }),
        async (part, attempt) => {
          const name = await nameOf(state, {
            operationId: LONGEST_OPERATION,
            attempt,
            phase: { id: part },
            states: { input: { group: { step: part } } },
          });
          expect(name).toMatch(/^[A-Za-z0-9._-]{1,80}$/);
          expect(name).toContain(`${LONGEST_OPERATION}-${attempt}-`);
        },
      ),
    );
  });
});
