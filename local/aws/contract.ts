/**
 * The contract between the wire endpoint and the services behind it. A service is an object with one function
 * per operation, typed by the SDK's own command types; protocol, validation and error rendering are the
 * endpoint's business.
 */

/** Who calls, and where: from the SigV4 credential scope, or from the platform itself. */
export interface Scope {
  readonly account: string;
  readonly region: string;
  readonly principal: Principal;
  readonly requestId: string;
  readonly userAgent: string;
  readonly sourceIp: string;
}

export interface Principal {
  readonly type: "Root" | "IAMUser" | "AssumedRole" | "AWSService";
  /** `arn:aws:sts::111122223333:assumed-role/ROLE/SESSION`, `arn:aws:iam::111122223333:user/NAME`. */
  readonly arn: string;
  readonly account: string;
  readonly accessKeyId: string;
  /** ARN of the role behind an assumed-role session. */
  readonly roleArn?: string;
  /** Which of our functions or state machines calls, when it is one of ours: for the record of permissions. */
  readonly caller?: string;
  /** CloudTrail's `invokedBy`: `eks.amazonaws.com`, `states.amazonaws.com`. */
  readonly invokedBy?: string;
}

/** An HTTP request as the endpoint sees it, whether it came over a socket or from memory. */
export interface WireRequest {
  readonly method: string;
  /** Path without query, still percent-encoded. */
  readonly path: string;
  /** Decoded query; a repeated name has several values. */
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly remoteAddress?: string;
  /** Aborted when the client goes away (ends a watch). */
  readonly signal?: AbortSignal;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes, or a stream of them (Kubernetes watches). */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

/** SDK packages whose operations the endpoint can serve. */
export type ServiceName =
  | "eks"
  | "sfn"
  | "eventbridge"
  | "scheduler"
  | "cloudwatch"
  | "cloudwatch-logs"
  | "dynamodb"
  | "lambda"
  | "sts"
  | "ec2"
  | "auto-scaling"
  | "iam"
  | "cloudformation"
  | "cloudtrail"
  | "service-quotas"
  | "sns";

/** An AWS error: `code` goes into `x-amzn-ErrorType` or the XML `Code`, extra members into the body. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  readonly members: Readonly<Record<string, unknown>>;
  /** Set by the endpoint on what it rejects with; a service leaves it out. */
  readonly requestId: string | undefined;

  constructor(
    code: string,
    message: string,
    options: { status?: number; members?: Record<string, unknown>; requestId?: string } = {},
  ) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = options.status ?? 400;
    this.members = options.members ?? {};
    this.requestId = options.requestId;
  }
}

type Awaitable<T> = T | Promise<T>;

/** Input type of a command class of the SDK. */
export type InputOf<C> = C extends abstract new (
  ...args: infer A
) => unknown
  ? // Where every member is optional, so is the argument: `[] | [Input]`.
    Extract<A, readonly [unknown]>[0]
  : never;

/** Output type of a command class of the SDK, without `$metadata`. */
export type OutputOf<C> = C extends abstract new (
  ...args: never[]
) => { resolveMiddleware(...args: never[]): infer H }
  ? H extends (...args: never[]) => Promise<{ output: infer O }>
    ? Omit<O, "$metadata">
    : never
  : never;

/** Handlers of a service: `ServiceHandlers<typeof import("@aws-sdk/client-eks")>`. What is missing answers "not implemented". */
export type ServiceHandlers<Module> = {
  readonly [K in keyof Module as K extends `${infer Operation}Command`
    ? string extends Operation
      ? never
      : Operation
    : never]?: (input: InputOf<Module[K]>, scope: Scope) => Awaitable<OutputOf<Module[K]>>;
};

/** The same, without the types of one service: what the endpoint dispatches to. */
export type AnyHandlers = Readonly<Record<string, ((input: never, scope: Scope) => unknown) | undefined>>;

/** One finished call, as observers (CloudTrail, the permission record, the bench) see it. */
export interface CallRecord {
  readonly service: ServiceName;
  readonly operation: string;
  /** Input in the SDK's member names. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly output?: Readonly<Record<string, unknown>>;
  readonly error?: AwsError;
  readonly scope: Scope;
  /** Milliseconds since the epoch, on the platform's clock. */
  readonly time: number;
}

/** The endpoint: one door for sockets, in-memory clients and the engine's service integrations. */
export interface AwsEndpoint {
  /** Answers an HTTP request of any supported protocol. Never rejects. */
  handle(request: WireRequest): Promise<WireResponse>;
  /**
   * Calls an operation without a wire: input and output in the SDK's member names, validated against the model.
   * Rejects with {@link AwsError}.
   */
  call(
    service: ServiceName,
    operation: string,
    input: object,
    scope: CallScope,
  ): Promise<Record<string, unknown>>;
  /**
   * As {@link AwsEndpoint.call}, for an SDK client that takes the short way: who calls is in the headers that it
   * would have sent.
   */
  direct(
    service: ServiceName,
    operation: string,
    input: object,
    headers: WireRequest["headers"],
  ): Promise<Record<string, unknown>>;
  /** Adds a service; later handlers of the same name are merged over earlier ones. */
  serve(service: ServiceName, handlers: AnyHandlers): void;
  /** After each call, failed ones too. */
  onCall(observer: (call: CallRecord) => void): void;
  /** Before each call; what it throws is the answer (throttling, access denied, a service fault). */
  beforeCall(hook: (call: Omit<CallRecord, "output" | "error">) => void): void;
}

/** What a caller inside the platform says of itself. */
export type CallScope = Pick<Scope, "account" | "region" | "principal"> & Partial<Scope>;
