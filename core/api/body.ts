import { parseDocument } from "yaml";
import { type InputProblem, InvalidInputError, TerminalError } from "../errors.ts";

/** Largest body of a request, in bytes; a ClusterConfig of a large fleet is a few dozen KiB. */
export const MAX_BODY_BYTES = 1024 * 1024;

const YAML_TYPES = new Set(["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"]);

/** `json` or `yaml`; throws TerminalError `UnsupportedMediaType` for anything else. No type means YAML, which JSON is too. */
export function mediaType(contentType: string | undefined): "json" | "yaml" {
  const type = (contentType ?? "application/yaml").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "application/json" || type.endsWith("+json")) return "json";
  if (YAML_TYPES.has(type) || type === "text/plain" || type === "") return "yaml";
  throw new TerminalError(`a body of type ${type} is not understood`, {
    code: "UnsupportedMediaType",
    remedy: "Send application/json or application/yaml.",
  });
}

/** Throws TerminalError `PayloadTooLarge` above {@link MAX_BODY_BYTES}. */
export function limitBody(bytes: number): void {
  if (bytes <= MAX_BODY_BYTES) return;
  throw new TerminalError(`the body has ${bytes} bytes; at most ${MAX_BODY_BYTES} are accepted`, {
    code: "PayloadTooLarge",
    remedy: "Send one cluster per request, without data that is not part of its ClusterConfig.",
  });
}

/** A small request body as a value; aliases are refused, since no request needs them and they can explode. */
export function parseBody(text: string, type: "json" | "yaml"): unknown {
  if (text.trim() === "") return {};
  if (type === "json") {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new InvalidInputError([notParsable("JSON", error)], "body");
    }
  }
  const document = parseDocument(text, { uniqueKeys: true });
  const [first] = document.errors;
  if (first) throw new InvalidInputError([notParsable("YAML", first)], "body");
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw new InvalidInputError([notParsable("YAML", error)], "body");
  }
}

const notParsable = (language: string, error: unknown): InputProblem => ({
  field: "",
  message: `the body is not ${language}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`,
  remedy: `Send valid ${language}, with the matching Content-Type.`,
});
