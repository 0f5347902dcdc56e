/**
 * A deep copy of documents: plain objects, arrays, dates, bytes and what JSON knows. Several times as fast as
 * structuredClone, which is left for everything else.
 */
export function copyPlain<T>(value: T): T {
  return copied(value) as T;
}

function copied(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copied);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return structuredClone(value);
  const result: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(value)) {
    // The one key that would reach a prototype instead.
    if (key === "__proto__") Object.defineProperty(result, key, { value: copied(entry), ...OWN });
    else result[key] = copied(entry);
  }
  return result;
}

const OWN = { enumerable: true, configurable: true, writable: true } as const;
