import type { PlatformIds } from "../../kernel/random.ts";
import type { Json } from "../json.ts";

/** RFC 1123 time, as the Date header has it. */
const httpDate = (now: number): string => new Date(now).toUTCString();

/**
 * What optimized integrations add to a response: the HTTP exchange with the service. `extra` are headers beside
 * the usual ones, in AWS's order.
 */
export function httpMetadata(options: {
  readonly ids: PlatformIds;
  readonly now: number;
  readonly length: number;
  readonly contentType: string;
  readonly extra?: readonly (readonly [string, string])[];
}): { readonly SdkHttpMetadata: Json; readonly SdkResponseMetadata: Json } {
  const requestId = options.ids.uuid();
  const headers: [string, string][] = [
    ...(options.extra ?? []).map(([name, value]): [string, string] => [name, value]),
    ["Connection", "keep-alive"],
    ["Content-Length", String(options.length)],
    ["Content-Type", options.contentType],
    ["Date", httpDate(options.now)],
    ["x-amzn-RequestId", requestId],
  ];
  return {
    SdkHttpMetadata: {
      AllHttpHeaders: Object.fromEntries(headers.map(([name, value]) => [name, [value]])),
      HttpHeaders: Object.fromEntries(headers),
      HttpStatusCode: 200,
    },
    SdkResponseMetadata: { RequestId: requestId },
  };
}
