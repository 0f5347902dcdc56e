import type { PutEventsRequestEntry, PutEventsResultEntry } from "@aws-sdk/client-eventbridge";
import { AwsError, type ServiceHandlers } from "../aws/contract.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { constraint, validation } from "./bus/api-errors.ts";
import { busHandlers, busReference } from "./bus/bus-api.ts";
import { BusDocuments } from "./bus/documents.ts";
import { checkEntry, entryBytes, envelope, MAX_ENTRIES, MAX_REQUEST_BYTES } from "./bus/entries.ts";
import { type EventListener, Router } from "./bus/router.ts";
import { ruleHandlers } from "./bus/rule-api.ts";
import { RuleSchedules } from "./bus/rule-schedules.ts";
import { type DeadLetter, type Deliver, Deliveries } from "./delivery.ts";
import type { EventEnvelope } from "./envelope.ts";
import { type Place, parseBusArn } from "./place.ts";
import { schedulerHandlers } from "./scheduler/api.ts";
import { Scheduler } from "./scheduler/scheduler.ts";

export interface EventsOptions {
  readonly kernel: Kernel;
  readonly deliver: Deliver;
  /** Takes what was given up. Must not throw. */
  readonly deadLetter?: (letter: DeadLetter) => void;
}

export interface PutEventsResult {
  FailedEntryCount: number;
  Entries: PutEventsResultEntry[];
}

/** The embedded EventBridge and EventBridge Scheduler. */
export interface Events {
  readonly eventbridge: ServiceHandlers<typeof import("@aws-sdk/client-eventbridge")>;
  readonly scheduler: ServiceHandlers<typeof import("@aws-sdk/client-scheduler")>;
  /** Puts events of the platform itself on buses: unlike callers of the API it may use the sources `aws.*`. */
  putEvents(entries: readonly PutEventsRequestEntry[], place: Place): PutEventsResult;
  /** Called with every event that a bus accepts. */
  onEvent(listener: EventListener): void;
  /** Deliveries accepted and not yet ended. */
  readonly pending: number;
}

/** A forwarded event is carried in its delivery as it is; it must not travel on from the second bus. */
const isForwarded = (payload: unknown): payload is EventEnvelope =>
  typeof payload === "object" && payload !== null && "detail-type" in payload && "detail" in payload;

export function createEvents({ kernel, deliver, deadLetter = () => {} }: EventsOptions): Events {
  const documents = new BusDocuments(kernel);

  const toBus = async (arn: string, payload: unknown): Promise<void> => {
    const bus = parseBusArn(arn);
    if (!bus || !documents.bus(bus.place, bus.name))
      throw new AwsError("ResourceNotFoundException", `Event bus ${arn} does not exist.`);
    if (!isForwarded(payload))
      throw new AwsError("ValidationException", "Only a whole event can be sent to an event bus.");
    router.put(bus.place, bus.name, payload, true);
  };
  const deliveries = new Deliveries(
    kernel,
    (target, payload, place) =>
      parseBusArn(target.arn) ? toBus(target.arn, payload) : deliver(target, payload, place),
    deadLetter,
  );
  const router = new Router(kernel, documents, deliveries);
  const ruleSchedules = new RuleSchedules(kernel, documents, router);

  const put = (
    entries: readonly PutEventsRequestEntry[],
    scope: Place,
    reserved: boolean,
  ): PutEventsResult => {
    if (entries.length < 1)
      throw constraint("[]", "entries", "Member must have length greater than or equal to 1");
    if (!reserved && entries.length > MAX_ENTRIES)
      throw constraint("[...]", "entries", `Member must have length less than or equal to ${MAX_ENTRIES}`);
    if (entries.reduce((sum, entry) => sum + entryBytes(entry), 0) > MAX_REQUEST_BYTES)
      throw validation("Total size of the entries in the request is over the limit.");
    const results = entries.map((entry): PutEventsResultEntry => {
      const checked = checkEntry(entry, reserved);
      if ("error" in checked) return checked.error;
      const bus = busReference(entry.EventBusName, scope);
      const sender = { account: scope.account, region: bus.place.region };
      const event = envelope(entry, checked, sender, kernel.ids.uuid(), kernel.clock.now());
      router.put(bus.place, bus.name, event);
      return { EventId: event.id };
    });
    return {
      FailedEntryCount: results.filter((result) => result.ErrorCode !== undefined).length,
      Entries: results,
    };
  };

  const scheduler = new Scheduler(kernel, deliveries);
  return {
    eventbridge: {
      ...busHandlers(kernel, documents),
      ...ruleHandlers(documents, (rule, gone) => {
        router.changed(rule.place, rule.bus);
        ruleSchedules.changed(rule, gone);
      }),
      // On AWS nobody may put events of the sources `aws.*`. Here users may, since they play AWS to try what comes of
      // it (docs/faults.md); roles, as functions and workflows have them, are refused as on AWS.
      PutEvents: (input, scope) => put(input.Entries ?? [], scope, scope.principal.type !== "AssumedRole"),
    },
    scheduler: schedulerHandlers(kernel, scheduler),
    putEvents: (entries, place) => put(entries, place, true),
    onEvent: (listener) => router.onEvent(listener),
    get pending() {
      return deliveries.size;
    },
  };
}
