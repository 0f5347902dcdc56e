import type { WireRequest, WireResponse } from "./contract.ts";
import { AwsError } from "./contract.ts";
import { awsJsonCodec } from "./protocol/aws-json.ts";
import { queryCodec } from "./protocol/query.ts";
import { restJsonCodec } from "./protocol/rest-json.ts";
import { SERVICES } from "./services.ts";

/** Services that answer in XML to requests that are not forms, by signing name. */
const REST_XML: ReadonlySet<string> = new Set(["cloudfront", "route53", "s3"]);

/** The answer to a signed request for a service that is not here, in the protocol that the request speaks. */
export function foreignService(request: WireRequest, signingName: string, requestId: string): WireResponse {
  const here = [...new Set(Object.values(SERVICES).map((service) => service.signingName))].sort();
  const error = new AwsError(
    "NotImplemented",
    `The service ${signingName} is not part of the embedded platform, which has ${here.join(", ")}.`,
    { status: 501 },
  );
  const type = request.headers["content-type"] ?? "";
  const codec =
    type.startsWith("application/x-www-form-urlencoded") || REST_XML.has(signingName)
      ? queryCodec
      : type.startsWith("application/x-amz-json")
        ? awsJsonCodec
        : restJsonCodec;
  return codec.encodeError(error, undefined, requestId);
}
