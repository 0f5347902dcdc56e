import { describe, expect, it } from "vitest";
import { type Gated, isGated, judgeGate } from "../../../core/operation/gates.ts";
import { foldSteps, openPhases, sincePlanned } from "../../../core/operation/lifecycle.ts";
import type {
  OperationEvent,
  OperationStatus,
  OperationType,
  Plan,
  PlanPhase,
  PlanStep,
} from "../../../core/operation/types.ts";
import { automationPolicySchema } from "../../../core/policy/schema.ts";
import { secondsToSafePoint, waitsForWindow } from "../../../core/windows/disruption.ts";

const HOUR = 3_600_000;
const now = Date.parse("2026-11-20T12:00:00Z");
const step = (
  id: string,
  kind: PlanStep["kind"],
  expectedSeconds: number,
  rest: Partial<PlanStep> = {},
): PlanStep => ({
  id,
  kind,
  title: id,
  expectedSeconds,
  ...rest,
});
const hop = (version: string): PlanPhase => ({
  id: version,
  version,
  steps: [
    step(`${version}/checks`, "checks", 120),
    step(`${version}/control-plane`, "control-plane", 600),
    step(`${version}/nodegroup/a`, "nodegroup", 900, { nodes: 3 }),
    step(`${version}/nodegroup/b`, "nodegroup", 7200, { nodes: 30 }),
    step(`${version}/verify`, "verify", 30),
  ],
});
const plan = (type: OperationType, phases: readonly PlanPhase[], nodesReplaced = 0): Plan => ({
  type,
  cluster: { account: "111122223333", region: "eu-west-1", name: "demo" },
  phases,
  findings: [],
  expectedSeconds: 0,
  disruption: { nodesReplaced, maxUnavailable: "1", surgeNodes: 0 },
  digest: "d1",
});
const policy = (rest: object = {}) =>
  automationPolicySchema.parse({ apiVersion: "slipway.dev/v1", kind: "AutomationPolicy", ...rest });
const upgrade = plan("upgrade-cluster", [hop("1.34"), hop("1.35")], 33);
const first = upgrade.phases[0];
const second = upgrade.phases[1];
const judged = (operation: Partial<Gated>, rest: object, at: Partial<Parameters<typeof judgeGate>[0]> = {}) =>
  judgeGate({
    operation: { type: "upgrade-cluster", plan: upgrade, ...operation },
    policy: policy(rest),
    now,
    phase: first,
    ...at,
  });
const approval = (phase?: string, digest = "d1") => ({
  ...(phase ? { phase } : {}),
  digest,
  decision: "approved" as const,
  by: "bob",
  at: "2026-11-20T11:00:00Z",
});
/** Open from 12:00 to 13:00 UTC on that day of the week. */
const noon = { windows: { open: [{ days: ["Fri"], start: "12:00", durationMinutes: 60 }] } };
const night = { windows: { open: [{ days: ["Fri"], start: "23:00", durationMinutes: 60 }] } };

describe("what may begin", () => {
  it("anything, where a policy has neither windows nor approvals", () => {
    expect(judged({}, {})).toEqual({ go: true });
  });

  it("an approval comes before the window, is per hop, for this plan, and not a rejection", () => {
    const perHop = { approvals: "perHop", approvalHours: 2, ...night };
    expect(judged({}, perHop)).toMatchObject({
      awaiting: { for: "approval", phase: "1.34", until: "2026-11-20T14:00:00.000Z" },
    });
    for (const given of [
      approval("1.35"),
      approval("1.34", "d0"),
      { ...approval("1.34"), decision: "rejected" as const },
    ])
      expect(judged({ approvals: [given] }, perHop)).toMatchObject({ awaiting: { for: "approval" } });
    expect(judged({ approvals: [approval("1.34")] }, perHop)).toMatchObject({ awaiting: { for: "window" } });
    expect(judged({ approvals: [approval("1.34")] }, { ...perHop, ...noon })).toEqual({ go: true });
    expect(
      judged({ approvals: [approval("1.34")] }, { ...perHop, ...noon }, { phase: second }),
    ).toMatchObject({
      awaiting: { for: "approval", phase: "1.35" },
    });
    // Rotations are a part of their hop.
    expect(judged({}, { approvals: "perHop" }, { step: "1.34/nodegroup/a" })).toEqual({ go: true });
    // One that somebody proposed: who approves it has seen its first hop, not the second.
    const proposed = { needsApproval: true as const, approvals: [approval()] };
    expect(judged({ needsApproval: true }, {})).toMatchObject({ awaiting: { for: "approval" } });
    expect(judged(proposed, { approvals: "perHop" })).toEqual({ go: true });
    expect(judged(proposed, { approvals: "perHop" }, { phase: second }).go).toBe(false);
  });

  it("what fits up to the next safe point; a rotation is one of its own", () => {
    expect(judged({}, noon)).toEqual({ go: true });
    // 13 minutes up to the first rotation.
    expect(judged({}, noon, { now: now + 0.9 * HOUR })).toMatchObject({
      awaiting: { until: "2026-11-27T12:00:00.000Z" },
    });
    expect(judged({}, noon, { step: "1.34/nodegroup/a", now: now + 0.7 * HOUR })).toEqual({ go: true });
    expect(judged({}, noon, { step: "1.34/nodegroup/a", now: now + 0.8 * HOUR }).go).toBe(false);
    // Two hours fit nowhere: early in a window it begins all the same.
    expect(judged({}, noon, { step: "1.34/nodegroup/b" })).toMatchObject({
      go: true,
      note: expect.stringContaining("longer than any window"),
    });
  });

  it("outside of windows with somebody's reason, but not unapproved; never before its time", () => {
    const ignoreWindow = { by: "carol", at: "2026-11-20T11:00:00Z", reason: "CVE" };
    expect(judged({ ignoreWindow }, night)).toEqual({ go: true });
    expect(judged({ ignoreWindow }, { ...night, approvals: "perHop" }).go).toBe(false);
    const notBefore = "2026-11-20T13:00:00.000Z";
    expect(judged({ notBefore }, {})).toMatchObject({ awaiting: { for: "window", until: notBefore } });
    expect(judged({ notBefore }, {}, { now: now + HOUR })).toEqual({ go: true });
  });

  const tags = plan("apply-changes", [
    { id: "change", version: "1.34", steps: [step("tags", "configuration", 5)] },
  ]);
  const addon = plan("apply-changes", [
    { id: "change", version: "1.34", steps: [step("a", "addon", 30, { from: "v1", to: "v2" })] },
  ]);
  const newAddon = plan("apply-changes", [
    { id: "change", version: "1.34", steps: [step("a", "addon", 30, { to: "v2" })] },
  ]);
  it.each<[string, Plan, boolean]>([
    ["an upgrade", upgrade, true],
    ["a rollback", plan("rollback-cluster", []), true],
    ["a rotation", plan("rotate-nodegroup", []), true],
    ["an update of add-ons", plan("update-addons", []), true],
    ["an apply of tags", tags, false],
    ["an apply that replaces nodes", plan("apply-changes", [], 3), true],
    ["an apply that updates an add-on", addon, true],
    ["an apply with a new add-on", newAddon, false],
    ["drift of tags", { ...tags, type: "reconcile-drift" }, false],
    ["drift of nodes", plan("reconcile-drift", [], 3), true],
    ["a new cluster", plan("provision-cluster", [hop("1.34")], 3), false],
    ["an adoption", plan("adopt-cluster", []), false],
    ["a deletion", plan("delete-cluster", []), false],
    ["a repair", plan("remediate-node", [], 1), false],
  ])("%s waits for a window: %s", (_, of, waits) => {
    expect(waitsForWindow(of)).toBe(waits);
    expect(judged({ type: of.type, plan: of }, night, { phase: of.phases[0] ?? hop("1.34") }).go).toBe(
      !waits,
    );
    if (waits) expect(isGated({ type: of.type, plan: of })).toBe(true);
  });

  it("counts a rotation into a phase that has nothing else but checks", () => {
    const rotate = {
      id: "rotate",
      version: "1.34",
      steps: [step("c", "checks", 120), step("n", "nodegroup", 900)],
    };
    expect(secondsToSafePoint(rotate)).toBe(1020);
    expect(secondsToSafePoint(hop("1.34"))).toBe(720);
    expect(secondsToSafePoint(hop("1.34"), "1.34/nodegroup/b")).toBe(7200);
  });
});

describe("what is left after a wait", () => {
  let seq = 0;
  const event = (kind: OperationEvent["kind"], rest: Partial<OperationEvent>): OperationEvent => ({
    seq: ++seq,
    at: "2026-11-20T12:00:00Z",
    kind,
    message: "",
    ...rest,
  });
  const changed = (status: OperationStatus) => event("OperationStatusChanged", { status });
  const done = (phase: PlanPhase) =>
    phase.steps.flatMap(({ id }) => [
      event("StepStarted", { step: id }),
      event("StepSucceeded", { step: id }),
    ]);

  it("are the phases that are not done; a wait undoes nothing, a retry plans anew", () => {
    const one = [
      changed("Running"),
      ...done(hop("1.34")),
      changed("AwaitingWindow"),
      changed("Pending"),
      changed("Running"),
    ];
    expect(openPhases(upgrade, foldSteps(upgrade, sincePlanned(one))).map(({ id }) => id)).toEqual(["1.35"]);
    const retried = [...one, changed("Failed"), changed("AwaitingWindow"), changed("Pending")];
    expect(openPhases(upgrade, foldSteps(upgrade, sincePlanned(retried))).map(({ id }) => id)).toEqual([
      "1.34",
      "1.35",
    ]);
  });

  it("has no step that still runs while it waits", () => {
    const cut = [
      changed("Running"),
      event("StepStarted", { step: "1.34/checks" }),
      changed("AwaitingApproval"),
    ];
    expect(foldSteps(upgrade, cut).find(({ id }) => id === "1.34/checks")?.status).toBe("Pending");
  });
});
