/**
 * What people will see on their terminals comes from whoever made the call: without control characters and
 * without those that turn the direction of writing.
 */
export const printable = (value: string, max: number): string =>
  value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?").slice(0, max);

/** Percent-encoded as CloudTrail logs labels of a path; text that is not is taken as it is. */
export function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
