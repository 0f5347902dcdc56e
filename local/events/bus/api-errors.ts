import { AwsError } from "../../aws/contract.ts";
import { PatternError } from "../pattern/errors.ts";

export const notFound = (message: string): AwsError => new AwsError("ResourceNotFoundException", message);
export const alreadyExists = (message: string): AwsError =>
  new AwsError("ResourceAlreadyExistsException", message);
export const validation = (message: string): AwsError => new AwsError("ValidationException", message);
export const limitExceeded = (): AwsError =>
  new AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.");

/** `1 validation error detected: ...`, the form of every constraint of the service model. */
export const constraint = (value: unknown, field: string, rule: string): AwsError =>
  validation(
    `1 validation error detected: Value '${String(value)}' at '${field}' failed to satisfy constraint: ${rule}`,
  );

/** A required text within its limits. */
export function checkText(value: string | undefined, field: string, max: number, pattern?: RegExp): string {
  if (value === undefined || value.length < 1)
    throw constraint(value ?? "null", field, "Member must have length greater than or equal to 1");
  if (value.length > max)
    throw constraint(value, field, `Member must have length less than or equal to ${max}`);
  if (pattern && !pattern.test(value))
    throw constraint(
      value,
      field,
      `Member must satisfy regular expression pattern: ${pattern.source.slice(1, -1)}`,
    );
  return value;
}

/** Runs `compile` and turns a bad pattern into the error of the API. */
export function validPattern<T>(compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new AwsError(
      "InvalidEventPatternException",
      `Event pattern is not valid. Reason: ${error.message}`,
    );
  }
}

/** One page of a list. The token says where the next one begins. */
export function page<T>(
  items: readonly T[],
  token: string | undefined,
  limit: number | undefined,
): { items: T[]; next: { NextToken?: string } } {
  const start = token === undefined ? 0 : Number(Buffer.from(token, "base64url").toString("utf8"));
  if (!Number.isSafeInteger(start) || start < 0 || start > items.length)
    throw validation("The token is not valid.");
  const end = start + (limit ?? 100);
  return {
    items: items.slice(start, end),
    next: end < items.length ? { NextToken: Buffer.from(String(end)).toString("base64url") } : {},
  };
}
