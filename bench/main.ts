import { apiFunctions } from "../functions/api/platform.ts";
import { functions } from "../functions/platform.ts";
import { benchBundles } from "./bundles.ts";
import { benchCriticalPath } from "./critical-path.ts";
import { benchEngine } from "./engine.ts";
import { benchEvents } from "./events.ts";
import { benchMainJob } from "./main-job.ts";
import { benchNodeEvents } from "./node-events.ts";
import { benchOneHop } from "./one-hop.ts";
import { benchPatterns } from "./patterns.ts";
import { report } from "./report.ts";
import { benchSweep } from "./sweep.ts";

const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

const parts: Record<string, () => Promise<void>> = {
  engine: async () => report("Engine", await benchEngine()),
  patterns: async () => report("Event patterns", benchPatterns()),
  "one-hop": async () => report("One hop", await benchOneHop()),
  "critical-path": async () => report("Critical path, simulated time", await benchCriticalPath()),
  sweep: async () => report("Sweep of a fleet for drift, simulated time", await benchSweep()),
  events: async () => report("Events, to the action", await benchEvents()),
  "node-events": async () => report("Events about nodes", await benchNodeEvents()),
  bundles: async () => report("Bundles", await benchBundles(root, [...functions, ...apiFunctions])),
  "main-job": async () => report("Main job, a process of its own, virtual time", await benchMainJob(root)),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in parts));
if (unknown.length > 0) {
  process.stderr.write(`unknown part ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}\n`);
  process.exit(2);
}
// `events` has those about nodes among its figures.
for (const [name, part] of Object.entries(parts))
  if (wanted.length === 0 ? name !== "node-events" : wanted.includes(name)) await part();
