/** JSON values as states pass them on. Treated as immutable: they are shared between documents. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const texts = new WeakMap<object, string>();

/** JSON text of a value; remembered per object, because one value leaves one state and enters the next. */
export function textOf(value: Json): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  let text = texts.get(value);
  if (text === undefined) {
    text = JSON.stringify(value);
    texts.set(value, text);
  }
  return text;
}

/** True when `text` is longer than `limit` bytes of UTF-8. */
export const exceeds = (text: string, limit: number): boolean =>
  text.length > limit || (text.length * 3 > limit && Buffer.byteLength(text) > limit);

/** JSON's name of a value's type, as error texts use it. */
export const typeName = (value: Json): string =>
  value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
