import { spawn } from "node:child_process";
import { join } from "node:path";
import { type Figure, median } from "./report.ts";

interface Run {
  readonly seconds: number;
  readonly peakMiB: number;
  readonly code: number | null;
}

/** Runs the main job in a process of its own and reads time and peak memory off the operating system. */
function runOnce(root: string, nodes: number): Promise<Run> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(
      process.execPath,
      [join(root, "bench", "measured-main-job.ts"), "--once", "--instant", "--nodes", String(nodes)],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let tail = "";
    child.stdout.on("data", (chunk: Buffer) => {
      tail = (tail + chunk.toString()).slice(-4000);
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      const peak = /peak-rss-kib=(\d+)/.exec(tail)?.[1];
      resolve({
        seconds: (performance.now() - began) / 1000,
        peakMiB: Number(peak ?? Number.NaN) / 1024,
        code,
      });
    });
  });
}

/** The three-hop upgrade of a small and of a large cluster in virtual time, start-up included. */
export async function benchMainJob(root: string): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { nodes, runs, limit } of [
    { nodes: 12, runs: 3, limit: "5 s" },
    { nodes: 1000, runs: 1, limit: "60 s, 1024 MiB" },
  ]) {
    const measured: Run[] = [];
    for (let i = 0; i < runs; i++) measured.push(await runOnce(root, nodes));
    const codes = measured.map((run) => run.code).join(", ");
    figures.push({
      what: `create and upgrade ${nodes} nodes, three hops`,
      value: `${median(measured.map((run) => run.seconds)).toFixed(1)} s, peak ${median(measured.map((run) => run.peakMiB)).toFixed(0)} MiB, exit ${codes}`,
      beside: `goal ${limit}`,
    });
  }
  return figures;
}
