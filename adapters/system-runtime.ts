import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { monotonicFactory } from "ulid";
import type { Clock, Ids } from "../core/clock.ts";
import { type InputProblem, InvalidInputError } from "../core/errors.ts";
import { httpsTransport } from "./kubernetes/https-transport.ts";
import { RUNTIME, type Runtime, type RuntimeConfig } from "./runtime.ts";

export type { Runtime } from "./runtime.ts";

const LOG_LEVELS = ["DEBUG", "INFO", "WARN", "ERROR"] as const;

const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The configuration of a deployed function from its environment. Throws InvalidInputError with every problem,
 * so that a wrong deployment is mended in one go.
 */
export function readConfig(env: Env): RuntimeConfig {
  const problems: InputProblem[] = [];
  const need = (field: string, pattern: RegExp, example: string): string => {
    const value = env[field] ?? "";
    if (!pattern.test(value))
      problems.push({
        field,
        message: value === "" ? `is missing (for example ${example})` : `'${value}' is not like ${example}`,
        remedy: "Set the environment variables named in the function's configuration and deploy again.",
      });
    return value;
  };
  const externalId = env.SLIPWAY_EXTERNAL_ID
    ? need("SLIPWAY_EXTERNAL_ID", /^[\w+=,.@:/-]{8,1224}$/, "3f9a-slipway")
    : undefined;
  const apiUrl = env.SLIPWAY_API_URL
    ? need("SLIPWAY_API_URL", /^https?:\/\/\S+[^/]$/, "https://slipway.example.com")
    : undefined;
  const logLevel = LOG_LEVELS.find((level) => level === (env.SLIPWAY_LOG_LEVEL ?? "INFO"));
  if (!logLevel)
    problems.push({ field: "SLIPWAY_LOG_LEVEL", message: `must be one of ${LOG_LEVELS.join(", ")}` });
  // In a further region the functions say where home is.
  const region = need(env.SLIPWAY_HOME_REGION ? "SLIPWAY_HOME_REGION" : "AWS_REGION", REGION, "eu-west-1");
  const config = {
    stage: need("SLIPWAY_STAGE", /^[a-z][a-z0-9-]{0,19}$/, "prod"),
    account: need("SLIPWAY_ACCOUNT", /^\d{12}$/, "111122223333"),
    region,
    regions: regionsOf(env, region, problems),
    table: need("SLIPWAY_TABLE", /^[A-Za-z0-9_.-]{3,255}$/, "slipway-prod"),
    bus: need("SLIPWAY_BUS", /^[A-Za-z0-9_./-]{1,256}$/, "slipway-prod"),
    workflowArnPrefix: need(
      "SLIPWAY_WORKFLOW_ARN_PREFIX",
      /^arn:[^:]+:states:[^:]+:\d{12}:stateMachine:[A-Za-z0-9_-]+$/,
      "arn:aws:states:eu-west-1:111122223333:stateMachine:slipway-prod-",
    ),
    ...(externalId === undefined ? {} : { externalId }),
    ...(apiUrl === undefined ? {} : { apiUrl }),
    logLevel: logLevel ?? "INFO",
  };
  if (problems.length > 0) throw new InvalidInputError(problems, "environment");
  return Object.freeze(config);
}

/** `SLIPWAY_REGIONS`: further regions with commas between them. */
function regionsOf(env: Env, home: string, problems: InputProblem[]): readonly string[] {
  const named = (env.SLIPWAY_REGIONS ?? "").split(",").filter((region) => region !== "");
  for (const region of named)
    if (!REGION.test(region))
      problems.push({ field: "SLIPWAY_REGIONS", message: `'${region}' is not like eu-west-1` });
  return [...new Set([home, ...named])];
}

const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
};

function systemIds(): Ids {
  const ulid = monotonicFactory();
  return { ulid: () => ulid(), uuid: () => randomUUID() };
}

/** The runtime of a deployed function: the system's clock and chance, AWS and Kubernetes over the network. */
export function createSystemRuntime(env: Env): Runtime {
  const config = readConfig(env);
  return Object.freeze({
    clock,
    ids: systemIds(),
    random: Math.random,
    config,
    aws: { region: config.region, maxAttempts: 5 },
    kubernetes: httpsTransport(),
  });
}

let system: Runtime | undefined;

/**
 * The runtime of an invocation: the one that the embedded platform put into the context, else the system's,
 * which is built once per process.
 */
export function runtimeOf(context: object): Runtime {
  const given = (context as { readonly [RUNTIME]?: Runtime })[RUNTIME];
  if (given) return given;
  system ??= createSystemRuntime(process.env);
  return system;
}

/** A value made once per runtime: SDK clients, stores, tokens. */
export function perRuntime<T>(make: (runtime: Runtime) => T): (runtime: Runtime) => T {
  const made = new WeakMap<Runtime, T>();
  return (runtime) => {
    let value = made.get(runtime);
    if (value === undefined) {
      value = make(runtime);
      made.set(runtime, value);
    }
    return value;
  };
}
