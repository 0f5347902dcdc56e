import type { Member, Shape, StructureShape } from "../model/shape.ts";
import { writeText } from "./text.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
  "\n": "&#10;",
};

/** Text as XML content; characters that XML 1.0 cannot hold are replaced. */
export const escapeXml = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones XML forbids.
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"\r\n]/g, (character) => ESCAPES[character] ?? character);

export const element = (name: string, content: string): string => `<${name}>${content}</${name}>`;

const mismatch = (kind: string, value: unknown): TypeError =>
  new TypeError(`answer does not fit the model: ${kind} from ${typeof value}`);

/** The members of a structure as elements. */
export function writeMembers(shape: StructureShape, value: object): string {
  let xml = "";
  for (const member of shape.members) {
    const entry = (value as Record<string, unknown>)[member.name];
    if (entry !== undefined && entry !== null)
      xml += writeMember(member.shape, entry, member.traits.xmlName ?? member.name, member);
  }
  return xml;
}

function writeMember(shape: Shape, value: unknown, name: string, member: Member): string {
  switch (shape.kind) {
    case "structure":
      if (typeof value !== "object" || value === null) throw mismatch("structure", value);
      return element(name, writeMembers(shape, value));
    case "list": {
      if (!Array.isArray(value)) throw mismatch("list", value);
      const flat = member.traits.xmlFlattened;
      const item = flat ? name : (shape.item.traits.xmlName ?? "member");
      const items = value.map((entry) => writeMember(shape.item.shape, entry, item, shape.item)).join("");
      return flat ? items : element(name, items);
    }
    case "map": {
      if (typeof value !== "object" || value === null) throw mismatch("map", value);
      const flat = member.traits.xmlFlattened;
      const entries = Object.entries(value).map(([key, entry]) =>
        element(
          flat ? name : "entry",
          element(shape.key.traits.xmlName ?? "key", escapeXml(key)) +
            writeMember(shape.value.shape, entry, shape.value.traits.xmlName ?? "value", shape.value),
        ),
      );
      return flat ? entries.join("") : element(name, entries.join(""));
    }
    default:
      return element(name, escapeXml(writeText(shape, value, "date-time")));
  }
}
