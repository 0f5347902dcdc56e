import { AwsError } from "../../contract.ts";

export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

/** Whether a composite alarm's rule holds, given the states of the alarms that it names. */
export interface AlarmRule {
  /** Names, without quotes; those given by ARN as their names. */
  readonly children: readonly string[];
  holds(stateOf: (alarm: string) => AlarmState): boolean;
}

type Test = (stateOf: (alarm: string) => AlarmState) => boolean;

const TOKEN =
  /\s*(\(|\)|AND\b|OR\b|NOT\b|TRUE\b|FALSE\b|(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]+)"|([^\s()"]+))\s*\))/y;

const nameOf = (reference: string): string =>
  reference.startsWith("arn:") ? reference.split(":").slice(6).join(":") : reference;

const malformed = (): AwsError =>
  new AwsError("ValidationError", "AlarmRule must not contain leading or trailing whitespace or be null");

/**
 * Parses `ALARM("a") OR (NOT OK(b) AND TRUE)`; AND binds stronger than OR. Throws CloudWatch's ValidationError.
 */
export function parseAlarmRule(text: string): AlarmRule {
  const children: string[] = [];
  const tokens: (string | Test)[] = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== "") {
    const match = TOKEN.exec(text);
    if (!match) throw malformed();
    const [, token = "", state, quoted, bare] = match;
    if (state === undefined) tokens.push(token);
    else {
      const name = nameOf(quoted ?? bare ?? "");
      children.push(name);
      tokens.push((stateOf) => stateOf(name) === state);
    }
  }
  let at = 0;
  const primary = (): Test => {
    const token = tokens[at++];
    if (typeof token === "function") return token;
    if (token === "TRUE" || token === "FALSE") return () => token === "TRUE";
    if (token === "NOT") {
      const inner = primary();
      return (stateOf) => !inner(stateOf);
    }
    if (token !== "(") throw malformed();
    const inner = either();
    if (tokens[at++] !== ")") throw malformed();
    return inner;
  };
  const both = (): Test => {
    let left = primary();
    while (tokens[at] === "AND") {
      at++;
      const [first, second] = [left, primary()];
      left = (stateOf) => first(stateOf) && second(stateOf);
    }
    return left;
  };
  const either = (): Test => {
    let left = both();
    while (tokens[at] === "OR") {
      at++;
      const [first, second] = [left, both()];
      left = (stateOf) => first(stateOf) || second(stateOf);
    }
    return left;
  };
  const holds = either();
  if (at !== tokens.length) throw malformed();
  return { children: [...new Set(children)], holds };
}
