import { nextRun } from "../../../core/schedule/next-run.ts";
import { parseSchedule } from "../../../core/schedule/parse.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { EventEnvelope } from "../envelope.ts";
import { ruleArn, seconds } from "../place.ts";
import { type BusDocuments, type RuleDocument, ruleKey } from "./documents.ts";
import type { Router } from "./router.ts";

const TIMER = "events.rule-schedule";

/** Runs the rules that have a schedule: each run is an event of `aws.events` that only their targets see. */
export class RuleSchedules {
  readonly #kernel: Kernel;
  readonly #documents: BusDocuments;
  readonly #router: Router;

  constructor(kernel: Kernel, documents: BusDocuments, router: Router) {
    this.#kernel = kernel;
    this.#documents = documents;
    this.#router = router;
    kernel.timers.on(TIMER, (key) => this.#run(key));
  }

  /** A rule was put, enabled, disabled or deleted. Its rate counts from now. */
  changed(rule: RuleDocument, gone: boolean): void {
    const key = ruleKey(rule.place, rule.bus, rule.name);
    if (gone || rule.state === "DISABLED" || rule.scheduleExpression === undefined)
      this.#kernel.timers.cancel(TIMER, key);
    else this.#arm(key, rule.scheduleExpression, rule);
  }

  #arm(key: string, expression: string, rule: RuleDocument): void {
    const { clock, timers } = this.#kernel;
    const due = timers.dueAt(TIMER, key);
    // Adding a target must not put off the next run.
    if (due !== undefined && rule.armedFor === expression) return;
    const next = nextRun(parseSchedule(expression, "events"), clock.now());
    rule.armedFor = expression;
    if (next === undefined) timers.cancel(TIMER, key);
    else timers.set(TIMER, key, next, null, { background: true });
  }

  #run(key: string): void {
    const rule = this.#documents.rules.get(key);
    if (rule?.scheduleExpression === undefined || rule.state === "DISABLED") return;
    const event: EventEnvelope = {
      version: "0",
      id: this.#kernel.ids.uuid(),
      "detail-type": "Scheduled Event",
      source: "aws.events",
      account: rule.place.account,
      time: seconds(this.#kernel.clock.now()),
      region: rule.place.region,
      resources: [ruleArn(rule.place, rule.bus, rule.name)],
      detail: {},
    };
    this.#router.invoke(rule, event);
    this.#arm(key, rule.scheduleExpression, rule);
  }
}
