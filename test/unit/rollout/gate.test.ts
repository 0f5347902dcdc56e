import { describe, expect, it } from "vitest";
import type { Finding } from "../../../core/operation/types.ts";
import { type GateFacts, gateOf, knownFindings } from "../../../core/rollout/gate.ts";
import { pollSeconds } from "../../../core/rollout/member.ts";
import { scheduled } from "../../../core/rollout/plan.ts";
import { finding, specOf } from "./builders.ts";

const well: GateFacts = {
  status: "ACTIVE",
  nodes: {
    ok: true,
    value: [
      { name: "n1", ready: true },
      { name: "n2", ready: true },
    ],
  },
  alarms: { ok: true, value: [] },
  findings: [],
};
const dark = { ok: false as const, reason: "503" };

describe("the gate of a cluster", () => {
  it.each<
    [
      string,
      Partial<GateFacts>,
      Partial<ReturnType<typeof specOf>["gate"]>,
      readonly Finding[],
      string,
      string,
    ]
  >([
    ["everything well", {}, {}, [], "pass", ""],
    ["EKS works on it", { status: "UPDATING" }, {}, [], "fail", "UPDATING"],
    [
      "a node is not Ready",
      { nodes: { ok: true, value: [{ name: "n1", ready: false }] } },
      {},
      [],
      "fail",
      "n1",
    ],
    [
      "... which nobody asked about",
      { nodes: { ok: true, value: [{ name: "n1", ready: false }] } },
      { nodes: false },
      [],
      "pass",
      "",
    ],
    ["the API is silent: not known is no pass", { nodes: dark }, {}, [], "unsure", "does not answer"],
    [
      "... also when only nodes are asked about",
      { nodes: dark },
      { api: false },
      [],
      "unsure",
      "cannot be read",
    ],
    ["... and when neither is", { nodes: dark }, { api: false, nodes: false }, [], "pass", ""],
    ["an alarm is open", { alarms: { ok: true, value: ["cpu"] } }, {}, [], "fail", "cpu"],
    ["alarms cannot be read", { alarms: dark }, {}, [], "unsure", "alarms"],
    ["... but were not asked about", { alarms: dark }, { alarms: false }, [], "pass", ""],
    ["a finding that blocks", { findings: [finding({})] }, {}, [], "fail", "PDB_BLOCKS_DRAIN"],
    ["... and blocked before", { findings: [finding({})] }, {}, [finding({})], "pass", ""],
    [
      "... of another subject than before",
      { findings: [finding({})] },
      {},
      [finding({ subject: "x" })],
      "fail",
      "PDB",
    ],
    ["... overridden", { findings: [finding({ overridden: { by: "a", reason: "b" } })] }, {}, [], "pass", ""],
    ["a finding that warns", { findings: [finding({ severity: "warn" })] }, {}, [], "pass", ""],
    ["an unknown finding", { findings: [finding({ severity: "unknown" })] }, {}, [], "unsure", "PDB"],
    ["wrong and unknown is wrong", { status: "FAILED", nodes: dark }, {}, [], "fail", "FAILED"],
  ])("%s", (_, facts, gate, before, verdict, text) => {
    const seen = gateOf({ ...specOf().gate, ...gate }, { ...well, ...facts }, knownFindings(before));
    expect(seen.verdict).toBe(verdict);
    expect(seen.problems.join()).toContain(text);
  });
});

describe("figures", () => {
  it("looks more often towards the expected end, and less often the later it is", () => {
    const looks = [0, 600, 1100, 1190, 1210, 1400, 4000].map((elapsed) => pollSeconds(elapsed, 1200, false));
    expect(looks).toEqual([600, 300, 50, 20, 60, 60, 600]);
    expect(pollSeconds(10, 1200, true)).toBe(600);
  });

  it("schedules as many at once as there are places", () => {
    expect(scheduled([10, 10, 10, 10], 2)).toBe(20);
    expect(scheduled([30, 10, 10, 10], 2)).toBe(30);
    expect(scheduled([], 5)).toBe(0);
  });
});
