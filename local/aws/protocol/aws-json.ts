import { jsonReader, writeJson } from "../codec/json.ts";
import { type Problem, walk } from "../codec/walk.ts";
import { AwsError, type WireResponse } from "../contract.ts";
import type { ServiceModel } from "../model/service-model.ts";
import { errorShape, jsonBody, type ProtocolCodec, utf8 } from "./protocol.ts";

const contentType = (model: ServiceModel | undefined): string =>
  `application/x-amz-json-${model?.protocol === "awsJson1.1" ? "1.1" : "1.0"}`;

const answer = (
  status: number,
  text: string,
  model: ServiceModel | undefined,
  requestId: string,
): WireResponse => ({
  status,
  headers: { "x-amzn-requestid": requestId, "content-type": contentType(model) },
  body: utf8(text),
});

/** A successful answer whose JSON text is at hand. */
export const rawJsonAnswer = (text: string, model: ServiceModel, requestId: string): WireResponse =>
  answer(200, text, model, requestId);

/** AWS's JSON 1.0 and 1.1 protocols, server side: the operation in `X-Amz-Target`, everything else in the body. */
export const awsJsonCodec: ProtocolCodec = {
  operation(request, model) {
    const target = request.headers["x-amz-target"] ?? "";
    const name = target.slice(target.lastIndexOf(".") + 1);
    const operation = model.operations.get(name);
    if (operation) return operation;
    throw new AwsError(
      "UnknownOperationException",
      target ? `Service ${model.service} has no operation ${name}` : "The header X-Amz-Target is missing",
      { status: target ? 400 : 404 },
    );
  },

  decode(request, operation, _model, check) {
    const problems: Problem[] = [];
    const as = jsonReader({ jsonNames: false, required: true, ...(check ? { check } : {}) });
    const input = walk(operation.input, jsonBody(request), as, problems);
    return { operation, input: (input ?? {}) as Record<string, unknown>, problems };
  },

  encode: (output, operation, model, requestId) =>
    answer(200, JSON.stringify(writeJson(operation.output, output, { jsonNames: false })), model, requestId),

  encodeError(error, model, requestId) {
    const shape = errorShape(error, model)?.shape;
    const message = shape?.members.find((member) => member.name.toLowerCase() === "message");
    const members = shape ? (writeJson(shape, error.members, { jsonNames: false }) as object) : {};
    const body = { __type: error.code, ...members, [message?.name ?? "message"]: error.message };
    return answer(error.status, JSON.stringify(body), model, requestId);
  },
};
