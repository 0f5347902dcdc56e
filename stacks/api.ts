import type { RouteDeclaration } from "../core/declaration.ts";
import { type Context, retention } from "./context.ts";
import type { Functions } from "./functions.ts";
import type { Storage } from "./storage.ts";

/** The HTTP API, and where people reach it. */
export interface Api {
  readonly gateway: sst.aws.ApiGatewayV2;
  /** API Gateway's address, or that of the settings: a domain in front of it. Without a slash at its end. */
  readonly url: $util.Input<string>;
}

/** One line of the access log: who asked for what, and how it went. Numbers stay numbers. */
const ACCESS_LOG = `{${[
  ...["requestTime", "requestId", "httpMethod", "path", "routeKey"].map((name) => [name, name] as const),
  ["ip", "identity.sourceIp"] as const,
  ["userAgent", "identity.userAgent"] as const,
  ["caller", "identity.userArn"] as const,
  ["subject", "authorizer.claims.sub"] as const,
  ["error", "error.message"] as const,
]
  .map(([name, variable]) => `"${name}":"$context.${variable}"`)
  .join(",")},"status":$context.status,"latency":$context.responseLatency}`;

/** The HTTP API without its routes: functions are told its address, and routes lead to functions. */
export function api({ settings, names }: Context, { key }: Storage): Api {
  const gateway = new sst.aws.ApiGatewayV2("Api", {
    cors: false,
    accessLog: { retention: retention(settings).text },
    transform: {
      api: (args) => {
        args.name = names.of();
        args.description = `Slipway, stage ${settings.stage}`;
        // Not false: no browser of another origin is let in.
        args.corsConfiguration = undefined;
      },
      logGroup: (args) => {
        args.name = `/aws/vendedlogs/apis/${names.of()}`;
        if (key) args.kmsKeyId = key.arn;
      },
      stage: (args) => {
        args.accessLogSettings = { destinationArn: gatewayLogs(names), format: ACCESS_LOG };
        args.defaultRouteSettings = { throttlingRateLimit: 50, throttlingBurstLimit: 100 };
      },
    },
  });
  return { gateway, url: settings.apiUrl ?? gateway.url };
}

/** The routes of the API: signed requests (IAM) unless an issuer of tokens is set. */
export function routes(
  { settings }: Context,
  { gateway }: Api,
  functions: Functions,
  declared: readonly RouteDeclaration[],
): void {
  const authorizer = settings.jwt
    ? gateway.addAuthorizer({
        name: "Tokens",
        jwt: { issuer: settings.jwt.issuer, audiences: [...settings.jwt.audiences] },
      })
    : undefined;
  const auth = authorizer ? { jwt: { authorizer: authorizer.id } } : { iam: true as const };
  for (const { method, path, function: name } of declared)
    gateway.route(`${method} ${path}`, functions.named(name).arn, { auth, name: name.replace(/^api-/, "") });
}

const gatewayLogs = (names: Context["names"]): string =>
  names.arn("logs", `log-group:/aws/vendedlogs/apis/${names.of()}`);
