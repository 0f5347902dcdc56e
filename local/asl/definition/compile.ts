import type { Expressions } from "../expression/compile.ts";
import { compileTemplate } from "../expression/template.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import type {
  Batcher,
  Catcher,
  Exit,
  Field,
  MapState,
  Processor,
  ProcessorPath,
  Program,
  Retrier,
  State,
} from "./types.ts";

const object = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
const text = (value: Json | undefined): string | undefined => (typeof value === "string" ? value : undefined);
const number = (value: Json | undefined): number | undefined =>
  typeof value === "number" ? value : undefined;
const texts = (value: Json | undefined): string[] => list(value).map(String);

/** Builds the executable form of a definition that validation has passed. */
export class Compiler {
  readonly #expressions: Expressions;

  constructor(expressions: Expressions) {
    this.#expressions = expressions;
  }

  program(definition: JsonObject): Program {
    return {
      ...this.#processor(definition),
      timeoutSeconds: number(definition.TimeoutSeconds),
      source: definition,
    };
  }

  #processor(definition: JsonObject): Processor {
    const states = new Map<string, State>();
    for (const [name, state] of Object.entries(object(definition.States)))
      states.set(name, this.#state(name, object(state)));
    return { startAt: String(definition.StartAt), states };
  }

  #field(value: Json | undefined, location: string): Field | undefined {
    if (value === undefined) return undefined;
    return { template: compileTemplate(value, this.#expressions), location };
  }

  #exit(source: JsonObject, prefix = "", next = text(source.Next)): Exit {
    return {
      output: this.#field(source.Output, `${prefix}Output`),
      assign: this.#field(source.Assign, `${prefix}Assign`),
      next,
    };
  }

  #state(name: string, source: JsonObject): State {
    const base = { name, exit: this.#exit(source) };
    switch (source.Type) {
      case "Pass":
      case "Succeed":
        return { ...base, type: source.Type };
      case "Fail":
        return {
          ...base,
          type: "Fail",
          error: this.#field(source.Error, "Error"),
          cause: this.#field(source.Cause, "Cause"),
        };
      case "Wait":
        return {
          ...base,
          type: "Wait",
          seconds: this.#field(source.Seconds, "Seconds"),
          timestamp: this.#field(source.Timestamp, "Timestamp"),
        };
      case "Choice":
        return {
          name,
          exit: this.#exit(source, "", text(source.Default)),
          type: "Choice",
          hasDefault: source.Default !== undefined,
          rules: list(source.Choices).map((entry, i) => {
            const rule = object(entry);
            return {
              condition: {
                template: compileTemplate(rule.Condition ?? null, this.#expressions),
                location: `Choices[${i}]/Condition`,
              },
              exit: this.#exit(rule, `Choices[${i}]/`),
            };
          }),
        };
      case "Task":
        return {
          ...base,
          ...this.#recovery(source),
          type: "Task",
          resource: String(source.Resource),
          arguments: this.#field(source.Arguments, "Arguments"),
          timeoutSeconds: this.#field(source.TimeoutSeconds, "TimeoutSeconds"),
          heartbeatSeconds: this.#field(source.HeartbeatSeconds, "HeartbeatSeconds"),
          roleArn: this.#field(object(source.Credentials).RoleArn, "Credentials/RoleArn"),
        };
      case "Parallel":
        return {
          ...base,
          ...this.#recovery(source),
          type: "Parallel",
          arguments: this.#field(source.Arguments, "Arguments"),
          branches: list(source.Branches).map((branch) => this.#processor(object(branch))),
        };
      case "Map":
        return this.#map(name, source);
      default:
        throw new TypeError(`state ${name} has the unknown type ${JSON.stringify(source.Type)}`);
    }
  }

  #map(name: string, source: JsonObject): MapState {
    const processor = object(source.ItemProcessor ?? source.Iterator);
    const config = object(processor.ProcessorConfig);
    return {
      name,
      exit: this.#exit(source),
      ...this.#recovery(source),
      type: "Map",
      items: this.#field(source.Items, "Items"),
      itemSelector: this.#field(source.ItemSelector, "ItemSelector"),
      maxConcurrency: this.#field(source.MaxConcurrency, "MaxConcurrency"),
      toleratedFailureCount: this.#field(source.ToleratedFailureCount, "ToleratedFailureCount"),
      toleratedFailurePercentage: this.#field(
        source.ToleratedFailurePercentage,
        "ToleratedFailurePercentage",
      ),
      processor: this.#processor(processor),
      distributed: config.Mode === "DISTRIBUTED",
      executionType: config.ExecutionType === "EXPRESS" ? "EXPRESS" : "STANDARD",
      label: text(source.Label) ?? name.replace(/[^A-Za-z0-9_-]/g, "").slice(0, 40),
      batcher: source.ItemBatcher === undefined ? undefined : this.#batcher(object(source.ItemBatcher)),
    };
  }

  #batcher(source: JsonObject): Batcher {
    return {
      maxItemsPerBatch: this.#field(source.MaxItemsPerBatch, "ItemBatcher/MaxItemsPerBatch"),
      maxInputBytesPerBatch: this.#field(source.MaxInputBytesPerBatch, "ItemBatcher/MaxInputBytesPerBatch"),
      batchInput: this.#field(source.BatchInput, "ItemBatcher/BatchInput"),
    };
  }

  #recovery(source: JsonObject): { retry: readonly Retrier[]; catch: readonly Catcher[] } {
    return {
      retry: list(source.Retry).map((entry) => retrier(object(entry))),
      catch: list(source.Catch).map((entry, i) => ({
        errors: texts(object(entry).ErrorEquals),
        exit: this.#exit(object(entry), `Catch[${i}]/`),
      })),
    };
  }
}

/** AWS's defaults: 3 attempts, the first after 1 s, each wait twice as long as the one before. */
const retrier = (source: JsonObject): Retrier => ({
  errors: texts(source.ErrorEquals),
  intervalSeconds: number(source.IntervalSeconds) ?? 1,
  maxAttempts: number(source.MaxAttempts) ?? 3,
  backoffRate: number(source.BackoffRate) ?? 2,
  maxDelaySeconds: number(source.MaxDelaySeconds),
  fullJitter: source.JitterStrategy === "FULL",
});

/** The processor at `path`: `[]` the program itself, `["Fan", 1]` the second branch of Fan. */
export function processorAt(program: Processor, path: ProcessorPath): Processor {
  let processor: Processor = program;
  for (let i = 0; i < path.length; i++) {
    const state = processor.states.get(String(path[i]));
    const branch = state?.type === "Parallel" ? state.branches[Number(path[++i])] : undefined;
    const inner = state?.type === "Map" ? state.processor : branch;
    if (!inner) throw new RangeError(`no processor at ${path.join("/")}`);
    processor = inner;
  }
  return processor;
}
