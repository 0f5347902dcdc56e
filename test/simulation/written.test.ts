import { describe, expect, it } from "vitest";
import type { Act, Scenario, Work } from "./scenario.ts";
import { play, type Run } from "./simulate.ts";

/** Scenarios that once broke a rule, or that must not be left to chance. Each is played at several moments. */
const BASE: Omit<Scenario, "work"> = {
  seed: 42,
  cluster: {
    name: "demo",
    version: "1.33",
    zones: 2,
    groups: [
      { name: "general", size: 2, dedicated: false, oneZone: false },
      { name: "workers", size: 2, dedicated: true, oneZone: false },
    ],
  },
  rotation: {
    strategy: "perHop",
    maxUnavailable: 1,
    drainDeadlineSeconds: 600,
    podGraceSeconds: 60,
    bakeSeconds: 60,
    parallelNodegroups: 2,
  },
  latestAddons: false,
  workloads: [
    {
      kind: "Deployment",
      name: "app-0",
      replicas: 3,
      group: undefined,
      volumes: false,
      budget: { maxUnavailable: 1 },
    },
    {
      kind: "StatefulSet",
      name: "app-1",
      replicas: 2,
      group: "workers",
      volumes: true,
      budget: { minAvailable: 1 },
    },
  ],
  troubles: [],
  acts: [],
};

const UPGRADE: Work = { type: "upgrade", to: "1.34" };
const TWO_HOPS: Work = { type: "upgrade", to: "1.35" };

/** From `first` to `last` in steps of `by`. */
const moments = (first: number, last: number, by: number): number[] =>
  Array.from({ length: Math.floor((last - first) / by) + 1 }, (_, i) => first + i * by);

async function playAt(
  calls: readonly number[],
  scenario: (after: number) => Partial<Scenario> & Pick<Scenario, "work">,
): Promise<Run[]> {
  const runs: Run[] = [];
  for (const after of calls) {
    const run = await play({ ...BASE, ...scenario(after) });
    expect(run.violations, `after ${after} calls: ${run.outcome} ${run.error ?? ""}`).toEqual([]);
    runs.push(run);
  }
  return runs;
}

const act = (what: Act["what"], after: number, lasts = 900): Act => ({ what, after, lasts });

describe("a process that is killed", () => {
  it.each([
    ["provision", { type: "provision" }, moments(5, 125, 15)],
    ["upgrade", UPGRADE, moments(8, 88, 8)],
    ["rotation", { type: "rotate", nodegroup: "general" }, moments(4, 44, 5)],
    ["deletion", { type: "delete" }, moments(2, 32, 5)],
  ] as [string, Work, number[]][])(
    "goes on where it was: %s",
    async (_name, work, calls) => {
      const runs = await playAt(calls, (after) => ({
        work,
        acts: [act("kill", after), act("kill", after + 3), act("kill", after + 20)],
      }));
      expect(runs.map((run) => `${run.outcome} ${run.attempts}`)).toEqual(runs.map(() => "Succeeded 1"));
    },
    120_000,
  );
});

describe("an upgrade that people hold", () => {
  it("pauses and goes on with every node group, also where several drain at once", async () => {
    const runs = await playAt(moments(2, 92, 10), (after) => ({
      work: UPGRADE,
      acts: [act("pause", after, 1800)],
    }));
    expect(runs.map((run) => run.outcome)).toEqual(runs.map(() => "Succeeded"));
  }, 120_000);

  it("is cancelled at every moment, undoes its rotations, and can be retried", async () => {
    const runs = await playAt(moments(2, 82, 10), (after) => ({
      work: UPGRADE,
      acts: [act("cancel", after)],
    }));
    expect(runs.map((run) => run.outcome)).toContain("Cancelled");
  }, 120_000);

  it("is cancelled while it is paused", async () => {
    const runs = await playAt(moments(2, 82, 20), (after) => ({
      work: UPGRADE,
      acts: [act("pause", after, 36_000), act("cancel", after + 6)],
    }));
    expect(runs.map((run) => run.outcome)).toContain("Cancelled");
  }, 120_000);
});

describe("an execution stopped by hand", () => {
  it.each([
    ["upgrade", UPGRADE, moments(4, 84, 8)],
    // The control plane is on 1.34 and the add-ons are not: the insights for 1.35 say so.
    ["upgrade over two versions", TWO_HOPS, moments(16, 40, 6)],
    ["rotation", { type: "rotate", nodegroup: "workers" }, moments(4, 40, 6)],
    ["an apply that replaces machines", { type: "apply", change: "machines" }, moments(15, 51, 9)],
    ["provision", { type: "provision" }, moments(8, 108, 20)],
    ["deletion, also where the cluster is gone already", { type: "delete" }, moments(2, 26, 3)],
  ] as [string, Work, number[]][])(
    "leaves what its error names, and a retry completes it: %s",
    async (_name, work, calls) => {
      const runs = await playAt(calls, (after) => ({ work, acts: [act("stop", after)] }));
      expect(runs.some((run) => run.error?.includes("somebody stopped the execution"))).toBe(true);
    },
    120_000,
  );
});

describe("budgets that come to allow nothing while several groups drain", () => {
  it("undo every rotation that has begun, and leave nothing half rotated", async () => {
    const runs = await playAt(moments(48, 78, 6), (after) => ({
      work: UPGRADE,
      acts: [act("tighten", after, 90_000)],
    }));
    const blocked = runs.filter((run) => run.error?.startsWith("PdbBlockedDrain"));
    expect(blocked.length).toBeGreaterThan(0);
    // Undone, not only named.
    for (const run of blocked) expect(run.error).not.toContain("stands half way");
  }, 120_000);
});

describe("EKS's own rolling update whose new nodes never join", () => {
  it("costs old nodes where Auto Scaling evens out zones, and a retry completes it", async () => {
    const [run] = await playAt([0], () => ({
      seed: 504,
      cluster: {
        name: "demo",
        version: "1.34",
        zones: 3,
        groups: [
          { name: "general", size: 3, dedicated: false, oneZone: false },
          { name: "workers", size: 1, dedicated: true, oneZone: true },
        ],
      },
      rotation: { ...BASE.rotation, strategy: "minimal", method: "rolling", maxUnavailable: "33%" },
      workloads: [],
      work: TWO_HOPS,
      troubles: [
        {
          after: 42,
          fault: { name: "SubnetGone", subject: "nodegroup/general", times: 10 },
          lasts: undefined,
        },
        { after: 26, fault: { name: "NodesNeverJoin", times: 11 }, lasts: 3_337 },
      ],
    }));
    expect(run?.error).toContain("NodeCreationFailure");
  });
});

describe("undoing that cannot be done", () => {
  it("is told, and the next attempt serves from blue while it removes what was left", async () => {
    const runs = await playAt(moments(58, 118, 6), (after) => ({
      work: TWO_HOPS,
      troubles: [{ after, fault: { name: "Throttle" }, lasts: 6_600 }],
    }));
    expect(runs.some((run) => run.error?.includes("stands half way"))).toBe(true);
  }, 120_000);
});

describe("a retry", () => {
  it("is not refused for what it would mend: an add-on whose update failed", async () => {
    const [run] = await playAt([0], (after) => ({
      work: UPGRADE,
      troubles: [{ after, fault: { name: "AddonUpdateFails", times: 1 }, lasts: undefined }],
    }));
    expect(run?.error).toContain("AddonUpdateFailed");
  });

  it("only looks whether all is well where the attempt before had done everything", async () => {
    const [run] = await playAt([60], (after) => ({
      work: UPGRADE,
      troubles: [{ after, fault: { name: "AddonHealthIssue" }, lasts: undefined }],
    }));
    expect(run?.error).toMatch(/VerificationFailed|AddonDegraded/);
  });
});
