import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";

export const ROOT = new URL("../..", import.meta.url).pathname;

/** Simulated minutes take milliseconds: a waiter's first look, half a second after its start, finds things done. */
const SPEED = 6000;

/** A platform in a process of its own, on free ports. */
export interface Server {
  readonly api: string;
  readonly aws: string;
  readonly pid: number;
  readonly printed: () => string;
  /** Ends it and resolves to its exit code; null when the signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const servers = new Set<ChildProcess>();
const folders: string[] = [];

/** A folder that {@link cleanUp} removes. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "slipway-e2e-"));
  folders.push(path);
  return path;
}

/** Ends every process and removes every folder that a test file left. */
export function cleanUp(): void {
  for (const child of servers) child.kill("SIGKILL");
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
}

/** `node local/main.ts`, as `npm start` runs it; resolves when it says that it listens. */
export function startServer(data: string, speed = SPEED): Promise<Server> {
  const child = spawn(process.execPath, ["local/main.ts", "--speed", String(speed)], {
    cwd: ROOT,
    env: { ...process.env, SLIPWAY_DATA: data, SLIPWAY_PORT: "0", SLIPWAY_AWS_PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  servers.add(child);
  let text = "";
  const ended = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => {
      servers.delete(child);
      resolve(code);
    });
  });
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      text += chunk.toString();
      const api = /API +(http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1];
      const aws = /AWS endpoint +(http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1];
      if (!api || !aws || !text.includes("Stop with")) return;
      resolve({
        api,
        aws,
        pid: child.pid ?? 0,
        printed: () => text,
        stop(signal = "SIGTERM") {
          child.kill(signal);
          return ended;
        },
      });
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("error", reject);
    void ended.then((code) => reject(new Error(`the platform ended with ${code}:\n${text}`)));
  });
}

/** Runs a program to its end. */
export const run = (
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(
      program,
      [...args],
      { cwd: ROOT, env: { ...process.env, ...env }, maxBuffer: 32 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : null;
        resolve({ code, stdout, stderr });
      },
    );
  });

/** What the AWS CLI needs to reach a platform; nothing of the user's own configuration. */
export const awsEnv = (server: Server): Record<string, string> => ({
  AWS_ENDPOINT_URL: server.aws,
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_SESSION_TOKEN: "",
  AWS_DEFAULT_REGION: "eu-west-1",
  AWS_REGION: "eu-west-1",
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  AWS_PAGER: "",
});

/** Suites that need a program: run when it is there, skipped loudly when not. */
export function describeWith(programs: readonly string[], name: string, suite: () => void): void {
  const missing = programs.filter((program) => {
    try {
      execFileSync("which", [program], { stdio: "ignore" });
      return false;
    } catch {
      return true;
    }
  });
  if (missing.length > 0) console.warn(`SKIPPED: ${name}: ${missing.join(" and ")} not installed`);
  describe.skipIf(missing.length > 0)(name, suite);
}

/** Asks again until `done`; fails after `seconds` with what was seen last. Each look must take its time. */
export async function eventually<T>(
  look: () => Promise<T>,
  done: (seen: T) => boolean,
  seconds = 30,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (done(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(seen)} after ${seconds} s`);
  }
}
