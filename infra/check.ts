import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { evaluate, evaluations } from "./evaluations.ts";
import { install } from "./install.ts";
import { run } from "./run.ts";

/**
 * `npm run check:infra`: whether what is declared can be deployed, without AWS. Installs SST's platform (once),
 * type-checks the deployment, evaluates it for several stages, regions and deliberate defects, and tests what
 * came out (test/stack). Needs the package registry for the first step and nothing else.
 */
const root = { root: join(import.meta.dirname, "..") };

/** Evaluations beside each other; each is a process that is busy all the time. */
const AT_ONCE = 2;

async function step(name: string, work: () => Promise<string>): Promise<void> {
  const start = performance.now();
  const said = await work();
  console.log(`${name}: ${said} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}

try {
  await step("SST's platform", () => install(root));
  await step("types", async () => {
    await run(root, "node_modules/.bin/tsc", ["--project", "stacks/tsconfig.json"]);
    return "sound";
  });
  await step("evaluations", async () => {
    const waiting = [...evaluations];
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let next = waiting.shift(); next; next = waiting.shift()) await evaluate(root, next);
      }),
    );
    return `${evaluations.length}`;
  });
  console.log(await run(root, "node_modules/.bin/vitest", ["run", "--config", "infra/vitest.config.ts"]));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
