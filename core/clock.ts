/**
 * Time is an input: whatever waits or reads a clock is handed one of these, so that the same code runs in
 * real, scaled and virtual time.
 */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Resolves after `ms` milliseconds of this clock; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Where chance and identifiers come from: seeded on the embedded platform, the system's elsewhere. */
export interface Ids {
  /** A new ULID (26 characters, Crockford base32), increasing within one source. */
  ulid(): string;
  /** A random UUID, version 4. */
  uuid(): string;
}

/** A number in [0, 1). */
export type Random = () => number;

/** `2026-11-20T09:12:44.000Z` for a time in milliseconds. */
export const iso = (ms: number): string => new Date(ms).toISOString();
