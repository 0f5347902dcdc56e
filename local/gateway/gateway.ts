import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import type { RouteDeclaration } from "../../core/declaration.ts";
import type { Kernel } from "../kernel/kernel.ts";

/** API Gateway's largest request body (10 MB, "Amazon API Gateway quotas", HTTP API). */
const MAX_BODY_BYTES = 10 * 1024 * 1024;

export interface GatewayOptions {
  readonly kernel: Kernel;
  readonly routes: readonly RouteDeclaration[];
  readonly account: string;
  /** Who asks, as the IAM authorizer would have established it from the request. */
  readonly identity: (request: Request) => string;
  /** Invokes the function of a route; rejects when it failed, timed out or answered with an error. */
  readonly invoke: (functionName: string, event: unknown) => Promise<unknown>;
  /** Told why a function could not answer; the client is not. */
  readonly onFailure?: (error: unknown) => void;
}

/** The HTTP API in front of the functions, as API Gateway runs it (payload format 2.0). */
export interface Gateway {
  /** Answers a request; never rejects. */
  fetch(request: Request): Promise<Response>;
}

const problem = (status: number, message: string): Response => Response.json({ message }, { status });

export function createGateway(options: GatewayOptions): Gateway {
  const table = options.routes.map((route) => ({
    route,
    pattern: new URLPattern({ pathname: route.path.replaceAll(/\{(\w+)\}/g, ":$1") }),
  }));
  return {
    async fetch(request) {
      const url = new URL(request.url);
      const matches = table.filter(({ pattern }) => pattern.test({ pathname: url.pathname }));
      const match = matches.find(({ route }) => route.method === request.method);
      if (!match) {
        if (matches.length === 0)
          return problem(404, `there is nothing at ${url.pathname}; see /openapi.json`);
        const allow = [...new Set(matches.map(({ route }) => route.method))].join(", ");
        return new Response(JSON.stringify({ message: `${url.pathname} takes ${allow}` }), {
          status: 405,
          headers: { allow, "content-type": "application/json" },
        });
      }
      const body = await request.text();
      if (Buffer.byteLength(body) > MAX_BODY_BYTES) return problem(413, "Request Entity Too Large");
      const groups = match.pattern.exec({ pathname: url.pathname })?.pathname.groups ?? {};
      const event = eventOf(options, match.route, request, url, groups, body);
      try {
        return responseOf(
          (await options.invoke(match.route.function, event)) as APIGatewayProxyStructuredResultV2,
        );
      } catch (error) {
        options.onFailure?.(error);
        return problem(500, "Internal Server Error");
      }
    },
  };
}

function eventOf(
  options: GatewayOptions,
  route: RouteDeclaration,
  request: Request,
  url: URL,
  groups: Readonly<Record<string, string | undefined>>,
  body: string,
): APIGatewayProxyEventV2 {
  const { clock, ids } = options.kernel;
  const query: Record<string, string> = {};
  for (const name of new Set(url.searchParams.keys())) query[name] = url.searchParams.getAll(name).join(",");
  const path = Object.fromEntries(Object.entries(groups).filter((entry) => entry[1] !== undefined));
  const userArn = options.identity(request);
  const context = {
    accountId: options.account,
    apiId: "local",
    domainName: url.host,
    domainPrefix: "local",
    http: {
      method: request.method,
      path: url.pathname,
      protocol: "HTTP/1.1",
      sourceIp: "127.0.0.1",
      userAgent: request.headers.get("user-agent") ?? "",
    },
    requestId: ids.uuid(),
    routeKey: `${route.method} ${route.path}`,
    stage: "$default",
    time: new Date(clock.now()).toUTCString(),
    timeEpoch: clock.now(),
    authorizer: { iam: { userArn, accountId: options.account } },
  };
  return {
    version: "2.0",
    routeKey: context.routeKey,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers: Object.fromEntries(request.headers.entries()),
    ...(Object.keys(query).length > 0 ? { queryStringParameters: query } : {}),
    ...(Object.keys(path).length > 0 ? { pathParameters: path as Record<string, string> } : {}),
    requestContext: context,
    ...(body === "" ? {} : { body }),
    isBase64Encoded: false,
  };
}

function responseOf(result: APIGatewayProxyStructuredResultV2): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(result.headers ?? {})) headers.set(name, String(value));
  const body = result.isBase64Encoded ? Buffer.from(result.body ?? "", "base64") : (result.body ?? null);
  return new Response(body, { status: result.statusCode ?? 200, headers });
}
