import { AwsError } from "../../aws/contract.ts";
import type { BranchDoc } from "../documents.ts";

/** A task token: names its branch, and cannot be guessed. */
export const newToken = (branch: BranchDoc, nonce: string): string =>
  Buffer.from(JSON.stringify([branch.execution, branch.key, nonce])).toString("base64");

/** The key of the branch inside a token. Throws InvalidToken for a text that is no token of ours. */
export function keyOfToken(token: string): string {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, "base64").toString("utf8"));
    if (Array.isArray(parts) && parts.length === 3 && typeof parts[1] === "string") return parts[1];
  } catch {
    // Not JSON: not a token.
  }
  throw new AwsError("InvalidToken", "Invalid Token: 'Invalid token'");
}
