import { Sha256 } from "@aws-crypto/sha256-js";
import type { AwsCredentialIdentity } from "@aws-sdk/types";
import { SignatureV4 } from "@smithy/signature-v4";
import { CliError, EXIT } from "./errors.ts";

type Fetch = typeof globalThis.fetch;

/** `abc123.execute-api.eu-west-1.amazonaws.com`, as API Gateway names an API. */
const API_HOST = /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/;

export interface Signing {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The keys of the AWS profile or the environment. */
  readonly credentials: () => Promise<AwsCredentialIdentity>;
  readonly now: () => Date;
}

/** The region to sign for; undefined for an API that asks for no signature (the embedded platform). */
function regionOf(url: URL, env: Signing["env"]): string | undefined {
  if (env.SLIPWAY_AUTH === "none") return undefined;
  const named = API_HOST.exec(url.hostname)?.[1];
  if (named) return named;
  if (env.SLIPWAY_AUTH !== "iam") return undefined;
  const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
  if (region) return region;
  throw new CliError("SLIPWAY_AUTH=iam needs AWS_REGION: the region that the API is in", EXIT.badInput);
}

/**
 * A fetch that says who asks: with `SLIPWAY_TOKEN` by a bearer token, else by AWS's signature (SigV4) where the
 * API is API Gateway's (or `SLIPWAY_AUTH=iam` says that a domain of one's own leads there).
 */
export function authenticated(fetch: Fetch, { env, credentials, now }: Signing): Fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    if (env.SLIPWAY_TOKEN) {
      request.headers.set("authorization", `Bearer ${env.SLIPWAY_TOKEN}`);
      return fetch(request);
    }
    const url = new URL(request.url);
    const region = regionOf(url, env);
    if (region === undefined) return fetch(request);
    const signer = new SignatureV4({
      service: "execute-api",
      region,
      credentials: await known(credentials),
      sha256: Sha256,
    });
    const body = await request.text();
    const signed = await signer.sign(
      {
        method: request.method,
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: { ...Object.fromEntries(request.headers), host: url.host },
        ...(body === "" ? {} : { body }),
      },
      { signingDate: now() },
    );
    // fetch sets the host itself, to the same value.
    const { host: _, ...headers } = signed.headers;
    return fetch(url, { method: request.method, headers, ...(body === "" ? {} : { body }) });
  };
}

async function known(credentials: Signing["credentials"]): Promise<AwsCredentialIdentity> {
  try {
    return await credentials();
  } catch (error) {
    throw new CliError(
      `no AWS credentials to sign the request with: ${error instanceof Error ? error.message : String(error)}\n  Log in (aws sso login, or AWS_PROFILE), or set SLIPWAY_TOKEN where the API takes tokens.`,
      EXIT.unreachable,
    );
  }
}
