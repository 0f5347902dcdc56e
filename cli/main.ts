#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import type { CliContext, Output } from "./context.ts";
import { CliError, EXIT } from "./errors.ts";
import { run } from "./run.ts";
import { authenticated } from "./signing.ts";

const output = (stream: NodeJS.WriteStream): Output => ({
  write: (chunk) => void stream.write(chunk),
  isTTY: stream.isTTY === true && process.env.NO_COLOR === undefined,
  stream,
  get columns() {
    return stream.columns ?? 120;
  },
});

async function read(path: string): Promise<string> {
  if (path === "-") return text(process.stdin);
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CliError(`--file: cannot read ${path}: ${reason(error)}`, EXIT.badInput);
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : error.message;
}

async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Input that ends (Ctrl-D, </dev/null) is a no: the question itself would never be answered.
  const ended = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  try {
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), ended]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

const context: CliContext = {
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  env: process.env,
  fetch: authenticated(globalThis.fetch, {
    env: process.env,
    now: () => new Date(),
    // Loaded when a request has to be signed: it is of no use for the embedded platform.
    credentials: async () =>
      (await import("@aws-sdk/credential-provider-node")).defaultProvider({ maxRetries: 1 })(),
  }),
  readFile: read,
  confirm,
};

process.exitCode = await run(process.argv.slice(2), context);
