import type { Kernel } from "../../kernel/kernel.ts";
import { DEFAULT_RETRY, type Deliveries } from "../delivery.ts";
import type { EventEnvelope } from "../envelope.ts";
import { compilePatternText } from "../pattern/compile.ts";
import { RuleSet } from "../pattern/rule-set.ts";
import { type Place, parseBusArn, ruleArn } from "../place.ts";
import { targetInput } from "../target/input.ts";
import { type BusDocuments, busKey, type RuleDocument, type RuleTarget } from "./documents.ts";

export type EventListener = (
  event: EventEnvelope,
  bus: { readonly place: Place; readonly name: string },
) => void;

/** From a rule to its targets EventBridge takes this long (typical, in milliseconds). */
const LATENCY_MS = { least: 150, most: 400 };

const ALL_TRAIL_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

/** Reads of the API reach only rules that ask for all management events. */
const isTrailRead = (event: EventEnvelope): boolean =>
  event["detail-type"] === "AWS API Call via CloudTrail" && event.detail.readOnly === true;

/** Brings events from a bus to the targets of the rules they match. */
export class Router {
  readonly #kernel: Kernel;
  readonly #documents: BusDocuments;
  readonly #deliveries: Deliveries;
  readonly #sets = new Map<string, RuleSet<RuleDocument>>();
  readonly #listeners: EventListener[] = [];

  constructor(kernel: Kernel, documents: BusDocuments, deliveries: Deliveries) {
    this.#kernel = kernel;
    this.#documents = documents;
    this.#deliveries = deliveries;
  }

  /** Called with each event that a bus accepts, before its rules are looked at. */
  onEvent(listener: EventListener): void {
    this.#listeners.push(listener);
  }

  /** The rules of a bus have changed. */
  changed(place: Place, bus: string): void {
    this.#sets.delete(busKey(place, bus));
  }

  /**
   * Puts an event on a bus. Nothing happens where the bus does not exist, as on AWS.
   * `forwarded`: it came from another bus.
   */
  put(place: Place, bus: string, event: EventEnvelope, forwarded = false): void {
    if (!this.#documents.bus(place, bus)) return;
    for (const listener of this.#listeners) listener(event, { place, name: bus });
    const trailRead = isTrailRead(event);
    for (const rule of this.#rules(place, bus).match(event))
      if (!trailRead || rule.state === ALL_TRAIL_EVENTS) this.invoke(rule, event, forwarded);
  }

  /** Sends an event to every target of a rule; one that came from another bus goes to no third one. */
  invoke(rule: RuleDocument, event: EventEnvelope, forwarded = false): void {
    for (const target of rule.targets)
      if (!forwarded || !parseBusArn(target.Arn)) this.#send(rule, target, event);
  }

  #send(rule: RuleDocument, target: RuleTarget, event: EventEnvelope): void {
    const { clock, random } = this.#kernel;
    const arn = ruleArn(rule.place, rule.bus, rule.name);
    this.#deliveries.add(
      {
        target: { arn: target.Arn, ...(target.RoleArn === undefined ? {} : { roleArn: target.RoleArn }) },
        payload: targetInput(target, event, {
          ruleArn: arn,
          ruleName: rule.name,
          ingestionTime: clock.now(),
        }),
        place: rule.place,
        retry: {
          attempts: target.RetryPolicy?.MaximumRetryAttempts ?? DEFAULT_RETRY.attempts,
          ageSeconds: target.RetryPolicy?.MaximumEventAgeInSeconds ?? DEFAULT_RETRY.ageSeconds,
        },
        ...(target.DeadLetterConfig?.Arn === undefined ? {} : { deadLetterArn: target.DeadLetterConfig.Arn }),
        attributes: { RULE_ARN: arn },
      },
      LATENCY_MS.least + Math.floor(random() * (LATENCY_MS.most - LATENCY_MS.least)),
    );
  }

  #rules(place: Place, bus: string): RuleSet<RuleDocument> {
    const key = busKey(place, bus);
    let set = this.#sets.get(key);
    if (!set) {
      const rules: [RuleDocument, ReturnType<typeof compilePatternText>][] = [];
      for (const rule of this.#documents.rulesOf(place, bus))
        if (rule.state !== "DISABLED" && rule.eventPattern !== undefined)
          rules.push([rule, compilePatternText(rule.eventPattern)]);
      set = new RuleSet(rules);
      this.#sets.set(key, set);
    }
    return set;
  }
}
