import { describe, expect, it } from "vitest";
import { decideRemediation, type VerdictCode } from "../../../core/nodes/decide.ts";
import type { ClusterObservation } from "../../../core/nodes/facts.ts";
import { type AutomationState, emptyAutomation } from "../../../core/nodes/history.ts";
import { actionFor } from "../../../core/nodes/plan.ts";
import type { NodesPolicy } from "../../../core/policy/nodes.ts";
import {
  condition,
  entry,
  group,
  healthy,
  history,
  MINUTE,
  NOW,
  node,
  observation,
  policyOf,
  sick,
} from "./builders.ts";

interface Case {
  readonly what: string;
  readonly facts: ClusterObservation;
  readonly policy?: Partial<NodesPolicy>;
  readonly history?: AutomationState;
  readonly code: VerdictCode;
  readonly retryAt?: number;
  readonly says?: RegExp;
}

const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const one = (fields = {}): ClusterObservation => observation([sick("x", fields), ...healthy(5)]);
const maintenance = {
  state: "running",
  maintenance: { code: "instance-retirement", notBefore: NOW + 5 * DAY },
};

const CASES: readonly Case[] = [
  { what: "a silent kubelet", facts: one(), code: "remediate", says: /Ready is Unknown/ },
  { what: "a healthy node", facts: observation([node("x")]), code: "healthy" },
  {
    what: "a condition of the node monitoring agent",
    facts: one({ conditions: [condition("Ready", "True"), condition("StorageReady", "False")] }),
    code: "remediate",
    says: /StorageReady/,
  },
  {
    what: "disk pressure",
    facts: one({ conditions: [condition("Ready", "True"), condition("DiskPressure", "True")] }),
    code: "remediate",
  },
  {
    what: "memory pressure, which a new node would have, too",
    facts: one({ conditions: [condition("Ready", "True"), condition("MemoryPressure", "True")] }),
    code: "healthy",
  },
  {
    what: "memory pressure where the policy wants it",
    facts: one({ conditions: [condition("Ready", "True"), condition("MemoryPressure", "True")] }),
    policy: { conditions: ["MemoryPressure"] },
    code: "remediate",
  },
  {
    what: "status checks of EC2 alone are no reason",
    facts: one({ conditions: [condition("Ready", "True")], machine: { state: "running", impaired: true } }),
    code: "healthy",
  },
  {
    what: "a node that has just come",
    facts: one({ createdAt: NOW - 2 * MINUTE, conditions: [condition("Ready", "False", NOW - 2 * MINUTE)] }),
    code: "joining",
  },
  {
    what: "a node that never became Ready",
    facts: one({ createdAt: NOW - HOUR, conditions: [condition("Ready", "False", NOW - HOUR)] }),
    code: "remediate",
  },
  {
    what: "a machine that ends already",
    facts: one({ machine: { state: "shutting-down" } }),
    code: "leaving",
  },
  { what: "a node that is deleted", facts: one({ leaving: true }), code: "leaving" },
  { what: "mode report", facts: one(), policy: { mode: "report" }, code: "mode", says: /report/ },
  { what: "mode off", facts: one(), policy: { mode: "off" }, code: "mode" },
  {
    what: "the breaker is open",
    facts: one(),
    history: { ...emptyAutomation, breaker: { openedAt: NOW, reason: "ten in a day" } },
    code: "breaker",
    says: /ten in a day/,
  },
  {
    what: "it is taken care of already",
    facts: one(),
    history: history(entry({ node: "x", endedAt: undefined, outcome: undefined } as never)),
    code: "in-remediation",
  },
  { what: "somebody cordoned it", facts: one({ cordoned: true }), code: "cordoned-by-others" },
  { what: "no managed group", facts: one({ nodegroup: undefined }), code: "not-in-a-group" },
  { what: "no EC2 machine", facts: one({ instanceId: undefined }), code: "not-in-a-group" },
  {
    what: "EKS's own node repair",
    facts: observation([sick("x"), ...healthy(5)], { groups: [group({ eksRepairs: true })] }),
    code: "eks-repairs",
  },
  {
    what: "its group is updated",
    facts: observation([sick("x"), ...healthy(5)], { groups: [group({ status: "UPDATING" })] }),
    code: "group-busy",
  },
  { what: "EC2 gives no answer", facts: one({ machine: { state: "unknown" } }), code: "unknown" },
  {
    what: "sick for too short a time",
    facts: one({ conditions: [condition("Ready", "Unknown", NOW - MINUTE)] }),
    code: "confirming",
    retryAt: NOW - MINUTE + 300_000,
  },
  {
    what: "half of the group at once",
    facts: observation([sick("x"), sick("y"), ...healthy(2)]),
    code: "false-signal",
    says: /2 of the 4 nodes of workers/,
  },
  {
    what: "half of the group, though not all of them for long",
    facts: observation([
      sick("x"),
      sick("y", { conditions: [condition("Ready", "Unknown", NOW)] }),
      ...healthy(2),
    ]),
    code: "false-signal",
  },
  {
    what: "one of two nodes is no false signal",
    facts: observation([sick("x"), ...healthy(1)]),
    code: "remediate",
  },
  {
    what: "a third of the group",
    facts: observation([sick("x"), sick("y"), ...healthy(4)]),
    code: "remediate",
  },
  {
    what: "half of the cluster at once, though in groups of one",
    facts: observation(
      [
        sick("x"),
        sick("y", { nodegroup: "b-1" }),
        node("w", { nodegroup: "c-1" }),
        node("v", { nodegroup: "d-1" }),
      ],
      {
        groups: ["workers", "b", "c", "d"].map((name) => group({ name: `${name}-1`, logicalName: name })),
      },
    ),
    code: "false-signal",
    says: /of the cluster/,
  },
  {
    what: "a number as limit of false signals",
    facts: observation([sick("x"), sick("y"), sick("z"), ...healthy(20)]),
    policy: { falseSignal: 3 },
    code: "false-signal",
  },
  {
    what: "a zonal shift",
    facts: observation(
      [
        sick("x"),
        ...healthy(4),
        node("s1", { zone: "eu-west-1b", cordoned: true }),
        node("s2", { zone: "eu-west-1b", cordoned: true }),
      ],
      { zonalShiftEnabled: true },
    ),
    code: "zonal-shift",
  },
  {
    what: "the same where the cluster takes no part in zonal shifts",
    facts: observation([
      sick("x"),
      ...healthy(4),
      node("s1", { zone: "eu-west-1b", cordoned: true }),
      node("s2", { zone: "eu-west-1b", cordoned: true }),
    ]),
    code: "remediate",
  },
  {
    what: "two failures in a day",
    facts: one(),
    history: history(
      entry({ operationId: "op-1", outcome: "failed", endedAt: NOW - 5 * HOUR }),
      entry({ operationId: "op-2", outcome: "failed", endedAt: NOW - 2 * HOUR }),
    ),
    code: "escalated",
    retryAt: NOW - 5 * HOUR + DAY,
  },
  {
    what: "two failures, one of them the day before",
    facts: one(),
    history: history(
      entry({ operationId: "op-1", outcome: "failed", endedAt: NOW - 25 * HOUR, startedAt: NOW - 26 * HOUR }),
      entry({ operationId: "op-2", outcome: "failed", endedAt: NOW - 2 * HOUR }),
    ),
    code: "remediate",
  },
  {
    what: "two failures in other groups",
    facts: one(),
    history: history(
      entry({ operationId: "op-1", outcome: "failed", logicalGroup: "a" }),
      entry({ operationId: "op-2", outcome: "failed", logicalGroup: "b" }),
    ),
    code: "remediate",
  },
  {
    what: "the cool-down of its group",
    facts: one(),
    history: history(entry({ endedAt: NOW - 5 * MINUTE })),
    code: "cool-down",
    retryAt: NOW + 10 * MINUTE,
  },
  {
    what: "maintenance that is planned, in a window",
    facts: one({ conditions: [condition("Ready", "True")], machine: maintenance }),
    code: "remediate",
    says: /instance-retirement/,
  },
  {
    what: "maintenance that is planned, outside of every window",
    facts: observation([node("x", { machine: maintenance }), ...healthy(5)], {
      window: { open: false, reason: "weekend opens Sat" },
    }),
    code: "window",
    says: /weekend opens Sat/,
  },
  {
    what: "maintenance that comes before any window: the machine goes anyway",
    facts: observation(
      [
        node("x", {
          machine: { state: "running", maintenance: { code: "instance-stop", notBefore: NOW + 20 * HOUR } },
        }),
        ...healthy(5),
      ],
      { window: { open: false, reason: "weekend opens Sat" } },
    ),
    code: "remediate",
  },
  { what: "a machine that stopped", facts: one({ machine: { state: "stopped" } }), code: "leaving" },
  {
    what: "a sick node does not wait for a window",
    facts: observation([sick("x"), ...healthy(5)], { window: { open: false, reason: "weekend opens Sat" } }),
    code: "remediate",
  },
  {
    what: "maintenance of half of the group is no false signal",
    facts: observation([
      node("x", { machine: maintenance }),
      node("y", { machine: maintenance }),
      ...healthy(2),
    ]),
    code: "remediate",
  },
  {
    what: "another operation has the cluster",
    facts: observation([sick("x"), ...healthy(5)], {
      lease: { operationId: "op-9", type: "upgrade-cluster" },
    }),
    code: "deferred",
    says: /op-9 \(upgrade-cluster\)/,
  },
  {
    what: "as many out of service as may be",
    facts: observation([sick("x"), node("y", { cordoned: true, cordonedBy: "spot" }), ...healthy(5)]),
    code: "budget",
  },
  {
    what: "a share as budget",
    facts: observation([sick("x"), node("y", { cordoned: true, cordonedBy: "spot" }), ...healthy(8)]),
    policy: { maxConcurrent: "20%" },
    code: "remediate",
  },
  {
    what: "as many in a day as the policy allows",
    facts: one(),
    policy: { breaker: 2 },
    history: history(
      entry({ operationId: "op-1", startedAt: NOW - 3 * HOUR }),
      entry({ operationId: "op-2", startedAt: NOW - 2 * HOUR, endedAt: NOW - HOUR }),
    ),
    code: "breaker",
  },
];

describe("whether a node is remediated", () => {
  it.each(CASES)("$what: $code", (c) => {
    const decision = decideRemediation(c.facts, policyOf(c.policy), c.history ?? emptyAutomation, NOW);
    const verdict = decision.verdicts.find((candidate) => candidate.node === "x");
    expect(verdict?.code).toBe(c.code);
    expect(decision.remediate.some(({ name }) => name === "x")).toBe(c.code === "remediate");
    if (c.says) expect(verdict?.text).toMatch(c.says);
    if (c.retryAt !== undefined) expect(verdict?.retryAt).toBe(c.retryAt);
  });

  it("a policy that does not parse permits nothing, whoever asks", () => {
    const { verdicts, remediate } = decideRemediation(one(), undefined, emptyAutomation, NOW, { node: "x" });
    expect(remediate).toEqual([]);
    expect(verdicts.find(({ node: name }) => name === "x")?.code).toBe("policy-invalid");
  });

  it("takes the one that has been sick longest, and says why not the other", () => {
    const decision = decideRemediation(
      observation([
        sick("a", { conditions: [condition("Ready", "Unknown", NOW - HOUR)] }),
        sick("b", { conditions: [condition("Ready", "Unknown", NOW - 2 * HOUR)] }),
        ...healthy(6),
      ]),
      policyOf(),
      emptyAutomation,
      NOW,
    );
    expect(decision.remediate.map(({ name }) => name)).toEqual(["b"]);
    expect(decision.verdicts.find(({ node: name }) => name === "a")?.code).toBe("budget");
  });

  it("turns automation off with the one that would be too many, and says so", () => {
    const past = history(entry({ operationId: "op-1" }), entry({ operationId: "op-2" }));
    const decision = decideRemediation(one(), policyOf({ breaker: 2 }), past, NOW);
    expect(decision.trip).toMatch(/2 remediations in a day/);
    const reset = { ...past, reset: { at: NOW - MINUTE, by: "alice", reason: "looked" } };
    expect(decideRemediation(one(), policyOf({ breaker: 2 }), reset, NOW).trip).toBeUndefined();
  });

  it("for a person who asks: mode, patience, cool-down, escalation and breaker do not count; the rest does", () => {
    const past = {
      ...history(
        entry({ endedAt: NOW - MINUTE, outcome: "failed" }),
        entry({ operationId: "op-2", outcome: "failed" }),
      ),
      breaker: { openedAt: NOW, reason: "off" },
    };
    const young = { conditions: [condition("Ready", "Unknown", NOW)] };
    const ask = (facts: ClusterObservation) =>
      decideRemediation(facts, policyOf({ mode: "off" }), past, NOW, { node: "x" });
    expect(ask(one(young)).remediate.map(({ name }) => name)).toEqual(["x"]);
    expect(ask(observation([node("x"), ...healthy(3)])).remediate).toEqual([]);
    expect(ask(observation([sick("x"), sick("y"), ...healthy(2)])).remediate).toEqual([]);
    expect(ask(observation([sick("x"), sick("y"), ...healthy(9)])).remediate.map(({ name }) => name)).toEqual(
      ["x"],
    );
    expect(ask(one({ cordoned: true })).remediate).toEqual([]);
  });
});

describe("terminate or reboot", () => {
  const x = sick("x");
  const health = { state: "sick", since: NOW, problems: [] } as const;
  it.each([
    { policy: "terminate" as const, past: emptyAutomation, action: "terminate" },
    { policy: "reboot" as const, past: emptyAutomation, action: "reboot" },
    {
      policy: "reboot" as const,
      past: history(entry({ node: "x", action: "reboot", outcome: "failed" })),
      action: "terminate",
    },
  ])("policy $policy: $action", ({ policy, past, action }) => {
    expect(actionFor(x, health, policyOf({ action: policy }), past, NOW)).toBe(action);
  });

  it("a machine that AWS retires is not rebooted", () => {
    const planned = {
      ...health,
      problems: [{ kind: "Maintenance", text: "instance-retirement", since: NOW }],
    };
    expect(actionFor(x, planned, policyOf({ action: "reboot" }), emptyAutomation, NOW)).toBe("terminate");
  });
});
