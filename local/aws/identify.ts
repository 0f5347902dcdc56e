import type { Kernel } from "../kernel/kernel.ts";
import { AwsError, type Principal, type Scope, type ServiceName, type WireRequest } from "./contract.ts";
import { modelOf } from "./model/service-model.ts";
import { queryValue } from "./protocol/protocol.ts";
import { formPairs } from "./protocol/query.ts";
import { routerOf } from "./protocol/router.ts";
import { SERVICE_NAMES, SERVICES } from "./services.ts";
import { createSessions } from "./sessions.ts";

/** Account and region of callers whose credentials name none. */
export const DEFAULT_ACCOUNT = "111122223333";
export const DEFAULT_REGION = "eu-west-1";

interface CredentialScope {
  readonly accessKeyId: string;
  readonly region: string;
  readonly signingName: string;
}

const CREDENTIAL = /(?:^|[\s,])Credential=([^/\s,]+)\/\d{8}\/([^/\s,]+)\/([^/\s,]+)\/aws4_request/;

/** The SigV4 credential scope, of a signed header or of a presigned URL. */
export function credentialScope(
  request: Pick<WireRequest, "query" | "headers">,
): CredentialScope | undefined {
  const presigned = queryValue(request, "X-Amz-Credential");
  const text = presigned ? `Credential=${presigned}` : (request.headers.authorization ?? "");
  const [, accessKeyId, region, signingName] = CREDENTIAL.exec(text) ?? [];
  return accessKeyId && region && signingName ? { accessKeyId, region, signingName } : undefined;
}

const BY_SIGNING_NAME = new Map(SERVICE_NAMES.map((name) => [SERVICES[name].signingName, name]));
const BY_TARGET = new Map(SERVICE_NAMES.map((name) => [SERVICES[name].target, name]));
const REST = SERVICE_NAMES.filter((name) => SERVICES[name].protocol === "restJson");

/** Which service a request is for: by signature, else by `X-Amz-Target`, API version or path. */
export function serviceOf(
  request: WireRequest,
  credential: CredentialScope | undefined,
): ServiceName | undefined {
  const signed = credential && BY_SIGNING_NAME.get(credential.signingName);
  if (signed) return signed;
  const target = request.headers["x-amz-target"];
  if (target !== undefined) return BY_TARGET.get(target.slice(0, target.lastIndexOf(".")));
  if (request.path === "/" || request.path === "") {
    const pairs = new Map(formPairs(request));
    const version = pairs.get("Version");
    const byVersion = SERVICE_NAMES.find((name) => SERVICES[name].version === version);
    if (pairs.has("Action")) return byVersion;
  }
  return REST.find((name) => routerOf(modelOf(name)).match(request.method, request.path, request.query));
}

/**
 * Who calls. An access key of ours stands for the role it was issued for; one that holds twelve digits for
 * that account; every other one for a user of the default account. Signatures are not checked: the endpoint
 * listens on loopback and its keys are not secrets. Returns the error for a session that has expired: it is
 * the answer as it is, whatever the service's model has under that name.
 */
export function createIdentify(kernel: Kernel, defaults: { account: string; region: string }) {
  const sessions = createSessions(kernel);

  const principalOf = (accessKeyId: string): Principal | AwsError => {
    const session = sessions.find(accessKeyId);
    if (session) {
      if (session.expiresAt !== undefined && session.expiresAt <= kernel.clock.now())
        return new AwsError(
          "ExpiredTokenException",
          "The security token included in the request is expired",
          {
            status: 403,
          },
        );
      return session.principal;
    }
    const account = /\d{12}/.exec(accessKeyId)?.[0] ?? defaults.account;
    const user = accessKeyId.replace(/[^\w+=,.@-]/g, "_");
    return { type: "IAMUser", arn: `arn:aws:iam::${account}:user/${user}`, account, accessKeyId };
  };

  return (
    request: Pick<WireRequest, "headers" | "remoteAddress">,
    credential: CredentialScope | undefined,
    requestId: string,
  ): Scope | AwsError => {
    const principal = principalOf(credential?.accessKeyId ?? "anonymous");
    if (principal instanceof AwsError) return principal;
    return {
      account: principal.account,
      region: credential?.region ?? defaults.region,
      principal,
      requestId,
      userAgent: request.headers["user-agent"] ?? "",
      sourceIp: request.remoteAddress ?? "127.0.0.1",
    };
  };
}
