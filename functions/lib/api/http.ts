import middy from "@middy/core";
import httpHeaderNormalizer from "@middy/http-header-normalizer";
import httpSecurityHeaders from "@middy/http-security-headers";
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import type { z } from "zod";
import { type Runtime, runtimeOf } from "../../../adapters/system-runtime.ts";
import { limitBody, mediaType, parseBody } from "../../../core/api/body.ts";
import { toProblem } from "../../../core/api/problem.ts";
import type { ApiRoute } from "../../../core/api/routes.ts";
import { InvalidInputError, SlipwayError, TerminalError } from "../../../core/errors.ts";
import { logOf } from "../logger.ts";
import { authorize } from "./access.ts";

/** A request whose parts have been checked against the route. */
export interface ApiRequest<R extends ApiRoute> {
  readonly path: Readonly<Record<string, string>>;
  readonly query: R extends { readonly query: infer Q extends z.ZodType }
    ? z.output<Q>
    : Record<string, never>;
  readonly body: R extends { readonly body: infer B extends z.ZodType } ? z.output<B> : string;
  /** ARN or subject of who asks. */
  readonly requester: string;
  readonly idempotencyKey: string | undefined;
  readonly runtime: Runtime;
}

export interface ApiReply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type Event = APIGatewayProxyEventV2 & {
  requestContext: { authorizer?: { iam?: { userArn?: string }; jwt?: { claims?: Record<string, unknown> } } };
};

/** Who asks, as API Gateway's authorizer established it; a request without one is refused. */
function requesterOf(event: Event): string {
  const { iam, jwt } = event.requestContext.authorizer ?? {};
  const subject = iam?.userArn ?? jwt?.claims?.email ?? jwt?.claims?.sub;
  if (typeof subject === "string" && subject !== "") return subject;
  throw new TerminalError("the request carries no identity", {
    code: "Unauthorized",
    remedy: "Sign the request with SigV4, or send the token that the installation asks for.",
  });
}

function parsed<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new InvalidInputError(
    result.error.issues.flatMap((issue) => {
      const at = issue.path
        .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
        .join("");
      if (issue.code === "unrecognized_keys") {
        return issue.keys.map((key) => ({ field: `${at}.${key}`.slice(1), message: "is not a known field" }));
      }
      return [{ field: at.replace(/^\./, ""), message: issue.message }];
    }),
    what,
  );
}

function textOf(event: Event): string {
  const body = event.body ?? "";
  limitBody(event.isBase64Encoded ? Math.floor((body.length * 3) / 4) : Buffer.byteLength(body));
  return event.isBase64Encoded ? Buffer.from(body, "base64").toString("utf8") : body;
}

function requestOf<R extends ApiRoute>(route: R, event: Event, runtime: Runtime): ApiRequest<R> {
  const requester = requesterOf(event);
  const type = mediaType(event.headers["content-type"]);
  const text = textOf(event);
  const body =
    route.body === "cluster-file" || !route.body ? text : parsed(route.body, parseBody(text, type), "body");
  const query = route.query ? parsed(route.query, event.queryStringParameters ?? {}, "query") : {};
  const path = Object.fromEntries(
    Object.entries(event.pathParameters ?? {}).map(([name, value]) => [
      name,
      decodeURIComponent(value ?? ""),
    ]),
  );
  const key = event.headers["idempotency-key"];
  if (key !== undefined && (key.length > 128 || key === "")) {
    throw new InvalidInputError(
      [{ field: "Idempotency-Key", message: "has 1 to 128 characters" }],
      "headers",
    );
  }
  // The schemas of the route made these values; the types say so per route.
  return { path, query, body, requester, idempotencyKey: key, runtime } as ApiRequest<R>;
}

const reply = (
  status: number,
  body: unknown,
  type: string,
  headers: Readonly<Record<string, string>> = {},
) => ({
  statusCode: status,
  headers: { "content-type": type, "cache-control": "no-store", ...headers },
  body: JSON.stringify(body),
});

/**
 * The Lambda handler of a route: checks the request against it, calls `handle`, and answers errors as problem
 * documents. Errors that are not ours are logged and hidden.
 */
export function api<R extends ApiRoute>(route: R, handle: (request: ApiRequest<R>) => Promise<ApiReply>) {
  // middy's own early time-out would need a timer of the machine; Lambda's limit is enough.
  return middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>({ timeoutEarlyInMillis: 0 })
    .use(httpHeaderNormalizer())
    .use(httpSecurityHeaders())
    .onError((request) => {
      const { error, context } = request;
      const problem = toProblem(error, context.awsRequestId);
      if (!(error instanceof SlipwayError)) {
        const log = logOf(runtimeOf(context), { route: route.id, requestId: context.awsRequestId });
        log.error("request failed", { error });
      }
      request.response = reply(problem.status, problem, "application/problem+json");
    })
    .handler(async (event, context) => {
      const runtime = runtimeOf(context);
      const request = requestOf(route, event, runtime);
      await authorize(runtime, route, request.requester, request.path);
      const answer = await handle(request);
      return reply(answer.status, answer.body, "application/json", answer.headers);
    });
}
