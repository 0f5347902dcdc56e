import { describe, expect, it } from "vitest";
import { bySlipway, make } from "../../bench/critical-path/upgrades.ts";
import { criticalPath } from "../../bench/critical-path/world-time.ts";
import { seededRandom } from "../../local/kernel/random.ts";
import { clusterFile, objectsOf } from "./cluster.ts";
import type { ClusterShape, Workload } from "./scenario.ts";

/** DESIGN: so much longer than the shortest way through the same durations may an upgrade take. */
const LIMIT = 1.15;

interface Drawn {
  readonly seed: number;
  readonly shape: ClusterShape;
  readonly rotation: {
    readonly maxUnavailable: number | string;
    readonly parallelNodegroups: number;
    readonly bakeSeconds: number;
    readonly podGraceSeconds: number;
  };
  readonly workloads: readonly Workload[];
}

/** A cluster of one to eight groups, with budgets and pods that hold each other up. */
function draw(seed: number): Drawn {
  const random = seededRandom(seed);
  const int = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
  const one = <T>(items: readonly [T, ...T[]]): T => items[int(0, items.length - 1)] ?? items[0];
  const groups = Array.from({ length: int(1, 8) }, (_, i) => ({
    name: `g${i}`,
    // Room for everything that no dedicated group takes.
    size: i === 0 ? int(3, 6) : int(1, 6),
    dedicated: i > 0 && random() < 0.4,
    oneZone: false,
  }));
  return {
    seed,
    shape: { name: "demo", version: "1.33", zones: int(2, 3), groups },
    rotation: {
      maxUnavailable: one([1, 2, "33%", "50%"]),
      parallelNodegroups: int(1, 4),
      bakeSeconds: one([0, 60, 300]),
      podGraceSeconds: 60,
    },
    workloads: Array.from({ length: int(0, 4) }, (_, i) => ({
      kind: "Deployment",
      name: `app-${i}`,
      replicas: int(2, 8),
      group: undefined,
      volumes: false,
      budget: { maxUnavailable: int(1, 2) },
    })),
  };
}

describe("an upgrade of N node groups", () => {
  it.each(Array.from({ length: 12 }, (_, i) => 1 + i))(
    "takes at most 1.15 times the critical path of what the world itself takes (seed %i)",
    async (seed) => {
      const { shape, rotation, workloads } = draw(seed);
      const made = await make(
        clusterFile(shape, { rotation, latestAddons: false }),
        workloads.flatMap((workload) => objectsOf(workload)),
      );
      const { seconds, world } = await bySlipway(made, "1.34");
      const shortest = criticalPath(world, {
        parallel: rotation.parallelNodegroups,
        bakeSeconds: rotation.bakeSeconds,
      });
      // It has to be there at all: control plane, and each group made, emptied and deleted.
      expect(world.groups).toHaveLength(shape.groups.length);
      expect(shortest).toBeGreaterThan(600);
      const took = `${seconds} s of ${shortest} s: ${JSON.stringify({ rotation, ...world, addons: [...world.addons] })}`;
      expect(seconds / shortest, took).toBeLessThanOrEqual(LIMIT);
    },
    60_000,
  );
});
