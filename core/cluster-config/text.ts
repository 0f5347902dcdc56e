import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseAllDocuments } from "yaml";
import { type InputProblem, InvalidInputError } from "../errors.ts";

/** Input is refused by its size before any of it is parsed. Real files have a few kilobytes. */
export const MAX_BYTES = 1024 * 1024;
const MAX_DEPTH = 64;
const MAX_DOCUMENTS = 16;
/** How often aliases may expand, counted as the `yaml` package does: anchors times uses. */
const MAX_ALIASES = 100;
const JSON_TAGS = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/;

/** One document of the text: a plain JSON value and the line on which it begins. */
export interface TextDocument {
  readonly value: unknown;
  readonly line: number;
}

/**
 * Reads YAML 1.2 or JSON text with one or more documents into JSON values. Empty documents are left out.
 * Refuses, with InvalidInputError naming line and column: text over 1 MiB, nesting deeper than 64, more than 16
 * documents, aliases that multiply, duplicate keys, keys that are not strings, tags other than JSON's own.
 */
export function readDocuments(text: string): TextDocument[] {
  refuseTooLarge(text);
  const lines = new LineCounter();
  // The package finds duplicate keys by comparing all pairs: a megabyte of keys took it 50 seconds, hence our
  // own check with a set. Merge keys (`<<`) are YAML 1.1, but people use them in cluster files.
  const documents = parseAllDocuments(text, {
    uniqueKeys: false,
    merge: true,
    schema: "core",
    resolveKnownTags: false,
    logLevel: "silent",
    prettyErrors: false,
    lineCounter: lines,
  });
  const problems: InputProblem[] = [];
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `line ${line}, column ${col}`;
  };
  const found: TextDocument[] = [];
  if (documents.length > MAX_DOCUMENTS) {
    throw refused(`${documents.length} documents; at most ${MAX_DOCUMENTS} are read`);
  }
  for (const document of documents) {
    const failure = document.errors[0] ?? document.warnings[0];
    if (failure) {
      problems.push({ field: "", message: `${at(failure.pos[0])}: ${reasonOf(failure)}` });
      continue;
    }
    const before = problems.length;
    inspect(document.contents as Node | null, (offset, message) =>
      problems.push({ field: "", message: `${at(offset)}: ${message}` }),
    );
    if (problems.length > before) continue;
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch (error) {
      // toJS throws ReferenceError for aliases that expand too often.
      throw refused(
        error instanceof ReferenceError ? "aliases (*name) expand too often" : "cannot be read",
        error,
      );
    }
    if (value !== null && value !== undefined) {
      found.push({ value, line: lines.linePos(document.range[0]).line });
    }
  }
  if (problems.length > 0) throw new InvalidInputError(problems.slice(0, 20), "document");
  return found;
}

function refuseTooLarge(text: string): void {
  // A UTF-16 unit is at least one byte of UTF-8, so the cheap test comes first.
  const bytes = text.length > MAX_BYTES ? text.length : new TextEncoder().encode(text).length;
  if (bytes > MAX_BYTES) {
    throw refused(`larger than 1 MiB (${bytes} bytes)`, undefined, "Send one cluster per file.");
  }
}

const refused = (message: string, cause?: unknown, remedy?: string): InvalidInputError => {
  const error = new InvalidInputError([
    { field: "", message: `The document was refused: ${message}.`, ...(remedy ? { remedy } : {}) },
  ]);
  if (cause !== undefined) error.cause = cause;
  return error;
};

function reasonOf(failure: { readonly code: string; readonly message: string }): string {
  if (failure.code === "RESOURCE_EXHAUSTION") return `nested deeper than ${MAX_DEPTH} levels`;
  if (failure.code === "TAG_RESOLVE_FAILED") return "custom tags (!name) are not allowed";
  return failure.message.split("\n")[0] ?? failure.message;
}

/** Walks the parsed nodes once, without recursion: depth, tags, keys. */
function inspect(root: Node | null, report: (offset: number, message: string) => void): void {
  const open: { node: Node | null; depth: number }[] = [{ node: root, depth: 1 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { node, depth } = next;
    if (!node) continue;
    const offset = node.range?.[0] ?? 0;
    if (depth > MAX_DEPTH) {
      report(offset, `nested deeper than ${MAX_DEPTH} levels`);
      return;
    }
    if (!isAlias(node) && node.tag !== undefined && !JSON_TAGS.test(node.tag)) {
      report(offset, `the tag ${node.tag} is not allowed`);
    }
    if (isSeq(node))
      for (const item of node.items) open.push({ node: item as Node | null, depth: depth + 1 });
    if (isMap(node)) {
      const seen = new Set<string>();
      for (const pair of node.items as Pair<Node, Node | null>[]) {
        const key = pair.key;
        const name = isScalar(key) ? String(key.value) : undefined;
        const where = key?.range?.[0] ?? offset;
        if (name === undefined || !isScalar(key) || key.value === null) {
          report(where, "expected a key that is text");
        } else if (seen.has(name) && name !== "<<") report(where, `the key "${name}" appears twice`);
        else seen.add(name);
        open.push({ node: pair.value, depth: depth + 1 });
      }
    }
  }
}
