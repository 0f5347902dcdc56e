import type { AwsEndpoint, CallRecord } from "../../aws/contract.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Faults } from "../../world/faults.ts";
import type { Events } from "../events.ts";
import type { Place } from "../place.ts";
import { trailRecord } from "./trail-record.ts";

const TIMER = "events.cloud-trail";

/** CloudTrail reaches the bus after this many seconds. */
const DELAY_SECONDS = { least: 5, most: 90 };

/** How late an event is that the fault `CloudTrailEventLate` strikes, unless its `seconds` says otherwise. */
const LATE_SECONDS = 900;

interface Pending {
  readonly place: Place;
  readonly time: number;
  readonly record: Record<string, unknown>;
}

const isRead = (operation: string): boolean => /^(Describe|List|Get)/.test(operation);

const subject = (call: CallRecord): string =>
  `${call.operation}/${String(call.input.name ?? call.input.clusterName ?? "")}`;

/**
 * Observes the endpoint's EKS calls and puts an `AWS API Call via CloudTrail` event for each that writes, failed
 * ones too, on the default bus of the caller's account and region, 5 to 90 seconds later. Records on their way are
 * timers, so they survive a restart. Call before `timers.start()`.
 *
 * Faults (subject `UpdateClusterConfig/CLUSTER`): `CloudTrailEventMissing`, `CloudTrailEventTwice`,
 * `CloudTrailEventLate` (args `seconds`).
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

  timers.on(TIMER, (_, payload) => {
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
    timers.set(TIMER, eventId, clock.now() + extraMs + delayMs(), pending);
    if (faults?.hit("CloudTrailEventTwice", about))
      timers.set(TIMER, `${eventId}/again`, clock.now() + extraMs + delayMs(), pending);
  });
}
