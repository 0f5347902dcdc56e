import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";

const ROOT = new URL("../..", import.meta.url).pathname;
/** Fast enough to end in seconds, slow enough that a kill meets the middle of things. */
const SPEED = "1500";

const children = new Set<ChildProcess>();
const folders: string[] = [];
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly printed: string;
}

/** Runs the main job in a process; kills it as soon as its output matches. */
function mainJob(data: string, killAt?: RegExp): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["local/main.ts", "--once", "--speed", SPEED], {
      cwd: ROOT,
      env: { ...process.env, SLIPWAY_DATA: data, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.add(child);
    let printed = "";
    const read = (chunk: Buffer): void => {
      printed += chunk.toString();
      if (killAt?.test(printed)) child.kill("SIGKILL");
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      children.delete(child);
      resolve({ code, signal, printed });
    });
  });
}

describe("a process killed with SIGKILL and started again", () => {
  it.each([
    ["while the cluster is created", [/provision/]],
    ["while the control plane is upgraded", [/1\.34\/control-plane: /]],
    ["during a drain", [/1\.34\/nodegroup\/\w+: .*[Dd]rain/]],
    [
      "during a drain, three times over",
      [
        /1\.34\/nodegroup\/\w+: .*[Dd]rain/,
        /1\.35\/nodegroup\/\w+: .*[Dd]rain/,
        /1\.36\/nodegroup\/\w+: .*[Dd]rain/,
      ],
    ],
    ["while add-ons are updated", [/1\.35\/addon\/[\w-]+: /]],
  ] as [string, RegExp[]][])(
    "completes the upgrade: %s",
    async (_name, points) => {
      const data = mkdtempSync(join(tmpdir(), "slipway-kill-"));
      folders.push(data);
      for (const point of points) {
        const killed = await mainJob(data, point);
        expect(killed.signal, killed.printed).toBe("SIGKILL");
      }
      const ended = await mainJob(data);
      expect(ended.printed).toContain("✔ no lease left");
      expect(ended.printed).not.toContain("✗");
      expect(ended.code, ended.printed).toBe(0);
    },
    180_000,
  );
});
