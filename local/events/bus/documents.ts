import type { DurableMap } from "../../kernel/durable.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Place } from "../place.ts";
import type { TargetInput } from "../target/input.ts";

export interface BusDocument {
  readonly place: Place;
  readonly name: string;
  description?: string;
  policy?: string;
  readonly createdAt: number;
  modifiedAt: number;
}

export type RuleState = "ENABLED" | "DISABLED" | "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

/** A target with the members that this platform acts on; others are kept and given back. */
export interface RuleTarget extends TargetInput {
  readonly Id: string;
  readonly Arn: string;
  readonly RoleArn?: string | undefined;
  readonly DeadLetterConfig?: { readonly Arn?: string | undefined } | undefined;
  readonly RetryPolicy?:
    | {
        readonly MaximumRetryAttempts?: number | undefined;
        readonly MaximumEventAgeInSeconds?: number | undefined;
      }
    | undefined;
}

export interface RuleDocument {
  readonly place: Place;
  readonly bus: string;
  readonly name: string;
  eventPattern?: string;
  scheduleExpression?: string;
  state: RuleState;
  description?: string;
  roleArn?: string;
  targets: RuleTarget[];
  /** The expression that the timer of the next run was set for. */
  armedFor?: string;
}

export const busKey = ({ account, region }: Place, bus: string): string => `${account}|${region}|${bus}`;
export const ruleKey = (place: Place, bus: string, rule: string): string => `${busKey(place, bus)}|${rule}`;

/** Buses and rules as durable documents. The default bus of every place exists without one. */
export class BusDocuments {
  readonly buses: DurableMap<BusDocument>;
  readonly rules: DurableMap<RuleDocument>;
  /** Tags by ARN. */
  readonly tags: DurableMap<Record<string, string>>;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.buses = kernel.durable.map("events.buses");
    this.rules = kernel.durable.map("events.rules");
    this.tags = kernel.durable.map("events.tags");
  }

  bus(place: Place, name: string): BusDocument | undefined {
    const key = busKey(place, name);
    const bus = this.buses.get(key);
    if (bus || name !== "default") return bus;
    const now = this.#kernel.clock.now();
    this.buses.set(key, { place, name, createdAt: now, modifiedAt: now });
    return this.buses.get(key);
  }

  rule(place: Place, bus: string, name: string): RuleDocument | undefined {
    return this.rules.get(ruleKey(place, bus, name));
  }

  /** The rules of a bus, by name. */
  rulesOf(place: Place, bus: string): RuleDocument[] {
    const prefix = `${busKey(place, bus)}|`;
    return [...this.rules.entries()]
      .filter(([key]) => key.startsWith(prefix))
      .map(([, rule]) => rule)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
