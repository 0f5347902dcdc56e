import { readForm } from "../codec/form.ts";
import type { Problem } from "../codec/walk.ts";
import { element, escapeXml, writeMembers } from "../codec/xml.ts";
import { AwsError, type WireRequest, type WireResponse } from "../contract.ts";
import type { ServiceModel } from "../model/service-model.ts";
import { bodyText, errorShape, type ProtocolCodec, queryValue, utf8 } from "./protocol.ts";

/** Pairs of the query string and of the form in the body: a presigned call has them in its URL. */
export function* formPairs(request: WireRequest): Generator<readonly [string, string]> {
  for (const [name, value] of Object.entries(request.query))
    for (const one of typeof value === "string" ? [value] : value) yield [name, one];
  if (request.method === "POST") yield* new URLSearchParams(bodyText(request));
}

/** The value of `Action`, which names the operation. */
export function actionOf(request: WireRequest): string | undefined {
  const inQuery = queryValue(request, "Action");
  if (inQuery !== undefined || request.method !== "POST") return inQuery;
  return new URLSearchParams(bodyText(request)).get("Action") ?? undefined;
}

const XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';

const answer = (status: number, xml: string, requestId: string): WireResponse => ({
  status,
  headers: { "x-amzn-requestid": requestId, "content-type": "text/xml" },
  body: utf8(XML_HEAD + xml),
});

const withNamespace = (name: string, model: ServiceModel, content: string): string =>
  `<${name} xmlns="${model.xmlNamespace}">${content}</${name}>`;

const queryProtocol = (ec2: boolean): ProtocolCodec => ({
  operation(request, model) {
    const action = actionOf(request);
    const operation = action === undefined ? undefined : model.operations.get(action);
    if (operation) return operation;
    throw action === undefined
      ? new AwsError("MissingAction", "The request must contain the parameter Action")
      : new AwsError("InvalidAction", `The action ${action} is not valid for this web service.`);
  },

  decode(request, operation, _model, check) {
    const problems: Problem[] = [];
    const input = readForm(
      operation.input,
      formPairs(request),
      { ec2, ...(check ? { check } : {}) },
      problems,
    );
    return { operation, input, problems };
  },

  encode(output, operation, model, requestId) {
    const members = writeMembers(operation.output, output);
    if (ec2) {
      const xml = element("requestId", requestId) + members;
      return answer(200, withNamespace(`${operation.name}Response`, model, xml), requestId);
    }
    const xml =
      (operation.output.members.length > 0 ? element(`${operation.name}Result`, members) : "") +
      element("ResponseMetadata", element("RequestId", requestId));
    return answer(200, withNamespace(`${operation.name}Response`, model, xml), requestId);
  },

  encodeError(error, model, requestId) {
    const shape = errorShape(error, model);
    const code = element("Code", escapeXml(shape?.code ?? error.code));
    const message = element("Message", escapeXml(error.message));
    if (ec2) {
      const xml = element("Errors", element("Error", code + message)) + element("RequestID", requestId);
      return answer(error.status, element("Response", xml), requestId);
    }
    const type = element("Type", error.status >= 500 ? "Receiver" : "Sender");
    const members = shape ? writeMembers(shape.shape, { ...error.members, message: undefined }) : "";
    const xml = element("Error", type + code + message + members) + element("RequestId", requestId);
    const root = model ? withNamespace("ErrorResponse", model, xml) : element("ErrorResponse", xml);
    return answer(error.status, root, requestId);
  },
});

/** AWS's query protocol, server side: a form in, XML out. */
export const queryCodec = queryProtocol(false);

/** EC2's variant of the query protocol. */
export const ec2Codec = queryProtocol(true);
