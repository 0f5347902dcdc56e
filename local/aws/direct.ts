import { createRequire } from "node:module";
import { type AwsEndpoint, AwsError, type ServiceName } from "./contract.ts";
import { type InMemoryHandler, inMemoryHandler } from "./in-memory-handler.ts";
import { SERVICE_NAMES, SERVICES } from "./services.ts";

/**
 * The short way from an SDK client to the endpoint, for simulations that make a hundred thousand calls: instead of
 * text, the input itself goes over, checked against the service's model, and the output comes back. Command
 * classes, middleware, retries and errors stay the SDK's own; bytes on a wire and the signature's arithmetic are
 * left out. A test holds both ways beside each other (test/simulation/replay.test.ts).
 */

/** What the protocol of this file puts into a request, and the handler takes out. */
interface DirectCall {
  readonly service: ServiceName;
  readonly operation: string;
  readonly input: object;
}

interface DirectRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly direct?: DirectCall;
}

interface DirectResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly output: object | AwsError;
  readonly service: ServiceName;
}

interface SerdeContext {
  readonly signingName?: string;
  readonly defaultSigningName?: string;
}

interface OperationSchema {
  readonly name: string;
}

const BY_SIGNING_NAME = new Map(SERVICE_NAMES.map((name) => [SERVICES[name].signingName, name]));
const require = createRequire(import.meta.url);

/** The SDK's own class of an error, as its deserializer would make it. */
function exceptionOf(error: AwsError, service: ServiceName): Error {
  const sdk = require(`@aws-sdk/client-${service}`) as Readonly<Record<string, unknown>>;
  const known = sdk[error.code];
  const metadata = {
    httpStatusCode: error.status,
    ...(error.requestId ? { requestId: error.requestId } : {}),
  };
  const made =
    typeof known === "function"
      ? new (known as new (options: object) => Error)({ message: error.message, $metadata: metadata })
      : new Error(error.message);
  return Object.assign(made, {
    name: error.code,
    $fault: error.status >= 500 ? "server" : "client",
    $metadata: metadata,
    ...error.members,
    message: error.message,
  });
}

/** A client's `protocol`: hands objects over. */
function directProtocol() {
  return {
    getShapeId: () => "slipway#direct",
    setSerdeContext: () => {},
    setEndpoint: () => {},
    async serializeRequest(
      { name }: OperationSchema,
      input: object,
      context: SerdeContext,
    ): Promise<DirectRequest> {
      const signingName = context.signingName ?? context.defaultSigningName ?? "";
      const service = BY_SIGNING_NAME.get(signingName);
      if (!service) throw new Error(`no service of this platform is signed for as ${signingName}`);
      return {
        method: "POST",
        protocol: "http:",
        hostname: "127.0.0.1",
        path: "/",
        query: {},
        headers: {},
        direct: { service, operation: name, input },
      };
    },
    async deserializeResponse(
      _operation: OperationSchema,
      _context: SerdeContext,
      { output, service, statusCode }: DirectResponse,
    ): Promise<object> {
      if (output instanceof AwsError) throw exceptionOf(output, service);
      return { ...output, $metadata: { httpStatusCode: statusCode } };
    },
  };
}

interface SigningProperties {
  readonly signingRegion?: string;
  readonly signingName?: string;
  readonly region?: string;
  readonly name?: string;
  readonly config?: SerdeContext;
}

/** Who signs, and for what, without the arithmetic: the endpoint does not check signatures. */
const signer = {
  async sign(
    request: DirectRequest,
    identity: { readonly accessKeyId: string },
    { signingRegion, signingName, region, name, config }: SigningProperties,
  ): Promise<DirectRequest> {
    const service = signingName ?? config?.signingName ?? name;
    const scope = `20260101/${signingRegion ?? region}/${service}/aws4_request`;
    request.headers.authorization = `AWS4-HMAC-SHA256 Credential=${identity.accessKeyId}/${scope}`;
    return request;
  },
};

interface IdentityProviders {
  getIdentityProvider(schemeId: string): unknown;
}

/** The parts of an SDK client's configuration that take the short way. */
export function directClient(endpoint: AwsEndpoint) {
  const wire = inMemoryHandler(endpoint);
  return {
    // A client's middleware does not change after its first call: resolving it anew was a tenth of every run. The
    // document client of DynamoDB refuses it; simulations have no table.
    cacheMiddleware: true,
    protocol: directProtocol() as never,
    httpAuthSchemes: [
      {
        schemeId: "aws.auth#sigv4",
        identityProvider: (ipc: IdentityProviders) => ipc.getIdentityProvider("aws.auth#sigv4"),
        signer,
      },
    ],
    requestHandler: {
      ...wire,
      async handle(request: DirectRequest, options) {
        if (!request.direct) return wire.handle(request, options);
        const { service, operation, input } = request.direct;
        try {
          const output = await endpoint.direct(service, operation, input, request.headers);
          return { response: { statusCode: 200, headers: {}, output, service } };
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          return { response: { statusCode: error.status, headers: {}, output: error, service } };
        }
      },
    } satisfies Omit<InMemoryHandler, "handle"> & { handle(...args: never[]): Promise<object> },
  };
}
