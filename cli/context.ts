import type { ApiClient } from "./client.ts";

/** What a command is run with; main.ts fills it from the process, the embedded platform and tests with their own. */
export interface CliContext {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Sends one HTTP request; `globalThis.fetch` unless the API is in this process. */
  readonly fetch: typeof globalThis.fetch;
  /** Reads a file, or standard input for `-`. */
  readonly readFile: (path: string) => Promise<string>;
  /** Asks a yes/no question; only called on a terminal. */
  readonly confirm: (question: string) => Promise<boolean>;
}

export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns: number;
  /** The terminal behind it, for views that redraw. */
  readonly stream?: NodeJS.WriteStream;
}

export type OutputFormat = "table" | "json" | "yaml";

/** The flags that every command understands. */
export interface GlobalOptions {
  readonly endpoint: string;
  readonly output: OutputFormat;
}

/** A command's surroundings: context, flags and the API behind the endpoint. */
export interface Session {
  readonly context: CliContext;
  readonly options: GlobalOptions;
  readonly client: ApiClient;
}
