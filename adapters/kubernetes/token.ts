import { Sha256 } from "@aws-crypto/sha256-js";
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from "@aws-sdk/types";
import { SignatureV4 } from "@smithy/signature-v4";

/** A token is accepted for 15 minutes after it was signed; a new one is made after 10. */
export const TOKEN_FRESH_MS = 10 * 60_000;
/** `X-Amz-Expires` of the URL: what `aws eks get-token` sends. */
const URL_EXPIRES_SECONDS = 60;

/**
 * The bearer token of EKS: a presigned GetCallerIdentity request bound to one cluster by a signed header
 * (`x-k8s-aws-id`), which the API server sends to STS to learn who we are. No call is made here.
 */
export async function eksToken(options: {
  readonly region: string;
  readonly cluster: string;
  readonly credentials: AwsCredentialIdentity | AwsCredentialIdentityProvider;
  readonly now: number;
}): Promise<string> {
  const hostname = `sts.${options.region}.amazonaws.com`;
  const signer = new SignatureV4({
    credentials: options.credentials,
    region: options.region,
    service: "sts",
    sha256: Sha256,
  });
  const signed = await signer.presign(
    {
      method: "GET",
      protocol: "https:",
      hostname,
      path: "/",
      query: { Action: "GetCallerIdentity", Version: "2011-06-15" },
      headers: { host: hostname, "x-k8s-aws-id": options.cluster },
    },
    { expiresIn: URL_EXPIRES_SECONDS, signingDate: new Date(options.now) },
  );
  const query = Object.entries(signed.query ?? {})
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join("&");
  return `k8s-aws-v1.${Buffer.from(`https://${hostname}/?${query}`).toString("base64url")}`;
}
