import type { Filter } from "@aws-sdk/client-ec2";
import { AwsError } from "../../../aws/contract.ts";
import type { Tags } from "../state.ts";

/** Values of a document by the filter names of its operation. */
export type FilterFields<D> = Readonly<Record<string, (document: D) => readonly (string | undefined)[]>>;

/** EC2's wildcards: `*` for any text, `?` for one character. */
function pattern(value: string): RegExp {
  const source = value
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s");
}

/**
 * Keeps what all filters let through; values of one filter are alternatives. `tag:KEY`, `tag-key` and
 * `tag-value` work for every document. Throws InvalidParameterValue for a name the operation does not know.
 */
export function filtered<D extends { readonly tags?: Tags }>(
  documents: readonly D[],
  filters: readonly Filter[] | undefined,
  fields: FilterFields<D>,
): D[] {
  const tests = (filters ?? []).map(({ Name = "", Values = [] }) => {
    const read = Name.startsWith("tag:")
      ? (document: D) => [document.tags?.[Name.slice(4)]]
      : Name === "tag-key"
        ? (document: D) => Object.keys(document.tags ?? {})
        : Name === "tag-value"
          ? (document: D) => Object.values(document.tags ?? {})
          : Object.hasOwn(fields, Name)
            ? fields[Name]
            : undefined;
    if (!read) throw new AwsError("InvalidParameterValue", `The filter '${Name}' is invalid`);
    const exact = new Set(Values);
    const patterns = Values.filter((value) => /[*?]/.test(value)).map(pattern);
    return (document: D): boolean =>
      read(document).some(
        (value) => value !== undefined && (exact.has(value) || patterns.some((p) => p.test(value))),
      );
  });
  return documents.filter((document) => tests.every((test) => test(document)));
}

/** Those with the ids given, all without ids; throws `code` naming the ids that do not exist. */
export function byIds<D>(
  documents: readonly D[],
  ids: readonly string[] | undefined,
  idOf: (document: D) => string,
  code: string,
  what: string,
): D[] {
  if (!ids || ids.length === 0) return [...documents];
  const wanted = new Set(ids);
  const found = documents.filter((document) => wanted.has(idOf(document)));
  const known = new Set(found.map(idOf));
  const missing = ids.filter((id) => !known.has(id));
  if (missing.length > 0)
    throw new AwsError(
      code,
      missing.length === 1
        ? `The ${what} '${missing[0]}' does not exist`
        : `The ${what}s '${missing.join(", ")}' do not exist`,
    );
  return found;
}

/** One page. A token is the number of documents before the page. */
export function page<D>(
  documents: readonly D[],
  token: string | undefined,
  size: number | undefined,
  invalidToken: () => AwsError = () => new AwsError("InvalidNextToken", "The token is invalid."),
): { readonly items: D[]; readonly NextToken?: string } {
  const from = token === undefined ? 0 : Number(Buffer.from(token, "base64url").toString("utf8"));
  if (!Number.isInteger(from) || from < 0 || from > documents.length) throw invalidToken();
  const to = size === undefined ? documents.length : from + size;
  const items = documents.slice(from, to);
  return to < documents.length
    ? { items, NextToken: Buffer.from(String(to)).toString("base64url") }
    : { items };
}

export const tagList = (tags: Tags): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** Tags of a list of Key and Value; a missing value is empty. */
export const tagsOf = (
  list: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined,
): Tags => Object.fromEntries((list ?? []).map(({ Key = "", Value = "" }) => [Key, Value]));

/** Tags of the specification for one resource type. */
export const specifiedTags = (
  specifications:
    | readonly {
        readonly ResourceType?: string | undefined;
        readonly Tags?: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined;
      }[]
    | undefined,
  resourceType: string,
): Tags =>
  Object.assign(
    {},
    ...(specifications ?? []).filter((s) => s.ResourceType === resourceType).map((s) => tagsOf(s.Tags)),
  );
