import { isObject, type Json, type JsonObject } from "../json.ts";

/** States that `state` may go to, with the place where each is named. */
function targetsOf(state: JsonObject): [string, string][] {
  const targets: [string, string][] = [];
  const add = (value: Json | undefined, at: string): void => {
    if (typeof value === "string") targets.push([value, at]);
  };
  add(state.Next, "/Next");
  add(state.Default, "/Default");
  for (const name of ["Choices", "Catch"]) {
    const entries = state[name];
    if (!Array.isArray(entries)) continue;
    for (const [i, entry] of entries.entries()) if (isObject(entry)) add(entry.Next, `/${name}[${i}]/Next`);
  }
  return targets;
}

/** Transitions that lead nowhere, states that nothing leads to, and a set of states that has no end. */
export function reachability(startAt: string, states: JsonObject): { message: string; location: string }[] {
  const problems: { message: string; location: string }[] = [];
  const miss = (message: string, location: string): void => {
    problems.push({ message, location });
  };
  if (startAt !== "" && !Object.hasOwn(states, startAt))
    miss(`Missing 'StartAt' target: ${startAt}`, "/StartAt");
  for (const [name, state] of Object.entries(states)) {
    if (!isObject(state)) continue;
    for (const [target, at] of targetsOf(state))
      if (!Object.hasOwn(states, target)) miss(`Missing 'Next' target: ${target}`, `/States/${name}${at}`);
  }
  if (problems.length > 0) return problems;
  const reached = new Set<string>();
  const open = [startAt];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const state = states[name];
    if (reached.has(name) || !isObject(state)) continue;
    reached.add(name);
    open.push(...targetsOf(state).map(([target]) => target));
  }
  for (const name of Object.keys(states))
    if (!reached.has(name)) miss(`State "${name}" is not reachable`, `/States/${name}`);
  const ends = [...reached].some((name) => {
    const state = states[name];
    // A Choice without a rule that applies also ends its branch, but only with an error.
    return isObject(state) && (state.End === true || state.Type === "Succeed" || state.Type === "Fail");
  });
  if (!ends && reached.size > 0) miss("No terminal state: nothing ends these states", "/States");
  return problems;
}
