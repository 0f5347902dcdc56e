import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countOf, decideRemediation } from "../../../core/nodes/decide.ts";
import type { ObservedNode } from "../../../core/nodes/facts.ts";
import { healthOf } from "../../../core/nodes/health.ts";
import {
  type AutomationState,
  activeOf,
  emptyAutomation,
  type Remediation,
  withEnded,
  withStarted,
} from "../../../core/nodes/history.ts";
import type { NodesPolicy } from "../../../core/policy/nodes.ts";
import { condition, group, MINUTE, NOW, node, observation, policyOf } from "./builders.ts";

const DAY = 24 * 60 * MINUTE;
const GROUPS = ["a", "b"];

/** What can happen between two looks; looks come at any time, twice, and late. */
type Step =
  | { readonly do: "look" | "again" }
  | { readonly do: "pass"; readonly minutes: number }
  | { readonly do: "turn"; readonly node: number; readonly to: "True" | "False" | "Unknown" }
  | { readonly do: "cordon"; readonly node: number }
  | { readonly do: "spot"; readonly node: number }
  | { readonly do: "end"; readonly outcome: "succeeded" | "failed" | "skipped" }
  | { readonly do: "late"; readonly outcome: "succeeded" | "failed" };

const index = fc.nat({ max: 15 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>({ do: "look" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "again" }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("pass" as const), minutes: fc.integer({ min: 1, max: 400 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("turn" as const),
      node: index,
      to: fc.constantFrom("True" as const, "False" as const, "Unknown" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cordon" as const), node: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("spot" as const), node: index }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("end" as const),
      outcome: fc.constantFrom("succeeded" as const, "failed" as const, "skipped" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("late" as const),
      outcome: fc.constantFrom("succeeded" as const, "failed" as const),
    }),
  },
);

const policies: fc.Arbitrary<NodesPolicy> = fc
  .record({
    mode: fc.constantFrom("off" as const, "report" as const, "remediate" as const, "remediate" as const),
    maxConcurrent: fc.constantFrom(1, 2, 3, "25%" as const, "50%" as const),
    falseSignal: fc.constantFrom(2, 5, "50%" as const, "100%" as const),
    confirmSeconds: fc.constantFrom(0, 60, 300),
    coolDownSeconds: fc.constantFrom(0, 900, 7200),
    breaker: fc.integer({ min: 1, max: 6 }),
  })
  .map((fields) => policyOf(fields));

/** A cluster of eight nodes in each of two groups, and the automation beside it. */
class Model {
  now = NOW;
  state: AutomationState = emptyAutomation;
  nodes: ObservedNode[] = Array.from({ length: 16 }, (_, i) =>
    node(`n${i}`, { nodegroup: `${GROUPS[i % 2]}-1` }),
  );
  starts: { at: number; group: string }[] = [];
  ends: { at: number; group: string }[] = [];
  operations = 0;

  change(i: number, fields: Partial<ObservedNode>): void {
    const current = this.nodes[i];
    if (current) this.nodes[i] = { ...current, ...fields };
  }

  facts() {
    return observation(this.nodes, {
      groups: GROUPS.map((name) => group({ name: `${name}-1`, logicalName: name })),
    });
  }

  /** One look, with what must hold of it whatever happened before. */
  look(policy: NodesPolicy): void {
    const { now } = this;
    const before = this.state;
    const decision = decideRemediation(this.facts(), policy, before, now);
    const wanted = new Set<string>(policy.conditions);
    if (policy.mode !== "remediate" || before.breaker) expect(decision.remediate).toEqual([]);
    for (const chosen of decision.remediate) {
      const health = healthOf(chosen, wanted, now);
      expect(health.state).toBe("sick");
      if (health.state === "sick")
        expect(now - health.since).toBeGreaterThanOrEqual(policy.confirmSeconds * 1000);
      expect(chosen.cordoned && chosen.cordonedBy === undefined).toBe(false);
      const name = chosen.nodegroup?.slice(0, 1) ?? "";
      for (const end of this.ends)
        if (end.group === name) expect(now - end.at).toBeGreaterThanOrEqual(policy.coolDownSeconds * 1000);
    }
    this.operations++;
    const started = decision.remediate.map(
      (chosen): Remediation => ({
        operationId: `op-${this.operations}`,
        node: chosen.name,
        group: chosen.nodegroup ?? "",
        logicalGroup: chosen.nodegroup?.slice(0, 1) ?? "",
        kind: "remediation",
        action: "terminate",
        why: "",
        startedAt: now,
      }),
    );
    this.starts.push(...started.map((entry) => ({ at: now, group: entry.logicalGroup })));
    this.state = {
      ...withStarted(before, started, now),
      ...(decision.trip === undefined ? {} : { breaker: { openedAt: now, reason: decision.trip } }),
    };
    for (const name of GROUPS) {
      const out = new Set([
        ...activeOf(this.state)
          .filter((entry) => entry.logicalGroup === name)
          .map((entry) => entry.node),
        ...this.nodes
          .filter((n) => n.nodegroup === `${name}-1` && n.cordonedBy !== undefined)
          .map((n) => n.name),
      ]);
      const ours = started.filter((entry) => entry.logicalGroup === name).length;
      if (ours > 0) expect(out.size).toBeLessThanOrEqual(countOf(policy.maxConcurrent, 8, 1));
    }
    const today = this.starts.filter((start) => now - start.at < DAY).length;
    expect(today).toBeLessThanOrEqual(policy.breaker + this.skipped);
  }

  /** Those that were left alone in the end do not count for the breaker. */
  skipped = 0;

  end(outcome: "succeeded" | "failed" | "skipped"): void {
    const [first] = activeOf(this.state);
    if (!first) return;
    if (outcome === "skipped") this.skipped++;
    else this.ends.push({ at: this.now, group: first.logicalGroup });
    this.state = withEnded(this.state, first, { at: this.now, outcome });
  }
}

describe("whatever the events", () => {
  it("no healthy node, no mode but remediate, budget, cool-down and breaker hold", () => {
    fc.assert(
      fc.property(policies, fc.array(step, { minLength: 5, maxLength: 60 }), (policy, steps) => {
        const model = new Model();
        for (const what of steps) {
          if (what.do === "pass") model.now += what.minutes * MINUTE;
          else if (what.do === "turn")
            model.change(what.node, { conditions: [condition("Ready", what.to, model.now)] });
          else if (what.do === "cordon") model.change(what.node, { cordoned: true });
          else if (what.do === "spot") model.change(what.node, { cordoned: true, cordonedBy: "spot" });
          else if (what.do === "end") model.end(what.outcome);
          else if (what.do === "late") {
            // The end of something that ended long ago, told again: the first end counts.
            const past = model.state.remediations.find((entry) => entry.endedAt !== undefined);
            const before = model.state;
            if (past) model.state = withEnded(model.state, past, { at: model.now, outcome: what.outcome });
            expect(model.state).toEqual(before);
          } else {
            model.look(policy);
            if (what.do === "again") model.look(policy);
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  it("the order of nodes, and a second look, change nothing", () => {
    fc.assert(
      fc.property(
        policies,
        fc.array(fc.constantFrom("True", "Unknown"), { minLength: 2, maxLength: 16 }),
        fc.infiniteStream(fc.nat()),
        (policy, states, stream) => {
          const nodes = states.map((status, i) =>
            node(`n${i}`, { nodegroup: "a-1", conditions: [condition("Ready", status, NOW - DAY + i)] }),
          );
          const order = new Map(nodes.map(({ name }) => [name, stream.next().value]));
          const shuffled = nodes.toSorted((x, y) => (order.get(x.name) ?? 0) - (order.get(y.name) ?? 0));
          const groups = [group({ name: "a-1", logicalName: "a" })];
          const one = decideRemediation(observation(nodes, { groups }), policy, emptyAutomation, NOW);
          const other = decideRemediation(observation(shuffled, { groups }), policy, emptyAutomation, NOW);
          expect(other).toEqual(one);
          const started = one.remediate.map(
            (chosen): Remediation => ({
              operationId: "op-1",
              node: chosen.name,
              group: "a-1",
              logicalGroup: "a",
              kind: "remediation",
              action: "terminate",
              why: "",
              startedAt: NOW,
            }),
          );
          const after = withStarted(emptyAutomation, started, NOW);
          expect(withStarted(after, started, NOW)).toEqual(after);
          const again = decideRemediation(observation(nodes, { groups }), policy, after, NOW);
          const names = new Set(started.map((entry) => entry.node));
          for (const chosen of again.remediate) expect(names.has(chosen.name)).toBe(false);
          expect(again.remediate.length + started.length).toBeLessThanOrEqual(
            countOf(policy.maxConcurrent, nodes.length, 1),
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});
