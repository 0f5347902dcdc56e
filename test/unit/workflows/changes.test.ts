import * as eks from "@aws-sdk/client-eks";
import { describe, expect, it } from "vitest";
import { ACTIONS } from "../../../core/reconcile/change.ts";
import { callState, UPDATES, WITHOUT_TOKEN } from "../../../workflows/fragments/changes.ts";

/** Members of a structure as the SDK publishes it: `[3, namespace, name, traits, members, ...]`. */
type Structure = readonly [number, string, string, unknown, readonly string[]];
type Operation = readonly [
  number,
  string,
  string,
  unknown,
  Structure | (() => Structure),
  Structure | (() => Structure),
];

const resolved = (structure: Structure | (() => Structure)): Structure =>
  typeof structure === "function" ? structure() : structure;

function membersOf(action: string): { input: readonly string[]; output: readonly string[] } {
  const operation = (eks as unknown as Record<string, Operation>)[`${callState(action as never)}$`];
  if (!operation) throw new Error(`the SDK has no ${action}`);
  return { input: resolved(operation[4])[4], output: resolved(operation[5])[4] };
}

describe("the calls of an apply", () => {
  it.each(ACTIONS)("%s has a token where EKS takes one", (action) => {
    expect(membersOf(action).input.includes("clientRequestToken")).toBe(!WITHOUT_TOKEN.has(action));
  });

  it.each(ACTIONS)("%s is awaited where EKS answers with an update", (action) => {
    expect(membersOf(action).output.includes("update")).toBe(UPDATES.has(action));
  });
});
