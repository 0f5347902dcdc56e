import type { SdkIntegrations } from "../contract.ts";
import { ExpressionSyntaxError, type Expressions, expressionText } from "../expression/compile.ts";
import { patternsOf } from "../integrations/registry.ts";
import { parseResource } from "../integrations/resource.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { LIMIT } from "../limits.ts";
import { parseTimestamp } from "../states/simple.ts";
import {
  CATCHER_FIELDS,
  COMMON_FIELDS,
  FIELDS,
  JSONPATH_FIELDS,
  MACHINE_FIELDS,
  PROCESSOR_FIELDS,
  RETRIER_FIELDS,
  RULE_FIELDS,
} from "./fields.ts";
import { reachability } from "./reachability.ts";
import type { StateType } from "./types.ts";

/** One thing that is wrong with a definition. */
export interface Diagnostic {
  readonly severity: "ERROR" | "WARNING";
  readonly code: string;
  readonly message: string;
  /** JSON pointer into the definition. */
  readonly location: string;
}

const JSONPATH_REFUSED =
  "The JSONPath query language is not supported here: set QueryLanguage to JSONata and use Arguments, Output and Assign";
const VARIABLE_NAME = /^[\p{ID_Start}][\p{ID_Continue}]{0,79}$/u;

/**
 * Checks a definition as CreateStateMachine does: fields of each state, transitions, reachability, expressions,
 * resources. Every problem is reported, not only the first.
 */
export class Validator {
  readonly #expressions: Expressions;
  readonly #sdk: SdkIntegrations;

  constructor(expressions: Expressions, sdk: SdkIntegrations) {
    this.#expressions = expressions;
    this.#sdk = sdk;
  }

  /** The definition and what is wrong with it; without a definition when the text is not even an object. */
  check(text: string): { readonly definition?: JsonObject; readonly diagnostics: readonly Diagnostic[] } {
    let definition: unknown;
    try {
      definition = JSON.parse(text);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return {
        diagnostics: [problem("INVALID_JSON_DESCRIPTION", `The definition is not JSON: ${why}`, "/")],
      };
    }
    if (!isObject(definition))
      return { diagnostics: [problem("SCHEMA_VALIDATION_FAILED", "The definition is not an object", "/")] };
    const run = new Run(this.#expressions, this.#sdk);
    run.machine(definition);
    return { definition, diagnostics: run.found };
  }
}

const problem = (code: string, message: string, location: string): Diagnostic => ({
  severity: "ERROR",
  code,
  message,
  location,
});

class Run {
  readonly found: Diagnostic[] = [];
  readonly #expressions: Expressions;
  readonly #sdk: SdkIntegrations;
  readonly #labels = new Set<string>();
  #language: Json = "JSONPath";

  constructor(expressions: Expressions, sdk: SdkIntegrations) {
    this.#expressions = expressions;
    this.#sdk = sdk;
  }

  machine(definition: JsonObject): void {
    this.#language = definition.QueryLanguage ?? "JSONPath";
    if (this.#language !== "JSONata" && this.#language !== "JSONPath")
      this.#add(
        `QueryLanguage must be JSONata or JSONPath, not ${JSON.stringify(this.#language)}`,
        "/QueryLanguage",
      );
    this.#fields(definition, MACHINE_FIELDS, "");
    this.#number(definition.TimeoutSeconds, "/TimeoutSeconds", 1, false);
    this.#processor(definition, "");
  }

  #add(message: string, location: string, code = "SCHEMA_VALIDATION_FAILED"): void {
    this.found.push(problem(code, message, location === "" ? "/" : location));
  }

  #fields(source: JsonObject, allowed: ReadonlySet<string>, at: string): void {
    for (const name of Object.keys(source)) {
      if (allowed.has(name)) continue;
      if (JSONPATH_FIELDS.has(name) || name.endsWith(".$"))
        this.#add(`Field '${name}' is not supported. ${JSONPATH_REFUSED}`, `${at}/${name}`);
      else this.#add(`Field '${name}' is not supported`, at);
    }
  }

  #processor(source: JsonObject, at: string): void {
    const { StartAt: startAt, States: states } = source;
    if (typeof startAt !== "string") this.#add("Missing field 'StartAt'", at);
    if (!isObject(states) || Object.keys(states).length === 0) {
      this.#add("Missing field 'States'", at);
      return;
    }
    for (const [name, state] of Object.entries(states)) {
      const where = `${at}/States/${name}`;
      if (name.length > 80) this.#add("The name of a state has at most 80 characters", where);
      if (isObject(state)) this.#state(state, where);
      else this.#add("A state is an object", where);
    }
    for (const { message, location } of reachability(String(startAt ?? ""), states))
      this.#add(message, `${at}${location}`, "MISSING_TRANSITION_TARGET");
  }

  #state(state: JsonObject, at: string): void {
    const type = state.Type;
    if (typeof type !== "string" || !Object.hasOwn(FIELDS, type)) {
      this.#add(`Unknown state type ${JSON.stringify(type ?? null)}`, `${at}/Type`);
      return;
    }
    const language = state.QueryLanguage ?? this.#language;
    if (language !== "JSONata") this.#add(JSONPATH_REFUSED, at);
    this.#fields(state, new Set([...FIELDS[type as StateType], ...COMMON_FIELDS]), at);
    if (FIELDS[type as StateType].has("Next")) {
      const ends = Number(state.Next !== undefined) + Number(state.End === true);
      if (ends !== 1) this.#add("A state has either 'Next' or 'End'", at);
    }
    this.#leaving(state, at);
    switch (type) {
      case "Task":
        this.#task(state, at);
        break;
      case "Choice":
        this.#choice(state, at);
        break;
      case "Wait":
        this.#wait(state, at);
        break;
      case "Fail":
        this.#text(state.Error, `${at}/Error`);
        this.#text(state.Cause, `${at}/Cause`);
        break;
      case "Parallel":
        this.#parallel(state, at);
        break;
      case "Map":
        this.#map(state, at);
        break;
    }
    this.#recovery(state, at);
  }

  #leaving(source: JsonObject, at: string): void {
    this.#expressionsIn(source.Output, `${at}/Output`);
    if (source.Assign === undefined) return;
    if (!isObject(source.Assign)) {
      this.#add("'Assign' is an object of variables", `${at}/Assign`);
      return;
    }
    for (const name of Object.keys(source.Assign)) {
      if (name === "states" || !VARIABLE_NAME.test(name))
        this.#add(`'${name}' is no name for a variable`, `${at}/Assign`);
    }
    this.#expressionsIn(source.Assign, `${at}/Assign`);
  }

  #task(state: JsonObject, at: string): void {
    this.#expressionsIn(state.Arguments, `${at}/Arguments`);
    this.#number(state.TimeoutSeconds, `${at}/TimeoutSeconds`, 1);
    this.#number(state.HeartbeatSeconds, `${at}/HeartbeatSeconds`, 1);
    if (
      typeof state.TimeoutSeconds === "number" &&
      typeof state.HeartbeatSeconds === "number" &&
      state.HeartbeatSeconds >= state.TimeoutSeconds
    )
      this.#add("'HeartbeatSeconds' must be smaller than 'TimeoutSeconds'", at);
    if (state.Credentials !== undefined) {
      const { RoleArn: role } = isObject(state.Credentials) ? state.Credentials : {};
      if (role === undefined) this.#add("Missing field 'RoleArn'", `${at}/Credentials`);
      this.#text(role, `${at}/Credentials/RoleArn`);
    }
    this.#resource(state, at);
  }

  #resource(state: JsonObject, at: string): void {
    const where = `${at}/Resource`;
    if (typeof state.Resource !== "string") {
      this.#add("Missing field 'Resource'", at);
      return;
    }
    if (expressionText(state.Resource) !== undefined) {
      this.#add("'Resource' cannot be an expression", where);
      return;
    }
    const resource = parseResource(state.Resource);
    if (!resource) {
      this.#add(`'${state.Resource}' is not a resource of Step Functions`, where);
    } else if (resource.kind === "sdk") {
      for (const wrong of this.#sdk.check(resource.service, resource.action, state.Arguments ?? {}))
        this.#add(wrong, `${at}/Arguments`);
    } else if (resource.kind === "optimized") {
      const patterns = patternsOf(resource.service, resource.action);
      if (!patterns)
        this.#add(
          `The resource '${state.Resource}' is not supported: use aws-sdk:${resource.service}`,
          where,
        );
      else if (!patterns.includes(resource.pattern))
        this.#add(`The resource '${state.Resource}' does not offer the pattern '${resource.pattern}'`, where);
    }
  }

  #choice(state: JsonObject, at: string): void {
    if (!Array.isArray(state.Choices) || state.Choices.length === 0) {
      this.#add("'Choices' is a list with at least one rule", at);
      return;
    }
    for (const [i, rule] of state.Choices.entries()) {
      const where = `${at}/Choices[${i}]`;
      if (!isObject(rule)) {
        this.#add("A rule is an object", where);
        continue;
      }
      this.#fields(rule, RULE_FIELDS, where);
      const { Condition: condition } = rule;
      const expression = typeof condition === "string" && expressionText(condition) !== undefined;
      if (!expression && typeof condition !== "boolean")
        this.#add("'Condition' is an expression in {% %} or a boolean", where);
      this.#expressionsIn(condition, `${where}/Condition`);
      if (typeof rule.Next !== "string") this.#add("Missing field 'Next'", where);
      this.#leaving(rule, where);
    }
  }

  #wait(state: JsonObject, at: string): void {
    if (Number(state.Seconds !== undefined) + Number(state.Timestamp !== undefined) !== 1)
      this.#add("A Wait state has either 'Seconds' or 'Timestamp'", at);
    this.#number(state.Seconds, `${at}/Seconds`, 0);
    this.#text(state.Timestamp, `${at}/Timestamp`);
    const { Timestamp: timestamp } = state;
    if (
      typeof timestamp === "string" &&
      expressionText(timestamp) === undefined &&
      parseTimestamp(timestamp) === undefined
    )
      this.#add(`'${timestamp}' is no timestamp`, `${at}/Timestamp`);
  }

  #parallel(state: JsonObject, at: string): void {
    this.#expressionsIn(state.Arguments, `${at}/Arguments`);
    if (!Array.isArray(state.Branches) || state.Branches.length === 0) {
      this.#add("'Branches' is a list with at least one branch", at);
      return;
    }
    for (const [i, branch] of state.Branches.entries()) {
      const where = `${at}/Branches[${i}]`;
      if (!isObject(branch)) {
        this.#add("A branch is an object", where);
        continue;
      }
      this.#fields(branch, PROCESSOR_FIELDS, where);
      this.#processor(branch, where);
    }
  }

  #map(state: JsonObject, at: string): void {
    const { Items: items, ItemProcessor: processor } = state;
    if (items !== undefined && !Array.isArray(items) && !isExpression(items))
      this.#add("'Items' is a list or an expression in {% %}", `${at}/Items`);
    this.#expressionsIn(items, `${at}/Items`);
    this.#expressionsIn(state.ItemSelector, `${at}/ItemSelector`);
    this.#number(state.MaxConcurrency, `${at}/MaxConcurrency`, 0);
    this.#number(state.ToleratedFailureCount, `${at}/ToleratedFailureCount`, 0);
    this.#number(state.ToleratedFailurePercentage, `${at}/ToleratedFailurePercentage`, 0);
    for (const name of ["ItemReader", "ResultWriter"])
      if (state[name] !== undefined)
        this.#add(
          `'${name}' needs S3, which is not available here: pass the items as state input`,
          `${at}/${name}`,
        );
    if (!isObject(processor)) {
      this.#add("Missing field 'ItemProcessor'", at);
      return;
    }
    const where = `${at}/ItemProcessor`;
    this.#fields(processor, PROCESSOR_FIELDS, where);
    this.#processorConfig(processor.ProcessorConfig, state, at);
    this.#processor(processor, where);
  }

  #processorConfig(value: Json | undefined, state: JsonObject, at: string): void {
    const config = isObject(value) ? value : {};
    const where = `${at}/ItemProcessor/ProcessorConfig`;
    const mode = config.Mode ?? "INLINE";
    if (mode !== "INLINE" && mode !== "DISTRIBUTED") this.#add("'Mode' is INLINE or DISTRIBUTED", where);
    if (mode === "DISTRIBUTED" && config.ExecutionType !== "STANDARD" && config.ExecutionType !== "EXPRESS")
      this.#add("A distributed Map has the 'ExecutionType' STANDARD or EXPRESS", where);
    if (mode === "INLINE" && state.ItemBatcher !== undefined)
      this.#add("'ItemBatcher' needs a Map in the mode DISTRIBUTED", `${at}/ItemBatcher`);
    if (isObject(state.ItemBatcher)) {
      this.#number(state.ItemBatcher.MaxItemsPerBatch, `${at}/ItemBatcher/MaxItemsPerBatch`, 1);
      this.#number(state.ItemBatcher.MaxInputBytesPerBatch, `${at}/ItemBatcher/MaxInputBytesPerBatch`, 1);
      this.#expressionsIn(state.ItemBatcher.BatchInput, `${at}/ItemBatcher/BatchInput`);
    }
    if (typeof state.Label === "string") {
      if (this.#labels.has(state.Label)) this.#add(`The label '${state.Label}' is used twice`, `${at}/Label`);
      this.#labels.add(state.Label);
    }
  }

  #recovery(state: JsonObject, at: string): void {
    for (const [i, entry] of list(state.Retry).entries()) {
      const where = `${at}/Retry[${i}]`;
      const retrier = isObject(entry) ? entry : {};
      this.#fields(retrier, RETRIER_FIELDS, where);
      this.#errorEquals(retrier.ErrorEquals, where, i === list(state.Retry).length - 1);
      this.#number(retrier.IntervalSeconds, `${where}/IntervalSeconds`, 1, false);
      this.#number(retrier.MaxAttempts, `${where}/MaxAttempts`, 0, false);
      this.#number(retrier.MaxDelaySeconds, `${where}/MaxDelaySeconds`, 1, false);
      const { BackoffRate: rate, JitterStrategy: jitter } = retrier;
      if (rate !== undefined && !(typeof rate === "number" && rate >= 1))
        this.#add("'BackoffRate' is a number of at least 1", where);
      if (jitter !== undefined && jitter !== "FULL" && jitter !== "NONE")
        this.#add("'JitterStrategy' is FULL or NONE", where);
    }
    for (const [i, entry] of list(state.Catch).entries()) {
      const where = `${at}/Catch[${i}]`;
      const catcher = isObject(entry) ? entry : {};
      this.#fields(catcher, CATCHER_FIELDS, where);
      this.#errorEquals(catcher.ErrorEquals, where, i === list(state.Catch).length - 1);
      if (typeof catcher.Next !== "string") this.#add("Missing field 'Next'", where);
      this.#leaving(catcher, where);
    }
  }

  #errorEquals(value: Json | undefined, at: string, last: boolean): void {
    if (!Array.isArray(value) || value.length === 0 || !value.every((name) => typeof name === "string")) {
      this.#add("'ErrorEquals' is a list with at least one error name", at);
      return;
    }
    if (value.includes("States.ALL") && value.length > 1)
      this.#add("States.ALL must stand alone in 'ErrorEquals'", at);
    if (value.includes("States.ALL") && !last) this.#add("States.ALL must be in the last entry", at);
  }

  #number(value: Json | undefined, at: string, least: number, expression = true): void {
    if (value === undefined) return;
    if (expression && isExpression(value)) {
      this.#expressionsIn(value, at);
      return;
    }
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > LIMIT.seconds)
      this.#add(
        `Expected an integer between ${least} and ${LIMIT.seconds}${expression ? ", or an expression" : ""}`,
        at,
      );
  }

  #text(value: Json | undefined, at: string): void {
    if (value === undefined) return;
    if (typeof value !== "string") this.#add("Expected a text", at);
    else this.#expressionsIn(value, at);
  }

  #expressionsIn(value: Json | undefined, at: string): void {
    if (typeof value === "string") {
      const text = expressionText(value);
      if (text === undefined) return;
      try {
        this.#expressions.compile(text);
      } catch (error) {
        if (!(error instanceof ExpressionSyntaxError)) throw error;
        this.#add(`The expression '${text}' is not valid JSONata: ${error.message}`, at);
      }
    } else if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) this.#expressionsIn(item, `${at}[${i}]`);
    } else if (isObject(value)) {
      for (const [name, item] of Object.entries(value)) this.#expressionsIn(item, `${at}/${name}`);
    }
  }
}

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
const isExpression = (value: Json): boolean =>
  typeof value === "string" && expressionText(value) !== undefined;
