import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from "@aws-sdk/types";
import type { Clock, Ids, Random } from "../core/clock.ts";
import type { Store } from "../core/ports/store.ts";
import type { Http } from "./http.ts";
import type { KubernetesTransport } from "./kubernetes/transport.ts";

/** Configuration that every SDK client of ours is made with. Empty on AWS: the Lambda environment says it all. */
export interface AwsClientConfig {
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: AwsCredentialIdentity | AwsCredentialIdentityProvider;
  /** In virtual time an in-memory handler instead of sockets. */
  readonly requestHandler?: object;
  /** In virtual time back-off on the platform's clock. */
  readonly retryStrategy?: object;
  readonly maxAttempts?: number;
  /** In simulations: how requests are written and answers read, whatever the service; else each service's own. */
  readonly protocol?: never;
}

/**
 * The world around a handler: time, chance, configuration and doors to AWS and Kubernetes. On AWS it is built
 * once from the environment; the embedded platform hands its own to each invocation, so that the same handler
 * (also as a built bundle) runs in virtual time, without sockets and under its own role.
 */
export interface Runtime {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly config: RuntimeConfig;
  readonly aws: AwsClientConfig;
  readonly kubernetes: KubernetesTransport;
  /** Slipway's own state, where it is not in DynamoDB: simulations keep it in memory. */
  readonly store?: Store;
  /** Requests to services that are not AWS's; without it over the network. */
  readonly http?: Http;
  /** Reads secrets; without it from Parameter Store and Secrets Manager. */
  readonly secrets?: (reference: string) => Promise<string>;
  /** Where log lines go; without it to stdout, which on AWS is CloudWatch. */
  readonly log?: (entry: LogEntry) => void;
}

/** One structured log line. */
export interface LogEntry {
  readonly level: RuntimeConfig["logLevel"];
  readonly message: string;
  readonly [field: string]: unknown;
}

/** Parsed from the environment once at start; every problem is reported together. */
export interface RuntimeConfig {
  /** `dev`, `prod`, ...; `local` on the embedded platform. */
  readonly stage: string;
  /** Where Slipway itself lives: its table, its bus, its API; also in a function that runs in another region. */
  readonly account: string;
  readonly region: string;
  /** Regions whose clusters it manages, its own first: each has the workflows and their tasks. */
  readonly regions: readonly string[];
  /** Name of the DynamoDB table. */
  readonly table: string;
  /** Name of Slipway's own event bus. */
  readonly bus: string;
  /** `arn:aws:states:REGION:ACCOUNT:stateMachine:slipway-STAGE-`; a workflow's name completes it. */
  readonly workflowArnPrefix: string;
  /** What managed accounts ask for when Slipway assumes its role there; absent where it manages its own only. */
  readonly externalId?: string;
  /** Where people reach the API, for what notifications and events say of it: `https://slipway.example.com`. */
  readonly apiUrl?: string;
  readonly logLevel: "DEBUG" | "INFO" | "WARN" | "ERROR";
}

/** Where the embedded platform puts its runtime in the Lambda context; absent on AWS. */
export const RUNTIME: unique symbol = Symbol.for("slipway.runtime") as never;
