import { EKSClient, type EKSClientConfig } from "@aws-sdk/client-eks";
import { partition } from "@aws-sdk/core/client";
import type {
  AwsEc2QueryProtocol,
  AwsJson1_0Protocol,
  AwsJson1_1Protocol,
  AwsQueryProtocol,
  AwsRestJsonProtocol,
} from "@aws-sdk/core/protocols";
import type { DynamoDBJsonCodec2 } from "@aws-sdk/dynamodb-codec";
import { makeBuilder } from "@smithy/core/client";
import { getEndpointPlugin } from "@smithy/core/endpoints";
import { StandardRetryStrategy } from "@smithy/core/retry";
import type { EndpointParameterInstructions, EndpointV2, Logger, StaticOperationSchema } from "@smithy/types";
import type { AwsClientConfig } from "../../runtime.ts";

/** A service as far as its wire goes: what its own client package would say of it. */
export interface Service {
  /** As in `AWS_ENDPOINT_URL_<ID>`. */
  readonly id: string;
  readonly signingName: string;
  readonly protocol:
    | typeof AwsEc2QueryProtocol
    | typeof AwsQueryProtocol
    | typeof AwsJson1_0Protocol
    | typeof AwsJson1_1Protocol
    | typeof AwsRestJsonProtocol;
  readonly namespace: string;
  readonly xmlNamespace: string;
  readonly version: string;
  readonly target: string;
  /** One endpoint for a whole partition (IAM); otherwise one for each region. */
  readonly global?: boolean;
  /** How it reads and writes JSON, where that is not the SDK's usual way by schema. */
  readonly jsonCodec?: typeof DynamoDBJsonCodec2;
  /** Base of the back-off before a repeated call, where it is not the SDK's 50 ms; twice as long each time. */
  readonly retryDelayMs?: number;
}

/** One operation of a service; `I` and `O` are the SDK's types of its input and output. */
export interface Operation<I extends object, O extends object> {
  readonly service: Service;
  readonly schema: StaticOperationSchema;
  /** Never there: it carries the types. */
  readonly types?: (input: I) => O;
}

export type Send = <I extends object, O extends object>(operation: Operation<I, O>, input: I) => Promise<O>;

/**
 * What a client may say: a warning. Were there `info` and `error`, also ones that do nothing (the SDK's default),
 * every input and output would be walked by its schema for secrets first, which takes longer than reading it.
 */
const WARNINGS = { warn: console.warn } as Logger;

const COMMON: EndpointParameterInstructions = {
  UseFIPS: { type: "builtInParams", name: "useFipsEndpoint" },
  Endpoint: { type: "builtInParams", name: "endpoint" },
  Region: { type: "builtInParams", name: "region" },
};

/** Region that the global services of a partition are signed for. */
const HOME_REGION: Readonly<Record<string, string>> = {
  aws: "us-east-1",
  "aws-cn": "cn-north-1",
  "aws-us-gov": "us-gov-west-1",
};

/** The public endpoint of a service: `ec2.eu-west-1.amazonaws.com`, `iam.amazonaws.com`. */
export function endpointOf(
  service: Service,
  params: { readonly Region?: string; readonly UseFIPS?: boolean; readonly Endpoint?: string },
): EndpointV2 {
  const { Region: region = "", UseFIPS = false, Endpoint } = params;
  if (Endpoint !== undefined) return { url: new URL(Endpoint) };
  const { dnsSuffix, name } = partition(region);
  const host = `${service.signingName}${UseFIPS ? "-fips" : ""}`;
  if (!service.global) return { url: new URL(`https://${host}.${region}.${dnsSuffix}`) };
  const home = HOME_REGION[name] ?? region;
  // Commercial regions share a name without a region; the other partitions name theirs.
  const place = name === "aws" ? "" : name === "aws-us-gov" ? ".us-gov" : `.${home}`;
  return {
    url: new URL(`https://${host}${place}.${dnsSuffix}`),
    properties: {
      authSchemes: [{ name: "sigv4", signingName: service.signingName, signingRegion: home, properties: {} }],
    },
  };
}

/**
 * Sends single operations of services whose client packages are too heavy for a bundle. A client of the SDK is
 * the same machinery everywhere (credentials, signing, retries, transport) around a protocol, an endpoint and
 * schemas; all of those can be configured. So EKS's client, which the bundle has anyway, is configured as one of
 * the service. Signing, retries, time-outs and proxies thus are the SDK's own.
 */
export function createSend(config: AwsClientConfig): Send {
  const clients = new Map<Service, EKSClient>();
  const clientOf = (service: Service): EKSClient => {
    const known = clients.get(service);
    if (known) return known;
    const { retryDelayMs: baseDelay, jsonCodec: JsonCodec } = service;
    const client = new EKSClient({
      logger: WARNINGS,
      ...(baseDelay === undefined
        ? {}
        : { retryStrategy: new StandardRetryStrategy({ maxAttempts: config.maxAttempts ?? 4, baseDelay }) }),
      ...config,
      serviceId: service.id,
      signingName: service.signingName,
      protocol: config.protocol ?? service.protocol,
      protocolSettings: {
        defaultNamespace: service.namespace,
        errorTypeRegistries: [],
        xmlNamespace: service.xmlNamespace,
        version: service.version,
        serviceTarget: service.target,
        ...(JsonCodec ? { jsonCodec: new JsonCodec() } : {}),
      },
      endpointProvider: (params: object) => endpointOf(service, params),
    } as EKSClientConfig);
    clients.set(service, client);
    return client;
  };
  return async <I extends object, O extends object>(operation: Operation<I, O>, input: I): Promise<O> => {
    const { service, schema } = operation;
    const Command = makeBuilder(COMMON, service.target, `${service.id}Client`, getEndpointPlugin)(
      {},
      () => [],
      schema[2],
      schema,
    );
    const output: unknown = await clientOf(service).send(new Command(input) as never);
    return output as O;
  };
}
