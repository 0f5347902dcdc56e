import type { AwsEndpoint, CallRecord } from "../../aws/contract.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Faults } from "../../world/faults.ts";
import type { Events } from "../events.ts";
import type { Place } from "../place.ts";
import { trailRecord } from "./trail-record.ts";

const TIMER = "events.cloud-trail";

/** CloudTrail reaches the bus after this many seconds. */
const DELAY_SECONDS = { least: 5, most: 90 };

/** An event that waits for the next one of its cluster comes after so long where there is none. */
const OVERTAKEN_WITHIN_MS = 15 * 60_000;

/** How late an event is that the fault `CloudTrailEventLate` strikes, unless its `seconds` says otherwise. */
const LATE_SECONDS = 900;

interface Pending {
  readonly place: Place;
  readonly time: number;
  readonly record: Record<string, unknown>;
}

const isRead = (operation: string): boolean => /^(Describe|List|Get)/.test(operation);

/** Calls of tags name a cluster by its ARN. */
const clusterOf = ({ input }: CallRecord): string =>
  String(input.name ?? input.clusterName ?? String(input.resourceArn ?? "").split("/")[1] ?? "");

const subject = (call: CallRecord): string => `${call.operation}/${clusterOf(call)}`;

/**
 * Observes the endpoint's EKS calls and puts an `AWS API Call via CloudTrail` event for each that writes, failed
 * ones too, on the default bus of the caller's account and region, 5 to 90 seconds later. Records on their way are
 * timers, so they survive a restart. Call before `timers.start()`.
 *
 * Faults (subject `UpdateClusterConfig/CLUSTER`): `CloudTrailEventMissing`, `CloudTrailEventTwice`,
 * `CloudTrailEventLate` (args `seconds`), `CloudTrailEventOvertaken`: it comes right after the next event of its
 * cluster, whenever that is.
 */
export function cloudTrailEvents(options: {
  readonly kernel: Kernel;
  readonly endpoint: AwsEndpoint;
  readonly events: Events;
  readonly faults?: Faults;
  /** Whether the account's trail logs; without it always. */
  readonly logging?: (account: string) => boolean;
}): void {
  const { kernel, endpoint, events, faults, logging = () => true } = options;
  const { clock, ids, random, timers } = kernel;

  /** Events that wait to be overtaken, by cluster. */
  const waiting = kernel.durable.map<{ eventId: string; pending: Pending }>("events.cloud-trail-waiting");

  timers.on(TIMER, (id, payload) => {
    for (const [cluster, { eventId }] of waiting.entries()) if (eventId === id) waiting.delete(cluster);
    const { place, time, record } = payload as Pending;
    const entry = {
      Source: "aws.eks",
      DetailType: "AWS API Call via CloudTrail",
      Time: new Date(time),
      Detail: JSON.stringify(record),
    };
    events.putEvents([entry], place);
  });

  const delayMs = (): number =>
    Math.round((DELAY_SECONDS.least + random() * (DELAY_SECONDS.most - DELAY_SECONDS.least)) * 1000);

  endpoint.onCall((call) => {
    if (call.service !== "eks" || isRead(call.operation) || !logging(call.scope.account)) return;
    const about = subject(call);
    if (faults?.hit("CloudTrailEventMissing", about)) return;
    const late = faults?.hit("CloudTrailEventLate", about);
    const extraMs = late ? Number(late.args?.seconds ?? LATE_SECONDS) * 1000 : 0;
    const eventId = ids.uuid();
    const pending: Pending = {
      place: { account: call.scope.account, region: call.scope.region },
      time: call.time,
      record: trailRecord(call, eventId),
    };
    const at = clock.now() + extraMs + delayMs();
    const cluster = `${call.scope.account}/${call.scope.region}/${clusterOf(call)}`;
    const overtaken = waiting.get(cluster);
    if (overtaken) {
      waiting.delete(cluster);
      timers.set(TIMER, overtaken.eventId, at + 1000, overtaken.pending);
    }
    if (!overtaken && faults?.hit("CloudTrailEventOvertaken", about)) {
      waiting.set(cluster, { eventId, pending });
      timers.set(TIMER, eventId, clock.now() + OVERTAKEN_WITHIN_MS, pending, { background: true });
      return;
    }
    timers.set(TIMER, eventId, at, pending);
    if (faults?.hit("CloudTrailEventTwice", about))
      timers.set(TIMER, `${eventId}/again`, clock.now() + extraMs + delayMs(), pending);
  });
}
