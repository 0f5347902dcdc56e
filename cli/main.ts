#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import type { CliContext, Output } from "./context.ts";
import { CliError, EXIT } from "./errors.ts";
import { run } from "./run.ts";

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
    throw new CliError(
      `--file: cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`,
      EXIT.badInput,
    );
  }
}

async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

const context: CliContext = {
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  env: process.env,
  fetch: globalThis.fetch,
  readFile: read,
  confirm,
};

process.exitCode = await run(process.argv.slice(2), context);
