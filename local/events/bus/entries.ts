import type { PutEventsRequestEntry, PutEventsResultEntry } from "@aws-sdk/client-eventbridge";
import type { EventEnvelope } from "../envelope.ts";
import { type Place, seconds } from "../place.ts";

/** Of all entries of one request together, in bytes. */
export const MAX_REQUEST_BYTES = 1_048_576;
export const MAX_ENTRIES = 10;

const bytes = (text: string | undefined): number =>
  text === undefined ? 0 : Buffer.byteLength(text, "utf8");

/** The size of an entry as EventBridge counts it. */
export const entryBytes = (entry: PutEventsRequestEntry): number =>
  (entry.Time === undefined ? 0 : 14) +
  bytes(entry.Source) +
  bytes(entry.DetailType) +
  bytes(entry.Detail) +
  (entry.Resources ?? []).reduce((sum, resource) => sum + bytes(resource), 0);

const invalid = (parameter: string, reason: string): PutEventsResultEntry => ({
  ErrorCode: "InvalidArgument",
  ErrorMessage: `Parameter ${parameter} is not valid. Reason: ${reason}`,
});

/** Why an entry is refused, or its detail. `reserved` permits sources of AWS itself. */
export function checkEntry(
  entry: PutEventsRequestEntry,
  reserved: boolean,
): { error: PutEventsResultEntry } | { source: string; type: string; detail: Record<string, unknown> } {
  const { Source: source, DetailType: type, Detail: detail } = entry;
  if (!source) return { error: invalid("Source", "Source is a required argument.") };
  if (!type) return { error: invalid("DetailType", "DetailType is a required argument.") };
  if (!detail) return { error: invalid("Detail", "Detail is a required argument.") };
  if (type.length > 128) return { error: invalid("DetailType", "DetailType is longer than 128 characters.") };
  if (!reserved && source.startsWith("aws."))
    return {
      error: {
        ErrorCode: "NotAuthorizedForSourceException",
        ErrorMessage: "Not authorized for the source.",
      },
    };
  let value: unknown;
  try {
    value = JSON.parse(detail);
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { error: { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." } };
  return { source, type, detail: value as Record<string, unknown> };
}

export function envelope(
  entry: PutEventsRequestEntry,
  checked: { source: string; type: string; detail: Record<string, unknown> },
  place: Place,
  id: string,
  now: number,
): EventEnvelope {
  return {
    version: "0",
    id,
    "detail-type": checked.type,
    source: checked.source,
    account: place.account,
    time: seconds(entry.Time?.getTime() ?? now),
    region: place.region,
    resources: entry.Resources ?? [],
    detail: checked.detail,
  };
}
