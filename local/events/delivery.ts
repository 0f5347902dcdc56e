import { isRetryable } from "../../core/errors.ts";
import { AwsError } from "../aws/contract.ts";
import type { DurableMap } from "../kernel/durable.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Place } from "./place.ts";

export interface DeliveryTarget {
  readonly arn: string;
  readonly roleArn?: string;
}

/**
 * Hands a payload to a target: invokes a function, starts a state machine, publishes to a topic, writes to a log
 * group. Rejects with a RetryableError or AwsError that says whether to try again; every other error is final.
 */
export type Deliver = (target: DeliveryTarget, payload: unknown, place: Place) => Promise<unknown>;

/** An event given up, with the attributes that AWS puts on the message in the dead-letter queue. */
export interface DeadLetter {
  /** Undefined where the target has no dead-letter queue: AWS would drop it. */
  readonly queueArn: string | undefined;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly place: Place;
}

export interface RetryLimits {
  readonly attempts: number;
  readonly ageSeconds: number;
}

/** What AWS does unless told otherwise. */
export const DEFAULT_RETRY: RetryLimits = { attempts: 185, ageSeconds: 86_400 };

export interface NewDelivery {
  readonly target: DeliveryTarget;
  readonly payload: unknown;
  readonly place: Place;
  readonly retry: RetryLimits;
  readonly deadLetterArn?: string;
  /** Attributes of the dead letter that are known beforehand: RULE_ARN, SCHEDULE_ARN. */
  readonly attributes: Readonly<Record<string, string>>;
}

interface Delivery extends NewDelivery {
  readonly firstAt: number;
  /** Failed tries so far. */
  failures: number;
}

const FIRST_BACKOFF_MS = 1_000;
/** 185 tries within 24 hours leave about eight minutes between two. */
const MAX_BACKOFF_MS = 480_000;

const RETRYABLE_CODE =
  /throttl|toomanyrequests|requestlimit|limitexceeded|serviceunavailable|internal|timeout/i;

const canRetry = (error: unknown): boolean =>
  isRetryable(error) ||
  (error instanceof AwsError &&
    (error.status >= 500 || error.status === 429 || RETRYABLE_CODE.test(error.code)));

/** The error codes that EventBridge puts on dead letters. */
function deadLetterCode(code: string): string {
  if (/accessdenied|unauthori|notauthori/i.test(code)) return "NO_PERMISSIONS";
  if (/notfound|doesnotexist|nosuch/i.test(code)) return "NO_RESOURCE";
  if (/throttl|toomanyrequests|requestlimit/i.test(code)) return "THROTTLING";
  return "SDK_CLIENT_ERROR";
}

/**
 * Pending deliveries: each is a document from the moment its event was accepted until the target took it or it
 * was given up. A timer starts each try; a try that a killed process left without a result is made again.
 *
 *     accepted ──timer──> trying ──ok──> gone
 *                 ^          │ failed, may be retried
 *                 └──backoff─┘ else ──> dead letter
 */
export class Deliveries {
  readonly #pending: DurableMap<Delivery>;
  readonly #kernel: Kernel;
  readonly #deliver: Deliver;
  readonly #deadLetter: (letter: DeadLetter) => void;

  constructor(kernel: Kernel, deliver: Deliver, deadLetter: (letter: DeadLetter) => void) {
    this.#kernel = kernel;
    this.#deliver = deliver;
    this.#deadLetter = deadLetter;
    this.#pending = kernel.durable.map("events.deliveries");
    kernel.timers.on("events.deliver", (key) => void this.#try(key));
    for (const key of this.#pending.keys())
      if (kernel.timers.dueAt("events.deliver", key) === undefined)
        kernel.timers.set("events.deliver", key, kernel.clock.now());
  }

  /** Number of deliveries not yet ended. */
  get size(): number {
    return this.#pending.size;
  }

  /** Accepts a delivery; the first try is `delayMs` from now. */
  add(delivery: NewDelivery, delayMs: number): void {
    const { clock, ids, timers } = this.#kernel;
    const key = ids.ulid();
    this.#pending.set(key, { ...delivery, firstAt: clock.now(), failures: 0 });
    timers.set("events.deliver", key, clock.now() + delayMs);
  }

  async #try(key: string): Promise<void> {
    const delivery = this.#pending.get(key);
    if (!delivery) return;
    try {
      await this.#deliver(delivery.target, delivery.payload, delivery.place);
    } catch (error) {
      this.#failed(key, delivery, error);
      return;
    }
    this.#pending.delete(key);
  }

  #failed(key: string, delivery: Delivery, error: unknown): void {
    const { clock, random, timers } = this.#kernel;
    const retries = delivery.failures++;
    const longest = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(retries, 20));
    const next = clock.now() + Math.round(longest * (0.5 + random() / 2));
    const exhausted =
      retries >= delivery.retry.attempts
        ? "MaximumRetryAttempts"
        : next - delivery.firstAt > delivery.retry.ageSeconds * 1000
          ? "MaximumEventAgeInSeconds"
          : undefined;
    if (canRetry(error) && exhausted === undefined) {
      this.#pending.touch(key);
      timers.set("events.deliver", key, next);
    } else {
      this.#pending.delete(key);
      this.#deadLetter(letterFor(delivery, error, retries, canRetry(error) ? exhausted : undefined));
    }
  }
}

function letterFor(delivery: Delivery, error: unknown, retries: number, condition?: string): DeadLetter {
  const code = error instanceof Error && "code" in error ? String(error.code) : "InternalError";
  return {
    queueArn: delivery.deadLetterArn,
    body: typeof delivery.payload === "string" ? delivery.payload : JSON.stringify(delivery.payload),
    place: delivery.place,
    attributes: {
      ...delivery.attributes,
      TARGET_ARN: delivery.target.arn,
      ERROR_CODE: deadLetterCode(code),
      ERROR_MESSAGE: error instanceof Error ? error.message : String(error),
      ...(condition === undefined ? {} : { EXHAUSTED_RETRY_CONDITION: condition }),
      RETRY_ATTEMPTS: String(retries),
    },
  };
}
