import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  allowedActions,
  canTransition,
  expectedFinish,
  foldSteps,
  nextStatuses,
  openPhases,
} from "../../../core/operation/lifecycle.ts";
import {
  ENDED,
  type OperationEvent,
  type OperationStatus,
  type StepView,
} from "../../../core/operation/types.ts";
import { planUpgrade } from "../../../core/plan/upgrade.ts";
import { defaultPolicy } from "../../../core/policy/schema.ts";
import { NOW, snapshot } from "./builders.ts";

const plan = planUpgrade({
  snapshot: snapshot(),
  to: "1.34",
  policy: defaultPolicy,
  overrides: [],
  now: NOW,
});
const STATUSES: readonly OperationStatus[] = [
  "Pending",
  "AwaitingWindow",
  "AwaitingApproval",
  "Running",
  "Paused",
  "Succeeded",
  "Failed",
  "RollingBack",
  "RolledBack",
  "Cancelled",
];

describe("the life of an operation", () => {
  it.each([
    ["Pending", "Running", true],
    ["Running", "Succeeded", true],
    ["Running", "RollingBack", true],
    ["RollingBack", "RolledBack", true],
    ["Failed", "Pending", true],
    ["Succeeded", "Running", false],
    ["Succeeded", "Pending", false],
    ["RollingBack", "Running", false],
    ["Failed", "Succeeded", false],
    ["Paused", "Succeeded", false],
  ] as const)("%s to %s: %s", (from, to, allowed) => {
    expect(canTransition(from, to)).toBe(allowed);
  });

  it("can be repeated, ends from everywhere, and leaves an end only for a retry", () => {
    for (const status of STATUSES) {
      expect(canTransition(status, status)).toBe(true);
      // A retry begins, or waits for its window.
      const again = new Set(["Pending", "AwaitingWindow", "AwaitingApproval"]);
      if (ENDED.has(status)) expect(nextStatuses(status).every((next) => again.has(next))).toBe(true);
      else expect(nextStatuses(status)).toContain("Failed");
    }
  });

  it("offers what fits the status", () => {
    expect(allowedActions("Running")).toMatchObject({
      pause: true,
      cancel: true,
      retry: false,
      resume: false,
    });
    expect(allowedActions("Paused")).toMatchObject({ resume: true, cancel: true, pause: false });
    expect(allowedActions("Failed")).toMatchObject({ retry: true, cancel: false });
    expect(allowedActions("Succeeded")).toMatchObject({ retry: false, cancel: false });
    expect(allowedActions("AwaitingApproval")).toMatchObject({ approve: true, reject: true });
  });
});

let seq = 0;
const at = (minute: number): string => new Date(NOW + minute * 60_000).toISOString();
const event = (
  kind: OperationEvent["kind"],
  minute: number,
  over: Partial<OperationEvent> = {},
): OperationEvent => ({
  seq: ++seq,
  at: at(minute),
  kind,
  message: kind,
  ...over,
});
const GROUP = "1.34/nodegroup/workers";
const stepOf = (steps: readonly StepView[], id: string): StepView => {
  const found = steps.find((step) => step.id === id);
  if (!found) throw new Error(`no step ${id}`);
  return found;
};

describe("steps folded from events", () => {
  it("are all pending, in the plan's order, before anything happened", () => {
    const steps = foldSteps(plan, []);
    expect(steps.map((step) => step.id)).toEqual(plan.phases.flatMap((p) => p.steps.map((s) => s.id)));
    expect(steps.every((step) => step.status === "Pending" && step.phase === "1.34")).toBe(true);
  });

  it("have times, progress and the last state of each node", () => {
    const nodes = (...list: [string, "Ready" | "Draining" | "Drained" | "Blocked"][]) =>
      list.map(([name, state]) => ({ name, state }));
    const step = stepOf(
      foldSteps(plan, [
        event("StepStarted", 1, { step: GROUP }),
        event("StepProgressed", 2, {
          step: GROUP,
          progress: { done: 0, total: 3, unit: "nodes", nodes: nodes(["b", "Draining"], ["a", "Ready"]) },
        }),
        event("StepProgressed", 3, {
          step: GROUP,
          message: "1 of 3",
          progress: {
            done: 1,
            total: 3,
            unit: "nodes",
            phase: "drain",
            nodes: nodes(["b", "Drained"], ["c", "Blocked"]),
          },
        }),
      ]),
      GROUP,
    );
    expect(step).toMatchObject({ status: "Running", startedAt: at(1), message: "1 of 3" });
    expect(step.progress).toEqual({ done: 1, total: 3, unit: "nodes", phase: "drain" });
    expect(step.nodeStates?.map((n) => `${n.name} ${n.state}`)).toEqual([
      "b Drained",
      "a Ready",
      "c Blocked",
    ]);
  });

  it("do not mind events that repeat, or progress that comes after the end", () => {
    const steps = foldSteps(plan, [
      event("StepStarted", 1, { step: GROUP }),
      event("StepStarted", 2, { step: GROUP }),
      event("StepSucceeded", 5, { step: GROUP }),
      event("StepSucceeded", 6, { step: GROUP }),
      event("StepProgressed", 7, { step: GROUP, progress: { done: 3, total: 3, unit: "nodes" } }),
    ]);
    expect(stepOf(steps, GROUP)).toMatchObject({ status: "Succeeded", startedAt: at(1), endedAt: at(5) });
  });

  it("keep the error of a failure through its roll-back", () => {
    const error = { code: "PdbBlockedDrain", message: "default/web", remedy: "Fix it." };
    const steps = foldSteps(plan, [
      event("StepStarted", 1, { step: GROUP }),
      event("StepFailed", 2, { step: GROUP, error }),
      event("StepRolledBack", 3, { step: GROUP }),
      event("OperationStatusChanged", 4, { status: "Failed", error }),
    ]);
    expect(stepOf(steps, GROUP)).toMatchObject({ status: "RolledBack", error, endedAt: at(3) });
  });

  it("start again where a retry begins, and leave what was done", () => {
    const before = [
      event("StepStarted", 1, { step: "1.34/checks" }),
      event("StepSucceeded", 2, { step: "1.34/checks" }),
      event("StepStarted", 3, { step: GROUP }),
      event("StepFailed", 4, { step: GROUP, error: { code: "X", message: "x", remedy: "y" } }),
      event("OperationStatusChanged", 5, { status: "Failed" }),
      event("OperationStatusChanged", 9, { status: "Pending" }),
    ];
    const steps = foldSteps(plan, before);
    expect(stepOf(steps, GROUP)).toEqual({
      ...plan.phases[0]?.steps.find((s) => s.id === GROUP),
      phase: "1.34",
      status: "Pending",
    });
    const later = foldSteps(plan, [
      ...before,
      event("StepSkipped", 10, { step: "1.34/checks" }),
      event("StepStarted", 11, { step: GROUP }),
    ]);
    expect(stepOf(later, "1.34/checks")).toMatchObject({ status: "Succeeded", endedAt: at(2) });
    expect(stepOf(later, GROUP)).toMatchObject({ status: "Running", startedAt: at(11) });
  });

  it("never leave a step running in an operation that has ended, whatever the log says", () => {
    const kinds: OperationEvent["kind"][] = [
      "StepStarted",
      "StepProgressed",
      "StepSucceeded",
      "StepFailed",
      "StepSkipped",
      "StepRolledBack",
      "ChecksCompleted",
      "Note",
    ];
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            kind: fc.constantFrom(...kinds),
            step: fc.constantFrom(...plan.phases.flatMap((p) => p.steps.map((s) => s.id)), "no such step"),
          }),
          { maxLength: 30 },
        ),
        fc.constantFrom(...ENDED),
        (log, status) => {
          const events = [
            ...log.map((e, i) => event(e.kind, i, { step: e.step })),
            event("OperationStatusChanged", 99, { status }),
          ];
          const steps = foldSteps(plan, events);
          expect(steps.filter((step) => step.status === "Running")).toEqual([]);
          for (const step of steps)
            if (step.endedAt && step.startedAt) expect(step.endedAt >= step.startedAt).toBe(true);
        },
      ),
    );
  });
});

describe("the phases still to do", () => {
  const two = planUpgrade({
    snapshot: snapshot(),
    to: "1.35",
    policy: defaultPolicy,
    overrides: [],
    now: NOW,
  });
  const done = (id: string) =>
    (two.phases.find((p) => p.id === id)?.steps ?? []).map((s) => event("StepSucceeded", 1, { step: s.id }));
  const open = (events: OperationEvent[]) => openPhases(two, foldSteps(two, events)).map((p) => p.id);

  it("are all at first, none at the end, and those from the first unfinished one after a failure", () => {
    expect(open([])).toEqual(["1.34", "1.35"]);
    expect(open(done("1.34").slice(0, -1))).toEqual(["1.34", "1.35"]);
    const failed = [
      ...done("1.34"),
      event("StepStarted", 2, { step: "1.35/control-plane" }),
      event("OperationStatusChanged", 3, { status: "Failed" }),
      event("OperationStatusChanged", 4, { status: "Pending" }),
    ];
    expect(open(failed)).toEqual(["1.35"]);
    expect(open([...done("1.34"), ...done("1.35")])).toEqual([]);
  });
});

describe("the expected finish", () => {
  it("is the plan's length at first, comes nearer, and is now at the end", () => {
    const start = expectedFinish(plan, foldSteps(plan, []), NOW);
    expect(start.finishAt).toBe(NOW + plan.expectedSeconds * 1000);
    expect(start.fraction).toBe(0);
    const events = [
      event("StepStarted", 0, { step: "1.34/checks" }),
      event("StepSucceeded", 1, { step: "1.34/checks" }),
    ];
    const later = expectedFinish(plan, foldSteps(plan, events), NOW + 60_000);
    expect(later.fraction).toBeGreaterThan(0);
    expect(later.finishAt).toBeLessThan(start.finishAt);
    const all = foldSteps(
      plan,
      plan.phases.flatMap((p) => p.steps.map((s) => event("StepSucceeded", 9, { step: s.id }))),
    );
    expect(expectedFinish(plan, all, NOW)).toEqual({ finishAt: NOW, fraction: 1 });
  });

  it("stays in the future while a step takes longer than expected", () => {
    const late = foldSteps(plan, [event("StepStarted", 0, { step: GROUP })]);
    const { finishAt, fraction } = expectedFinish(plan, late, NOW + 86_400_000);
    expect(finishAt).toBeGreaterThan(NOW + 86_400_000);
    expect(fraction).toBeLessThan(1);
  });
});
