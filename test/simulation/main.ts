import { parseArgs } from "node:util";
import { type Run, simulate } from "./simulate.ts";

/**
 * `npm run simulate -- --runs N --seed S`: N runs from seed S on. `--show` prints the scenario of each run. Exit
 * code 1 when an invariant was broken; the command that repeats exactly that run is printed.
 */
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    show: { type: "boolean", default: false },
  },
});
const first = Number(values.seed);
const runs = Number(values.runs);
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(runs) || runs < 1) {
  console.error("--runs and --seed take whole numbers");
  process.exit(2);
}

const outcomes = new Map<string, number>();
const works = new Map<string, number>();
const refusals = new Map<string, number>();
let calls = 0;
let virtualMs = 0;
let broken = 0;
const began = performance.now();
const cpuBefore = process.cpuUsage();
for (let seed = first; seed < first + runs; seed++) {
  const run = await simulate(seed);
  tally(run);
  if (values.show) console.log(JSON.stringify(run.scenario, null, 2));
  if (values.show || run.violations.length > 0) console.log(line(run));
  for (const { rule, what, at } of run.violations) console.log(`    ${rule} (after ${at} s): ${what}`);
  if (run.violations.length > 0) {
    broken++;
    console.log(`    again: npm run simulate -- --runs 1 --seed ${seed} --show`);
  }
}
const seconds = (performance.now() - began) / 1000;
const cpu = process.cpuUsage(cpuBefore);
const cpuMs = (cpu.user + cpu.system) / 1000;
console.log(
  `${runs} runs, ${broken} broken; ${((seconds * 1000) / runs).toFixed(0)} ms (${(cpuMs / runs).toFixed(0)} ms of CPU), ${Math.round(calls / runs)} calls and ${(virtualMs / runs / 3_600_000).toFixed(1)} virtual hours per run`,
);
for (const [outcome, count] of sorted(outcomes)) console.log(`  ${String(count).padStart(5)} ${outcome}`);
console.log("asked for:");
for (const [work, count] of sorted(works)) console.log(`  ${String(count).padStart(5)} ${work}`);
console.log("refused with 4xx:");
for (const [what, count] of sorted(refusals)) console.log(`  ${String(count).padStart(5)} ${what}`);
process.exit(broken > 0 ? 1 : 0);

function tally(run: Run): void {
  const outcome = run.error ? `${run.outcome} ${run.error.split(":")[0]}` : run.outcome;
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  for (const [what, count] of run.refusals) refusals.set(what, (refusals.get(what) ?? 0) + count);
  const { work, cluster, rotation } = run.scenario;
  const own = cluster.groups.some((group) => group.selfManaged) ? ", a self-managed group" : "";
  const rolling = work.type === "rotate" && rotation.method === "rolling" ? " (rolling)" : "";
  const key = `${work.type}${work.type === "apply" ? ` (${work.change})` : rolling}${own}`;
  works.set(key, (works.get(key) ?? 0) + 1);
  calls += run.calls;
  virtualMs += run.virtualMs;
}

function line({ seed, scenario, outcome, error, attempts }: Run): string {
  const { work, cluster, troubles, acts } = scenario;
  const doing =
    work.type === "rollback"
      ? `rollback ${work.from} -> ${work.to}`
      : work.type === "upgrade"
        ? `upgrade ${cluster.version} -> ${work.to}`
        : work.type;
  const trouble = troubles.map(({ fault }) => fault.name);
  const done = acts.map(({ what }) => what);
  return `seed ${seed}: ${doing}, ${cluster.groups.length} groups, [${[...trouble, ...done].join(", ")}]: ${outcome}${error ? ` (${error.slice(0, 200)})` : ""}, ${attempts} attempts`;
}

function sorted(map: ReadonlyMap<string, number>): [string, number][] {
  return [...map].sort((a, b) => b[1] - a[1]);
}
