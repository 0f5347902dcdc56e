import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accepted } from "../../../core/drift/accept.ts";
import {
  type Baseline,
  nextBaseline,
  type Renewed,
  withBaseline,
  withoutField,
} from "../../../core/drift/baseline.ts";
import { observe } from "../../../core/drift/observe.ts";
import { isPlanned, plannedFields, planReconcile } from "../../../core/drift/selection.ts";
import type { Observation } from "../../../core/drift/types.ts";
import { defaultPolicy } from "../../../core/policy/schema.ts";
import { changesOf } from "../../../core/reconcile/changes.ts";
import type { LiveState } from "../../../core/reconcile/live.ts";
import { comparison, EDIT, fileOf, isOwnRole, liveState, ROLES } from "../reconcile/builders.ts";
import { afterCall } from "../reconcile/model.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What somebody may do to the cluster of liveState(), each a change of what EKS tells of it. */
const HANDS: Readonly<Record<string, (live: LiveState) => LiveState>> = {
  "opens the endpoint": (live) => cluster(live, { publicAccessCidrs: ["0.0.0.0/0", "198.51.100.0/24"] }),
  "makes it private": (live) => cluster(live, { privateAccess: true }),
  "turns logs off": (live) => cluster(live, { logTypes: [] }),
  "changes support": (live) => cluster(live, { supportType: "STANDARD" }),
  "turns shift on": (live) => cluster(live, { zonalShift: true }),
  "protects it": (live) => cluster(live, { deletionProtection: true }),
  "changes a tag": (live) => cluster(live, { tags: { ...live.cluster.tags, team: "z" } }),
  "moves bounds": (live) => group(live, { minSize: 1, maxSize: 40 }),
  "sets a label": (live) => group(live, { labels: { ...live.nodegroups[0]?.labels, new: "x" } }),
  "takes taints away": (live) => group(live, { taints: [] }),
  "turns repair on": (live) => group(live, { nodeRepairConfig: { enabled: true } }),
  "changes the pace": (live) => group(live, { updateConfig: { maxUnavailable: 5 } }),
  "deletes the group": (live) => ({ ...live, nodegroups: [] }),
  "configures the CNI": (live) => addon(live, "vpc-cni", { configurationValues: '{"env":{"A":"2"}}' }),
  "updates coredns": (live) => addon(live, "coredns", { version: "v1.13.0-eksbuild.1" }),
  "removes coredns": (live) => ({ ...live, addons: live.addons.filter(({ name }) => name !== "coredns") }),
  "lets somebody in": (live) => ({
    ...live,
    accessEntries: [
      ...live.accessEntries,
      {
        principalArn: "arn:aws:iam::111122223333:role/shadow",
        arn: "",
        type: "STANDARD",
        groups: ["admins"],
        username: "arn:aws:sts::111122223333:assumed-role/shadow/{{SessionName}}",
        policies: [],
      },
    ],
  }),
  "widens a policy": (live) => ({
    ...live,
    accessEntries: live.accessEntries.map((entry) =>
      entry.principalArn === ROLES.ops
        ? { ...entry, policies: [{ policyArn: EDIT, scope: { type: "cluster", namespaces: [] } }] }
        : entry,
    ),
  }),
  "gives pods another role": (live) => ({
    ...live,
    podIdentities: live.podIdentities.map((one) => ({ ...one, roleArn: ROLES.ops })),
  }),
  "takes the role of pods": (live) => ({ ...live, podIdentities: [] }),
  "makes a Fargate profile": (live) => ({
    ...live,
    fargateProfiles: [
      ...live.fargateProfiles,
      {
        name: "x",
        status: "ACTIVE",
        roleArn: ROLES.app,
        subnets: ["subnet-a"],
        selectors: [{ namespace: "x", labels: {} }],
        tags: {},
      },
    ],
  }),
};

function cluster(live: LiveState, over: Partial<LiveState["cluster"]>): LiveState {
  return { ...live, cluster: { ...live.cluster, ...over } };
}
function group(live: LiveState, over: Partial<LiveState["nodegroups"][number]>): LiveState {
  return { ...live, nodegroups: live.nodegroups.map((one) => ({ ...one, ...over })) };
}
function addon(live: LiveState, name: string, over: Partial<LiveState["addons"][number]>): LiveState {
  return { ...live, addons: live.addons.map((one) => (one.name === name ? { ...one, ...over } : one)) };
}

const hands = fc.uniqueArray(fc.constantFrom(...Object.keys(HANDS)), { maxLength: 8 });
const touched = (names: readonly string[]): LiveState =>
  names.reduce((live, name) => HANDS[name]?.(live) ?? live, liveState());

/** Files about the cluster: with everything in them, and with sections left out. */
const SECTIONS = [
  "vpc",
  "cloudWatch",
  "upgradePolicy",
  "zonalShiftConfig",
  "iam",
  "fargateProfiles",
  "accessConfig",
  "addons",
] as const;
const files = fc
  .tuple(fc.uniqueArray(fc.constantFrom(...SECTIONS)), fc.boolean())
  .map(([without, bareGroups]) => {
    const config = structuredClone(fileOf(liveState())) as unknown as Record<string, unknown>;
    for (const section of without) delete config[section];
    if (bareGroups) config.managedNodeGroups = [{ name: "workers", iam: { instanceRoleARN: ROLES.nodes } }];
    return config as unknown as ReturnType<typeof fileOf>;
  });

const NOTHING: Renewed = { settings: false, groups: false, addons: false };

function baselineOf(
  config: ReturnType<typeof fileOf>,
  live: LiveState,
  before?: Baseline,
  renewed = NOTHING,
): Baseline {
  return nextBaseline({
    before,
    config,
    live,
    generation: 1,
    operation: "op-1",
    renewed,
    isOpen: () => false,
  });
}

function looked(live: LiveState, file: ReturnType<typeof fileOf>, baseline: Baseline) {
  const whole = withBaseline(file, baseline);
  const compared = comparison(live, whole, {
    prune: true,
    earlier: whole,
    deletionProtection: baseline.deletionProtection,
  });
  return { compared, ...observe({ comparison: compared, baseline, isOwn: () => false }) };
}

const fieldsOf = (found: readonly Observation[]): string[] => found.map(({ field }) => field).toSorted();

describe("drift of a cluster", () => {
  it("is nothing when nobody did anything, whatever the file leaves out", () => {
    fc.assert(
      fc.property(files, (file) => {
        const baseline = baselineOf(file, liveState());
        const { observations } = looked(liveState(), file, baseline);
        // What the file has not is foreign from the start; that is said, and not taken away.
        expect(observations.filter(({ how }) => how !== "left")).toEqual([]);
      }),
    );
  });

  it("is seen of everything that somebody did, also where the file says nothing of it", () => {
    fc.assert(
      fc.property(files, fc.constantFrom(...Object.keys(HANDS)), (file, hand) => {
        const baseline = baselineOf(file, liveState());
        const before = new Set(
          looked(liveState(), file, baseline).observations.map((one) => JSON.stringify(one)),
        );
        const { observations } = looked(touched([hand]), file, baseline);
        const news = observations.filter((one) => !before.has(JSON.stringify(one)));
        const sections: Readonly<Record<string, string>> = {
          "widens a policy": "accessConfig",
          "gives pods another role": "iam",
          "takes the role of pods": "iam",
          "configures the CNI": "addons",
          "changes a tag": "never",
        };
        // Contents of what a file does not list are nobody's: that it is there is said as long as it is.
        const section = sections[hand] ?? "never";
        if (section === "never" || section in file) expect(news.length).toBeGreaterThan(0);
      }),
      { numRuns: 400 },
    );
  });

  it("brought back by its plan is gone, and nothing else was touched", () => {
    fc.assert(
      fc.property(files, hands, fc.infiniteStream(fc.boolean()), (file, names, choice) => {
        const baseline = baselineOf(file, liveState());
        // The model makes groups without all that EKS gives them.
        const start = touched(names.filter((name) => name !== "deletes the group"));
        const { observations, compared } = looked(start, file, baseline);
        const allowed = new Set(
          observations
            .filter(({ step }) => step !== undefined && choice.next().value)
            .map(({ field }) => field),
        );
        const plan = planReconcile(compared, allowed, defaultPolicy);
        if (!plan) return;
        for (const field of plannedFields(plan)) expect(allowed.has(field)).toBe(true);
        let live = start;
        for (let i = 0; i < 60; i++) {
          const { compared: now } = looked(live, file, baseline);
          const steps = new Set(plan.phases[0]?.steps.map(({ id }) => id));
          const [next] = changesOf(now).filter(
            (change) => change.step && change.call && steps.has(change.step.id) && isPlanned(plan, change),
          );
          if (!next?.call) break;
          live = afterCall(live, next.call);
        }
        const left = looked(live, file, baseline).observations;
        const planned = plannedFields(plan);
        expect(fieldsOf(left)).toEqual(fieldsOf(observations.filter(({ field }) => !planned.has(field))));
      }),
      { numRuns: 300 },
    );
  });

  it("accepted field by field is gone, and the file is a valid one", () => {
    fc.assert(
      fc.property(hands, (names) => {
        const file = fileOf(liveState());
        const live = touched(names);
        let baseline = baselineOf(file, liveState());
        let config = file;
        for (const { field } of looked(live, file, baseline).observations) {
          if (field !== "deletionProtection") config = accepted(config, field, live, isOwnRole);
          baseline = withoutField(baseline, field);
        }
        const { deletionProtection } = live.cluster;
        const left = looked(live, config, baselineOf(config, live, { ...baseline, deletionProtection }));
        expect(fieldsOf(left.observations)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("is not made of what Slipway changed itself: the baseline follows", () => {
    fc.assert(
      fc.property(files, hands, (file, names) => {
        const before = baselineOf(file, liveState());
        const live = touched(names);
        const all = { settings: true, groups: true, addons: true };
        const after = baselineOf(file, live, before, all);
        const silent = (field: string) => fieldsOf(looked(live, file, after).observations).includes(field);
        expect(silent("deletionProtection")).toBe(false);
        for (const [name, value] of Object.entries(after.settings))
          if (before.settings[name] !== value) expect(silent(name)).toBe(false);
        // Without an operation of Slipway's it stays as it was.
        const kept: Writable<Baseline> = baselineOf(file, live, before);
        expect(kept.settings).toEqual(before.settings);
      }),
    );
  });
});
