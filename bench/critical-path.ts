import { readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import { exampleWithNodes } from "../local/main-job/example.ts";
import type { KubeObject } from "../local/world/kubernetes-contract.ts";
import { byEksctl, byRollingUpdate, bySlipway, make } from "./critical-path/upgrades.ts";
import { criticalPath } from "./critical-path/world-time.ts";
import type { Figure } from "./report.ts";

const TO = "1.34";
/** As examples/cluster.yaml has them. */
const POLICY = { parallel: 3, bakeSeconds: 60 };

const example = (name: string): Promise<string> =>
  readFile(new URL(`../examples/${name}`, import.meta.url), "utf8");

const clock = (seconds: number): string => {
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

/**
 * How long one hop of the example cluster takes in simulated time, with its checks and bake times, beside the
 * shortest possible (see {@link criticalPath}), eksctl's order of commands and EKS's own rolling update.
 */
export async function benchCriticalPath(): Promise<Figure[]> {
  const text = await example("cluster.yaml");
  const objects = parseAllDocuments(await example("workloads.yaml")).map((one) => one.toJS() as KubeObject);
  const figures: Figure[] = [];
  for (const nodes of [10, 100, 1000]) {
    const made = await make(exampleWithNodes(text, nodes), objects);
    const slipway = await bySlipway(made, TO);
    const shortest = criticalPath(slipway.world, POLICY);
    figures.push(
      {
        what: `one hop, ${slipway.world.groups.length} groups, ${nodes} nodes: Slipway`,
        value: clock(slipway.seconds),
        beside: `${(slipway.seconds / shortest).toFixed(2)} of the critical path (${clock(shortest)}); goal 1.15`,
      },
      {
        what: "  eksctl: one group after another, drain --parallel 1",
        value: clock(await byEksctl(made, TO)),
        beside: "no checks, no bake times, no way back",
      },
      {
        what: "  EKS's rolling update, maxUnavailable 1",
        value: clock(await byRollingUpdate(made, TO)),
        beside: "all groups at once",
      },
    );
  }
  return figures;
}
