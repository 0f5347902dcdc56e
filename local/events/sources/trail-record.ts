import type { CallRecord } from "../../aws/contract.ts";
import { modelOf } from "../../aws/model/service-model.ts";
import { seconds } from "../place.ts";
import { namedInvoker, userIdentity } from "./user-identity.ts";

/** A value as CloudTrail writes it: times in seconds with fractions, nothing for what is not there. */
function recorded(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(recorded);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, recorded(member)]),
  );
}

/**
 * The request as the server saw it: what stands in the path keeps its percent-encoding, what stands in the query
 * is text, and the cluster in the path is called `name` in every operation.
 */
function requestParameters(call: CallRecord): Record<string, unknown> {
  const shape = modelOf(call.service).operations.get(call.operation)?.input;
  const parameters: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(call.input)) {
    if (value === undefined) continue;
    const traits = shape?.member(name)?.traits;
    if (traits?.httpLabel)
      parameters[name === "clusterName" ? "name" : name] = encodeURIComponent(String(value));
    else if (traits?.httpQuery && !Array.isArray(value)) parameters[name] = String(value);
    else parameters[name] = recorded(value);
  }
  return parameters;
}

/** Null for a failed call and for one that answers nothing. */
function responseElements(call: CallRecord): unknown {
  const output = call.error ? {} : recorded(call.output ?? {});
  return Object.keys(output as object).length === 0 ? null : output;
}

/** CloudTrail's record of a management call, the `detail` of its event. */
export function trailRecord(call: CallRecord, eventId: string): Record<string, unknown> {
  const { scope } = call;
  const { principal } = scope;
  const service = `${call.service}.amazonaws.com`;
  return {
    eventVersion: "1.11",
    userIdentity: userIdentity(principal, call.time),
    eventTime: seconds(call.time),
    eventSource: service,
    eventName: call.operation,
    awsRegion: scope.region,
    sourceIPAddress: principal.invokedBy ?? scope.sourceIp,
    userAgent: principal.invokedBy ?? scope.userAgent,
    ...(call.error ? { errorCode: call.error.code } : {}),
    requestParameters: requestParameters(call),
    responseElements: responseElements(call),
    requestID: scope.requestId,
    eventID: eventId,
    readOnly: false,
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: scope.account,
    eventCategory: "Management",
    // A call that a service makes inside AWS has no TLS connection to tell of.
    ...(namedInvoker(principal) === undefined
      ? { tlsDetails: { tlsVersion: "TLSv1.3", cipherSuite: "TLS_AES_128_GCM_SHA256" } }
      : {}),
  };
}
