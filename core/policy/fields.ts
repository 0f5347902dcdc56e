import * as z from "zod";
import { timeZone as zoneNamed } from "../schedule/time-zone.ts";

/** A count of nodes or clusters, or a share of them: `2` or `"33%"`. */
export type Count = number | `${number}%`;

const percent = z
  .string()
  .regex(/^([1-9]\d?|100)%$/, { error: 'expected a percentage from "1%" to "100%"' })
  .transform((text) => text as `${number}%`);

/** A number from 1 to `max`, or a percentage. `what` names the things in the message. */
export const count = (max: number, what: string) =>
  z.union([z.number().int().min(1).max(max), percent], {
    error: (issue) =>
      `expected a number of ${what} from 1 to ${max} or a percentage such as "33%", found ${JSON.stringify(issue.input) ?? "nothing"}`,
  });

export const seconds = (max: number) => z.number().int().min(0).max(max);

/** Names of documents: Kubernetes's rule. */
export const documentName = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, {
  error: "expected lower case letters, digits and dashes, at most 63 characters",
});

/** `Europe/Berlin`. Whether the runtime knows it is looked at, so that a window never silently becomes UTC. */
export const timeZone = z
  .string()
  .max(64)
  .refine((zone) => zoneNamed(zone) !== undefined, {
    error: "expected an IANA time zone such as Europe/Berlin",
  });
