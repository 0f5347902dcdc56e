import { AwsError } from "../../aws/contract.ts";

const LARGEST_PAGE = 1000;
const USUAL_PAGE = 100;

/** One page of a list; the token is opaque and says where the next page begins. */
export function page<T>(
  items: readonly T[],
  input: { readonly maxResults?: number | undefined; readonly nextToken?: string | undefined },
): { readonly items: T[]; readonly nextToken?: string } {
  const size = Math.min(input.maxResults || USUAL_PAGE, LARGEST_PAGE);
  const start = input.nextToken === undefined ? 0 : startOf(input.nextToken);
  const end = start + size;
  const token = Buffer.from(`page:${end}`).toString("base64url");
  return { items: items.slice(start, end), ...(end < items.length ? { nextToken: token } : {}) };
}

function startOf(token: string): number {
  const match = /^page:(\d+)$/.exec(Buffer.from(token, "base64url").toString("utf8"));
  if (!match) throw new AwsError("InvalidToken", "Invalid Token: 'Invalid token'");
  return Number(match[1]);
}
