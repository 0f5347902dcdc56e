import type { WireResponse } from "../../../aws/contract.ts";

const encoder = new TextEncoder();

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): WireResponse => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  body: encoder.encode(JSON.stringify(body)),
});
