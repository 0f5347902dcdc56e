import { execFile } from "node:child_process";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { FunctionDeclaration } from "../core/declaration.ts";
import { bundleFunction } from "../local/bundles.ts";
import { type Figure, kib, median } from "./report.ts";

const run = promisify(execFile);

/** Budgets in bytes of a raw bundle: API functions, tasks. */
const API_BUDGET = 1024 * 1024;
const TASK_BUDGET = 2 * 1024 * 1024;
const RUNS = 5;

/** Milliseconds that a fresh process takes to import a bundle: what Lambda's init phase pays. */
async function initMs(file: string): Promise<number> {
  const script = `const t=performance.now();await import(${JSON.stringify(file)});console.log(performance.now()-t);process.exit(0)`;
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
      env: { ...process.env, AWS_LAMBDA_FUNCTION_NAME: "bench" },
    });
    times.push(Number(stdout.trim().split("\n").at(-1)));
  }
  return median(times);
}

/** Bytes and cold-init time of every function's bundle beside an empty handler's. */
export async function benchBundles(
  root: string,
  functions: readonly FunctionDeclaration[],
): Promise<Figure[]> {
  const folder = join(root, ".build", "bench");
  mkdirSync(folder, { recursive: true });
  const empty = join(folder, "empty.mjs");
  writeFileSync(empty, "export const handler=async()=>({});\n");
  const base = await initMs(empty);
  const figures: Figure[] = [
    { what: "empty handler", value: `${statSync(empty).size} B, init ${base.toFixed(1)} ms`, beside: "" },
  ];
  for (const declaration of functions) {
    const { file, bytes } = await bundleFunction(root, declaration, folder);
    const budget = declaration.module.startsWith("functions/api/") ? API_BUDGET : TASK_BUDGET;
    const init = await initMs(file);
    figures.push({
      what: declaration.name,
      value: `${kib(bytes)}, init ${init.toFixed(1)} ms`,
      beside: `${bytes <= budget ? "within" : "OVER"} ${kib(budget)}; ${(init / base).toFixed(1)} times the empty handler`,
    });
  }
  return figures;
}
