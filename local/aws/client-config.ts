import type { AwsCredentialIdentity } from "@aws-sdk/types";
import type { AwsClientConfig } from "../../adapters/runtime.ts";
import type { Clock, Random } from "../../core/clock.ts";
import type { AwsEndpoint } from "./contract.ts";
import { directClient } from "./direct.ts";
import { DEFAULT_REGION } from "./identify.ts";
import { inMemoryHandler } from "./in-memory-handler.ts";
import { clockRetryStrategy } from "./retry-strategy.ts";

/** Configuration of an SDK client that reads no file and no environment and opens no socket. */
export interface InMemoryClientConfig extends AwsClientConfig {
  readonly region: string;
  readonly endpoint: string;
  readonly credentials: AwsCredentialIdentity;
  readonly requestHandler: object;
  readonly retryStrategy: ReturnType<typeof clockRetryStrategy>;
  readonly maxAttempts: number;
  readonly retryMode: "standard";
  readonly defaultsMode: "standard";
  readonly authSchemePreference: string[];
  readonly useDualstackEndpoint: false;
  readonly useFipsEndpoint: false;
  readonly userAgentAppId: string;
  readonly accountIdEndpointMode: "disabled";
  readonly endpointDiscoveryEnabledProvider: () => Promise<undefined>;
  readonly disableClockSkewCorrection: true;
  readonly logger: never;
  readonly sigv4aSigningRegionSet: () => Promise<undefined>;
}

/**
 * Configuration for SDK clients in virtual time. All that a client would otherwise look up in
 * `~/.aws/config` at its first call is given here: reading a file leaves the microtask queue, and time would
 * move on under it.
 */
export function inMemoryClientConfig(options: {
  readonly endpoint: AwsEndpoint;
  readonly clock: Clock;
  readonly random: Random;
  readonly region?: string;
  readonly credentials?: AwsCredentialIdentity;
  readonly maxAttempts?: number;
  /** Without bytes and signatures, for simulations: see {@link directClient}. */
  readonly direct?: boolean;
}): InMemoryClientConfig {
  const maxAttempts = options.maxAttempts ?? 3;
  return {
    region: options.region ?? DEFAULT_REGION,
    endpoint: "http://127.0.0.1",
    credentials: options.credentials ?? { accessKeyId: "slipway", secretAccessKey: "slipway" },
    requestHandler: inMemoryHandler(options.endpoint),
    retryStrategy: clockRetryStrategy(options.clock, options.random, { maxAttempts }),
    maxAttempts,
    retryMode: "standard",
    defaultsMode: "standard",
    authSchemePreference: [],
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: "slipway",
    accountIdEndpointMode: "disabled",
    endpointDiscoveryEnabledProvider: () => Promise.resolve(undefined),
    disableClockSkewCorrection: true,
    // Without methods: a client would otherwise prepare what nobody prints.
    logger: {} as never,
    sigv4aSigningRegionSet: () => Promise.resolve(undefined),
    ...(options.direct ? directClient(options.endpoint) : {}),
  };
}
