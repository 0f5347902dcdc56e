import { jsonReader, writeJson } from "../codec/json.ts";
import { readText, writeText } from "../codec/text.ts";
import { type Problem, type Representation, walk } from "../codec/walk.ts";
import { AwsError, type WireRequest, type WireResponse } from "../contract.ts";
import type { Operation, ServiceModel } from "../model/service-model.ts";
import type { Member, StructureShape } from "../model/shape.ts";
import { bodyText, errorShape, jsonBody, type ProtocolCodec, utf8 } from "./protocol.ts";
import { type Match, routerOf } from "./router.ts";

function route(request: WireRequest, model: ServiceModel): Match {
  const match = routerOf(model).match(request.method, request.path, request.query);
  if (match) return match;
  throw new AwsError(
    "UnknownOperationException",
    `Service ${model.service} has no operation for ${request.method} ${request.path}`,
    { status: 404 },
  );
}

const inBody = ({ traits }: Member): boolean =>
  !traits.httpLabel &&
  !traits.httpQuery &&
  !traits.httpQueryParams &&
  !traits.httpHeader &&
  traits.httpPrefixHeaders === undefined &&
  !traits.httpPayload &&
  !traits.httpResponseCode;

const many = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;

/** A header's list: comma-separated, quoted where a value holds a comma. */
const splitHeader = (text: string): string[] =>
  [...text.matchAll(/\s*("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)/g)]
    .map(([, part = ""]) => part.trim().replace(/^"|"$/g, "").replace(/\\"/g, '"'))
    .filter((part, index, all) => part !== "" || index < all.length - 1);

/** Reads one member that is bound to the path, the query or a header; undefined when the request lacks it. */
function readBound(
  member: Member,
  request: WireRequest,
  labels: Match["labels"],
  problems: Problem[],
): unknown {
  const { traits, shape, name } = member;
  if (traits.httpLabel) {
    const text = labels[name];
    return text === undefined || text === "" ? undefined : readText(shape, text, name, problems);
  }
  if (traits.httpQuery) {
    const values = many(request.query[traits.httpQuery]);
    if (values.length === 0) return undefined;
    return shape.kind === "list"
      ? values.map((text, i) => readText(shape.item.shape, text, `${name}[${i}]`, problems))
      : readText(shape, values[0] ?? "", name, problems);
  }
  if (traits.httpHeader) {
    const text = request.headers[traits.httpHeader.toLowerCase()];
    if (text === undefined) return undefined;
    return shape.kind === "list"
      ? splitHeader(text).map((part, i) => readText(shape.item.shape, part, `${name}[${i}]`, problems))
      : readText(shape, text, name, problems);
  }
  if (traits.httpPrefixHeaders !== undefined) {
    const prefix = traits.httpPrefixHeaders.toLowerCase();
    const entries = Object.entries(request.headers)
      .filter(([header]) => header.startsWith(prefix))
      .map(([header, value]) => [header.slice(prefix.length), value]);
    return entries.length > 0 ? Object.fromEntries(entries) : undefined;
  }
  if (traits.httpQueryParams) return readQueryParams(member, request);
  return undefined;
}

function readQueryParams(member: Member, request: WireRequest): unknown {
  const lists = member.shape.kind === "map" && member.shape.value.shape.kind === "list";
  const entries = Object.entries(request.query).map(([key, value]) => [
    key,
    lists ? [...many(value)] : (many(value)[0] ?? ""),
  ]);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function readPayload(member: Member, request: WireRequest, as: Representation, problems: Problem[]): unknown {
  if (request.body.byteLength === 0) return undefined;
  if (member.shape.kind === "blob") return request.body.slice();
  if (member.shape.kind === "string") return bodyText(request);
  return walk(member.shape, jsonBody(request), as, problems, member.name, member);
}

function decodeInput(
  request: WireRequest,
  input: StructureShape,
  labels: Match["labels"],
  as: Representation,
  problems: Problem[],
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const body = input.members.some(inBody) ? jsonBody(request) : {};
  for (const member of input.members) {
    let value: unknown;
    if (member.traits.httpPayload) value = readPayload(member, request, as, problems);
    else if (inBody(member)) {
      const raw = Object.hasOwn(body, as.source(member)) ? body[as.source(member)] : undefined;
      if (raw !== undefined && raw !== null) {
        const before = problems.length;
        value = walk(member.shape, raw, as, problems, as.source(member), member);
        if (value === undefined && problems.length > before) continue;
      }
    } else {
      const before = problems.length;
      value = readBound(member, request, labels, problems);
      if (value === undefined && problems.length > before) continue;
    }
    if (value === undefined) {
      if (member.required)
        problems.push({ path: member.name, kind: "missing", message: "Member must not be null" });
      continue;
    }
    as.check?.(input, member, value, member.name, problems);
    result[member.name] = value;
  }
  return result;
}

/** AWS's restJson1 protocol, server side: members bound to path, query, headers, body or the whole payload. */
export const restJsonCodec: ProtocolCodec = {
  operation: (request, model) => route(request, model).operation,

  decode(request, operation, model, check) {
    const problems: Problem[] = [];
    const as = jsonReader({ jsonNames: true, required: true, ...(check ? { check } : {}) });
    const { labels } = route(request, model);
    return { operation, input: decodeInput(request, operation.input, labels, as, problems), problems };
  },

  encode(output, operation: Operation, _model, requestId): WireResponse {
    const headers: Record<string, string> = { "x-amzn-requestid": requestId };
    let status = operation.http?.status ?? 200;
    const body: Record<string, unknown> = {};
    let payload: Uint8Array | undefined;
    for (const member of operation.output.members) {
      const value = output[member.name];
      const { traits, shape } = member;
      if (value === undefined || value === null) continue;
      if (traits.httpResponseCode) status = Number(value);
      else if (traits.httpHeader) headers[traits.httpHeader.toLowerCase()] = headerText(member, value);
      else if (traits.httpPayload) payload = payloadBytes(member, value);
      else body[traits.jsonName ?? member.name] = writeJson(shape, value, { jsonNames: true });
    }
    const bound = operation.output.members.some((member) => member.traits.httpPayload);
    if (status === 204) return { status, headers, body: new Uint8Array() };
    headers["content-type"] = "application/json";
    return { status, headers, body: bound ? (payload ?? new Uint8Array()) : utf8(JSON.stringify(body)) };
  },

  encodeError(error, model, requestId): WireResponse {
    const shape = errorShape(error, model)?.shape;
    const body: Record<string, unknown> = {};
    const headers: Record<string, string> = {};
    for (const member of shape?.members ?? []) {
      const value = error.members[member.name];
      if (value === undefined || member.name.toLowerCase() === "message") continue;
      if (member.traits.httpHeader)
        headers[member.traits.httpHeader.toLowerCase()] = headerText(member, value);
      else body[member.traits.jsonName ?? member.name] = writeJson(member.shape, value, { jsonNames: true });
    }
    const message = shape?.members.find((member) => member.name.toLowerCase() === "message");
    body[message?.name ?? "message"] = error.message;
    return {
      status: error.status,
      headers: {
        "x-amzn-requestid": requestId,
        "x-amzn-errortype": error.code,
        "content-type": "application/json",
        ...headers,
      },
      body: utf8(JSON.stringify(body)),
    };
  },
};

function headerText({ shape }: Member, value: unknown): string {
  if (shape.kind === "list" && Array.isArray(value))
    return value.map((entry) => writeText(shape.item.shape, entry, "http-date")).join(",");
  return writeText(shape, value, "http-date");
}

function payloadBytes({ shape }: Member, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return utf8(value);
  return utf8(JSON.stringify(writeJson(shape, value, { jsonNames: true })));
}
