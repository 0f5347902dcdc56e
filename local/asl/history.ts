import type { HistoryEvent, HistoryEventType } from "@aws-sdk/client-sfn";
import type { Documents, ExecutionDoc } from "./documents.ts";
import { HistoryFullError } from "./failure.ts";
import { LIMIT } from "./limits.ts";

/** An event as it is stored: the SDK's shape, with the time in milliseconds. */
export interface HistoryRecord extends Omit<HistoryEvent, "timestamp" | "type" | "id" | "previousEventId"> {
  readonly id: number;
  readonly previousEventId: number;
  readonly type: HistoryEventType;
  readonly timestamp: number;
}

/** The details of an event: the one member that its type calls for. */
export type EventDetails = Omit<HistoryEvent, "timestamp" | "type" | "id" | "previousEventId">;

const NO_DETAILS: EventDetails = {};

/** Execution histories: appending touches one new document, whatever the length so far. */
export class History {
  readonly #documents: Documents;
  readonly #now: () => number;

  constructor(documents: Documents, now: () => number) {
    this.#documents = documents;
    this.#now = now;
  }

  /** Appends an event and returns its id. Throws {@link HistoryFullError} when only the last event may follow. */
  add(execution: ExecutionDoc, type: HistoryEventType, previous: number, details = NO_DETAILS): number {
    const limit = execution.type === "EXPRESS" ? LIMIT.expressHistory : LIMIT.history;
    if (execution.events >= limit - 1) throw new HistoryFullError();
    return this.#append(execution, type, previous, details);
  }

  /** Appends the event that ends an execution, which may take the last place. */
  close(execution: ExecutionDoc, type: HistoryEventType, previous: number, details = NO_DETAILS): number {
    return this.#append(execution, type, previous, details);
  }

  /** True when another event (other than the last) fits. */
  hasRoom(execution: ExecutionDoc): boolean {
    return execution.events < (execution.type === "EXPRESS" ? LIMIT.expressHistory : LIMIT.history) - 1;
  }

  #append(
    execution: ExecutionDoc,
    type: HistoryEventType,
    previousEventId: number,
    details: EventDetails,
  ): number {
    const id = ++execution.events;
    this.#documents.executions.touch(execution.arn);
    this.#documents.history.set(`${execution.key}/${id}`, {
      timestamp: this.#now(),
      type,
      id,
      previousEventId,
      ...details,
    });
    return id;
  }

  /** Events `from` to `to`, both included, in the order asked for. */
  read(execution: ExecutionDoc, from: number, to: number): HistoryEvent[] {
    const step = from <= to ? 1 : -1;
    const events: HistoryEvent[] = [];
    for (let id = from; step > 0 ? id <= to : id >= to; id += step) {
      const record = this.#documents.history.get(`${execution.key}/${id}`);
      if (record) events.push({ ...record, timestamp: new Date(record.timestamp) });
    }
    return events;
  }
}
