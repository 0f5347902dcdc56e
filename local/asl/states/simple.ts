import type { FailState, Field, WaitState } from "../definition/types.ts";
import type { BranchDoc } from "../documents.ts";
import { expectType } from "../expression/template.ts";
import { QueryError, StateError } from "../failure.ts";
import type { Interpreter } from "../interpreter.ts";
import type { Json } from "../json.ts";
import { LIMIT } from "../limits.ts";

const isString = (value: Json): value is string => typeof value === "string";
const isNumber = (value: Json): value is number => typeof value === "number";

/** A field that has to be a text. */
export async function textOfField(
  interpreter: Interpreter,
  branch: BranchDoc,
  field: Field,
): Promise<string> {
  const value = await interpreter.evaluate(branch, field);
  return expectType(value, field.template, field.location, "string", isString);
}

/** A field that has to be a whole number from `least` to `most`. */
export async function numberOfField(
  interpreter: Interpreter,
  branch: BranchDoc,
  field: Field,
  least: number,
  most: number = LIMIT.seconds,
): Promise<number> {
  const value = await interpreter.evaluate(branch, field);
  const number = expectType(value, field.template, field.location, "number", isNumber);
  if (!Number.isInteger(number) || number < least || number > most)
    throw new QueryError(
      `The value of the field '${field.location}' must be an integer between ${least} and ${most}, but was ${number}.`,
      field.location,
    );
  return number;
}

export async function failState(
  interpreter: Interpreter,
  branch: BranchDoc,
  state: FailState,
): Promise<boolean> {
  const error = state.error && (await textOfField(interpreter, branch, state.error));
  const cause = state.cause && (await textOfField(interpreter, branch, state.cause));
  throw new StateError({
    ...(error === undefined ? {} : { error }),
    ...(cause === undefined ? {} : { cause }),
  });
}

// An ISO 8601 extended date and time with an offset; fractions of any length.
const TIMESTAMP =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?([Zz]|[+-]\d{2}:\d{2})$/;

/** Milliseconds of a timestamp; undefined unless it is a real instant with an offset. */
export function parseTimestamp(text: string): number | undefined {
  const match = TIMESTAMP.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second = "00", fraction = "", zone = "Z"] = match;
  const millis = fraction.slice(0, 3).padEnd(3, "0");
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}.${millis}`;
  const asUtc = new Date(`${local}Z`);
  // Date.parse lets the 31st of a short month become the 1st of the next.
  if (Number.isNaN(asUtc.getTime()) || asUtc.toISOString() !== `${local}Z`) return undefined;
  const time = Date.parse(`${local}${zone.toUpperCase()}`);
  return Number.isNaN(time) ? undefined : time;
}

export function wait(
  interpreter: Interpreter,
  branch: BranchDoc,
  state: WaitState,
): boolean | Promise<boolean> {
  if (branch.phase === "wait") return interpreter.leave(branch, state, state.exit, {}, branch.input);
  return begin(interpreter, branch, state);
}

async function begin(interpreter: Interpreter, branch: BranchDoc, state: WaitState): Promise<boolean> {
  const check = interpreter.guard(branch);
  const now = interpreter.kernel.clock.now();
  let until = now;
  if (state.seconds) until = now + (await numberOfField(interpreter, branch, state.seconds, 0)) * 1000;
  else if (state.timestamp) {
    const text = await textOfField(interpreter, branch, state.timestamp);
    const time = parseTimestamp(text);
    if (time === undefined)
      throw new QueryError(
        `The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: ${text}`,
        "Timestamp",
      );
    until = time;
  }
  check();
  if (until <= now) return await interpreter.leave(branch, state, state.exit, {}, branch.input);
  branch.phase = "wait";
  interpreter.touch(branch);
  interpreter.wakeAt(branch, until);
  return false;
}
