import { invalidParameter } from "./errors.ts";

/** What a list operation returned so far, as an opaque token. */
const encode = (offset: number): string => Buffer.from(`offset:${offset}`).toString("base64url");

function decode(token: string): number {
  const match = /^offset:(\d+)$/.exec(Buffer.from(token, "base64url").toString());
  if (match?.[1] === undefined) throw invalidParameter("Invalid nextToken");
  return Number(match[1]);
}

/** One page of `items`; 100 unless asked for fewer. */
export function page<T>(
  items: readonly T[],
  request: { readonly maxResults?: number | undefined; readonly nextToken?: string | undefined },
): { readonly items: T[]; readonly nextToken?: string } {
  const start = request.nextToken ? decode(request.nextToken) : 0;
  const end = start + (request.maxResults ?? 100);
  return { items: items.slice(start, end), ...(end < items.length ? { nextToken: encode(end) } : {}) };
}
