import { parseSchedule, ScheduleError } from "../../../core/schedule/parse.ts";
import type { ServiceHandlers } from "../../aws/contract.ts";
import { compilePatternText } from "../pattern/compile.ts";
import { EventShapeError } from "../pattern/errors.ts";
import { matches } from "../pattern/rule-set.ts";
import { type Place, ruleArn } from "../place.ts";
import { inputProblem } from "../target/input.ts";
import { checkText, limitExceeded, notFound, page, validation, validPattern } from "./api-errors.ts";
import { busReference, existingBus, setTags } from "./bus-api.ts";
import { type BusDocuments, type RuleDocument, type RuleTarget, ruleKey } from "./documents.ts";

type EventBridge = ServiceHandlers<typeof import("@aws-sdk/client-eventbridge")>;

const RULE_NAME = /^[.\-_A-Za-z0-9]+$/;
const MAX_PATTERN = 4096;
const MAX_TARGETS = 5;
const MAX_RULES = 300;

const described = (rule: RuleDocument) => ({
  Name: rule.name,
  Arn: ruleArn(rule.place, rule.bus, rule.name),
  ...(rule.eventPattern === undefined ? {} : { EventPattern: rule.eventPattern }),
  ...(rule.scheduleExpression === undefined ? {} : { ScheduleExpression: rule.scheduleExpression }),
  State: rule.state,
  ...(rule.description === undefined ? {} : { Description: rule.description }),
  ...(rule.roleArn === undefined ? {} : { RoleArn: rule.roleArn }),
  EventBusName: rule.bus,
});

/** Fields that an event must have to be tested against a pattern. */
const MANDATORY = ["id", "account", "source", "time", "region", "detail-type"];

function testedEvent(text: string | undefined): unknown {
  const fail = (reason: string) => validation(`Parameter Event is not valid. Reason: ${reason}`);
  let event: unknown;
  try {
    event = JSON.parse(text ?? "");
  } catch {
    throw fail("it is not valid JSON");
  }
  if (typeof event !== "object" || event === null || Array.isArray(event))
    throw fail("Event must be a JSON object");
  for (const field of MANDATORY)
    if (typeof (event as Record<string, unknown>)[field] !== "string")
      throw fail(`${field} is a required argument`);
  return event;
}

function scheduleProblem(expression: string): boolean {
  try {
    parseSchedule(expression, "events");
    return false;
  } catch (error) {
    if (error instanceof ScheduleError) return true;
    throw error;
  }
}

/** Rules and their targets. `changed` is told of every rule that is no longer what it was. */
export function ruleHandlers(
  documents: BusDocuments,
  changed: (rule: RuleDocument, gone: boolean) => void,
): EventBridge {
  const existing = (name: string | undefined, bus: string | undefined, scope: Place): RuleDocument => {
    const { place, name: busName } = existingBus(documents, bus, scope);
    const rule = documents.rule(place, busName, checkText(name, "name", 64));
    if (!rule) throw notFound(`Rule ${name} does not exist on EventBus ${busName}.`);
    return rule;
  };
  const update = (rule: RuleDocument, by: (rule: RuleDocument) => void): void => {
    by(rule);
    documents.rules.set(ruleKey(rule.place, rule.bus, rule.name), rule);
    changed(rule, false);
  };
  return {
    PutRule(input, scope) {
      const name = checkText(input.Name, "name", 64, RULE_NAME);
      const bus = existingBus(documents, input.EventBusName, scope);
      const { EventPattern: pattern, ScheduleExpression: schedule } = input;
      if (!pattern && !schedule)
        throw validation("Parameter(s) EventPattern or ScheduleExpression must be specified.");
      if (pattern) {
        checkText(pattern, "eventPattern", MAX_PATTERN);
        validPattern(() => compilePatternText(pattern));
      }
      if (schedule) {
        if (bus.name !== "default")
          throw validation("ScheduleExpression is supported only on the default event bus.");
        if (scheduleProblem(schedule)) throw validation("Parameter ScheduleExpression is not valid.");
      }
      const before = documents.rule(bus.place, bus.name, name);
      if (!before && documents.rulesOf(bus.place, bus.name).length >= MAX_RULES) throw limitExceeded();
      const rule: RuleDocument = {
        place: bus.place,
        bus: bus.name,
        name,
        ...(pattern ? { eventPattern: pattern } : {}),
        ...(schedule ? { scheduleExpression: schedule } : {}),
        state: input.State ?? "ENABLED",
        ...(input.Description === undefined ? {} : { description: input.Description }),
        ...(input.RoleArn === undefined ? {} : { roleArn: input.RoleArn }),
        targets: before?.targets ?? [],
      };
      update(rule, () => {});
      const arn = ruleArn(bus.place, bus.name, name);
      if (input.Tags) setTags(documents, arn, input.Tags);
      return { RuleArn: arn };
    },

    DescribeRule(input, scope) {
      const rule = existing(input.Name, input.EventBusName, scope);
      return { ...described(rule), CreatedBy: rule.place.account };
    },

    ListRules(input, scope) {
      const bus = existingBus(documents, input.EventBusName, scope);
      const rules = documents
        .rulesOf(bus.place, bus.name)
        .filter((rule) => rule.name.startsWith(input.NamePrefix ?? ""));
      const { items, next } = page(rules, input.NextToken, input.Limit);
      return { Rules: items.map(described), ...next };
    },

    ListRuleNamesByTarget(input, scope) {
      const bus = existingBus(documents, input.EventBusName, scope);
      const names = documents
        .rulesOf(bus.place, bus.name)
        .filter((rule) => rule.targets.some((target) => target.Arn === input.TargetArn))
        .map((rule) => rule.name);
      const { items, next } = page(names, input.NextToken, input.Limit);
      return { RuleNames: items, ...next };
    },

    DeleteRule(input, scope) {
      const { place, name: bus } = busReference(input.EventBusName, scope);
      const rule = documents.rule(place, bus, checkText(input.Name, "name", 64));
      // Deleting what is gone succeeds, as on AWS.
      if (!rule) return {};
      if (rule.targets.length > 0) throw validation("Rule can't be deleted since it has targets.");
      documents.rules.delete(ruleKey(place, bus, rule.name));
      documents.tags.delete(ruleArn(place, bus, rule.name));
      changed(rule, true);
      return {};
    },

    EnableRule(input, scope) {
      update(existing(input.Name, input.EventBusName, scope), (rule) => {
        rule.state = "ENABLED";
      });
      return {};
    },

    DisableRule(input, scope) {
      update(existing(input.Name, input.EventBusName, scope), (rule) => {
        rule.state = "DISABLED";
      });
      return {};
    },

    PutTargets(input, scope) {
      const rule = existing(input.Rule, input.EventBusName, scope);
      const targets = (input.Targets ?? []).map(checkTarget);
      const ids = new Set(targets.map((target) => target.Id));
      const kept = rule.targets.filter((target) => !ids.has(target.Id));
      if (kept.length + ids.size > MAX_TARGETS) throw limitExceeded();
      update(rule, (r) => {
        r.targets = [...kept, ...targets];
      });
      return { FailedEntryCount: 0, FailedEntries: [] };
    },

    RemoveTargets(input, scope) {
      const rule = existing(input.Rule, input.EventBusName, scope);
      const ids = input.Ids ?? [];
      const failed = ids.filter((id) => !rule.targets.some((target) => target.Id === id));
      update(rule, (r) => {
        r.targets = r.targets.filter((target) => !ids.includes(target.Id));
      });
      return {
        FailedEntryCount: failed.length,
        FailedEntries: failed.map((id) => ({
          TargetId: id,
          ErrorCode: "ResourceNotFoundException",
          ErrorMessage: `Rule ${rule.name} does not have a target with the Id ${id}.`,
        })),
      };
    },

    ListTargetsByRule(input, scope) {
      const rule = existing(input.Rule, input.EventBusName, scope);
      const { items, next } = page(rule.targets, input.NextToken, input.Limit);
      return { Targets: items, ...next };
    },

    TestEventPattern(input) {
      const pattern = checkText(input.EventPattern, "eventPattern", MAX_PATTERN);
      const compiled = validPattern(() => compilePatternText(pattern));
      const event = testedEvent(input.Event);
      try {
        return { Result: matches(compiled, event) };
      } catch (error) {
        if (!(error instanceof EventShapeError)) throw error;
        throw validation(`Parameter Event is not valid. Reason: ${error.message}`);
      }
    },
  };
}

function checkTarget(
  target: Partial<Omit<RuleTarget, "Id" | "Arn">> & { Id?: unknown; Arn?: unknown },
): RuleTarget {
  const id = checkText(target.Id as string | undefined, "targets.member.id", 64, RULE_NAME);
  const arn = checkText(target.Arn as string | undefined, "targets.member.arn", 1600);
  if (!/^arn:aws[\w-]*:[\w-]+:[\w-]*:\d*:.+/.test(arn))
    throw validation(`Parameter ${arn} is not valid. Reason: Provided Arn is not in correct format.`);
  const problem = inputProblem(id, target);
  if (problem !== undefined) throw validation(problem);
  const { MaximumRetryAttempts: attempts, MaximumEventAgeInSeconds: age } = target.RetryPolicy ?? {};
  if (attempts !== undefined && (attempts < 0 || attempts > 185))
    throw validation("MaximumRetryAttempts must be between 0 and 185.");
  if (age !== undefined && (age < 60 || age > 86_400))
    throw validation("MaximumEventAgeInSeconds must be between 60 and 86400.");
  return { ...target, Id: id, Arn: arn };
}
