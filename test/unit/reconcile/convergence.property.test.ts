import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adoptedConfig } from "../../../core/adopt/config.ts";
import { parseClusterConfig } from "../../../core/cluster-config/parse.ts";
import type { ClusterConfig } from "../../../core/cluster-config/schema.ts";
import { type GreenNodegroup, greenNodegroup, type NodegroupChange } from "../../../core/plan/green.ts";
import { type Foundation, foundationOf } from "../../../core/provision/foundation.ts";
import type { Change } from "../../../core/reconcile/change.ts";
import type { LiveState } from "../../../core/reconcile/live.ts";
import { changes, EDIT, fileOf, isOwnRole, liveState, ROLES, VIEW } from "./builders.ts";
import { afterCall } from "./model.ts";

// biome-ignore lint/suspicious/noExplicitAny: a file of any shape
type File = Record<string, any>;

const some = <T>(values: readonly T[]) => fc.constantFrom(...values);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** Files about the cluster of liveState(), with every field that an apply changes there or not. */
const file = fc
  .record({
    tags: maybe(fc.dictionary(some(["team", "cost", "env"]), some(["a", "b"]))),
    endpoints: maybe(
      some([
        { publicAccess: true },
        { publicAccess: true, privateAccess: true },
        { publicAccess: false, privateAccess: true },
      ]),
    ),
    cidrs: maybe(fc.uniqueArray(some(["10.0.0.0/8", "192.0.2.0/24", "0.0.0.0/0"]))),
    logs: maybe(fc.uniqueArray(some(["api", "audit", "scheduler", "controllerManager"]))),
    mode: maybe(some(["API_AND_CONFIG_MAP", "API"])),
    support: maybe(some(["STANDARD", "EXTENDED"])),
    shift: maybe(fc.boolean()),
    tier: maybe(some(["standard", "tier-xl"])),
    auto: maybe(fc.boolean()),
    key: maybe(fc.constant("arn:aws:kms:eu-west-1:111122223333:key/k")),
    cni: maybe(some(["v1.21.0-eksbuild.1", "1.20.0", "latest", "default"])),
    values: maybe(some(['{"env":{"A":"1"}}', 'env: { A: "2" }', "{}"])),
    defaults: fc.boolean(),
    groups: maybe(fc.uniqueArray(some(["viewers", "editors"]))),
    policies: maybe(fc.uniqueArray(some([EDIT, VIEW]))),
    scope: some([{ type: "cluster" }, { type: "namespace", namespaces: ["shop"] }]),
    podRole: some([ROLES.app, ROLES.ops]),
    pods: fc.uniqueArray(some(["cart", "pay", "mail"])),
    sizes: maybe(fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4)).map((all) => all.toSorted((a, b) => a - b))),
    labels: maybe(fc.dictionary(some(["tier", "zone", "kind"]), some(["web", "a"]))),
    taints: maybe(fc.uniqueArray(some(["only", "other"]))),
    taintValue: some(["web", "api"]),
    unavailable: maybe(some([{ maxUnavailable: 2 }, { maxUnavailablePercentage: 25 }])),
    repair: maybe(fc.boolean()),
    types: maybe(fc.uniqueArray(some(["m5.large", "m6i.large", "c5.large"]), { minLength: 1 })),
    spot: maybe(fc.boolean()),
    disk: maybe(some([80, 120])),
    subnets: maybe(fc.uniqueArray(some(["subnet-a", "subnet-b"]), { minLength: 1 })),
    family: maybe(some(["AmazonLinux2023", "Bottlerocket"])),
    extra: fc.boolean(),
    profiles: fc.uniqueArray(some(["batch", "jobs"])),
  })
  .map((choice): ClusterConfig => {
    const config = structuredClone(fileOf(liveState())) as File;
    const set = (target: File, key: string, value: unknown) => {
      if (value === undefined) delete target[key];
      else target[key] = value;
    };
    set(config.metadata, "tags", choice.tags);
    set(config.vpc, "clusterEndpoints", choice.endpoints);
    set(config.vpc, "publicAccessCIDRs", choice.cidrs);
    set(config.cloudWatch.clusterLogging, "enableTypes", choice.logs);
    set(config.accessConfig, "authenticationMode", choice.mode);
    set(config, "upgradePolicy", choice.support && { supportType: choice.support });
    set(config, "zonalShiftConfig", choice.shift === undefined ? undefined : { enabled: choice.shift });
    set(config, "controlPlaneScalingConfig", choice.tier && { tier: choice.tier });
    set(
      config,
      "autoModeConfig",
      choice.auto === undefined
        ? undefined
        : { enabled: choice.auto, ...(choice.auto ? { nodeRoleARN: ROLES.nodes } : {}) },
    );
    set(config, "secretsEncryption", choice.key && { keyARN: choice.key });
    set(config.addons[0], "version", choice.cni);
    set(config.addons[0], "configurationValues", choice.values);
    if (choice.defaults) delete config.addonsConfig;
    const [entry] = config.accessConfig.accessEntries;
    set(entry, "kubernetesGroups", choice.groups);
    set(
      entry,
      "accessPolicies",
      choice.policies?.map((policyARN) => ({ policyARN, accessScope: choice.scope })),
    );
    config.iam.podIdentityAssociations = choice.pods.map((serviceAccountName) => ({
      namespace: "shop",
      serviceAccountName,
      roleARN: choice.podRole,
    }));
    const [group] = config.managedNodeGroups;
    const [minSize, desiredCapacity, maxSize] = choice.sizes ?? [];
    set(group, "minSize", minSize);
    set(group, "desiredCapacity", desiredCapacity);
    set(group, "maxSize", maxSize === undefined ? undefined : Math.max(1, maxSize));
    set(group, "labels", choice.labels);
    set(
      group,
      "taints",
      choice.taints?.map((key) => ({ key, value: choice.taintValue, effect: "NoSchedule" })),
    );
    set(group, "updateConfig", choice.unavailable);
    set(group, "nodeRepairConfig", choice.repair === undefined ? undefined : { enabled: choice.repair });
    set(group, "instanceTypes", choice.types);
    set(group, "spot", choice.spot);
    set(group, "volumeSize", choice.disk);
    set(group, "subnets", choice.subnets);
    set(group, "amiFamily", choice.family);
    if (choice.extra)
      config.managedNodeGroups.push({
        name: "extra",
        minSize: 0,
        maxSize: 3,
        labels: { kind: "extra" },
        iam: { instanceRoleARN: ROLES.nodes },
      });
    config.fargateProfiles = choice.profiles.map((name) => ({
      name,
      podExecutionRoleARN: ROLES.app,
      selectors: [{ namespace: name }],
      subnets: ["subnet-a"],
    }));
    return parseClusterConfig(config);
  });

/** The group after its rotation: what the workflow asks EKS for. */
function rotated(live: LiveState, change: Change): LiveState {
  const blue = live.nodegroups.find((group) => group.logicalName === change.step?.target);
  if (!blue) throw new Error("a rotation of nothing");
  const green: GreenNodegroup = greenNodegroup({
    blue,
    version: live.cluster.version,
    operationId: "op-1",
    change: change.rotation as NodegroupChange,
  });
  const { scalingConfig, subnets, nodegroupName, ...rest } = green;
  const { arn, autoScalingGroups, healthIssues, logicalName, status, version } = blue;
  const taken = { arn, autoScalingGroups, healthIssues, logicalName, status, version };
  const next = {
    ...taken,
    amiType: blue.amiType,
    instanceTypes: [],
    taints: [],
    ...rest,
    ...scalingConfig,
    name: nodegroupName,
    generation: blue.generation + 1,
    subnetIds: subnets,
    ...(rest.remoteAccess ? { remoteAccessConfig: rest.remoteAccess } : {}),
  } as unknown as LiveState["nodegroups"][number];
  return { ...live, nodegroups: live.nodegroups.map((group) => (group === blue ? next : group)) };
}

const foundation: Foundation = foundationOf(fileOf(liveState()), {});

/** Does what the plan says, each step until its difference has gone. */
function carriedOut(
  live: LiveState,
  config: ClusterConfig,
  prune: boolean,
  earlier?: ClusterConfig,
): LiveState {
  const over = { prune, foundation, ...(earlier ? { earlier } : {}) };
  const planned = new Set(changes(live, config, over).flatMap((change) => change.step?.id ?? []));
  let state = live;
  for (let calls = 0; calls < 200; calls++) {
    const open = changes(state, config, over).filter((change) => change.step && planned.has(change.step.id));
    const [next] = open;
    if (!next) return state;
    state = next.call ? afterCall(state, next.call) : rotated(state, next);
  }
  throw new Error(
    `never done: ${JSON.stringify(changes(state, config, over).filter((change) => change.step))}`,
  );
}

const open = (live: LiveState, config: ClusterConfig, prune: boolean) =>
  changes(live, config, { prune, foundation, earlier: config })
    .filter((change) => change.step)
    .flatMap((change) => change.differences);

describe("an apply", () => {
  it("comes to the file, and applied again plans nothing", () => {
    fc.assert(
      fc.property(file, fc.boolean(), (config, prune) => {
        const before = liveState();
        const possible = changes(before, config, { prune, foundation }).every((change) =>
          change.differences.every((difference) => difference.how !== "immutable"),
        );
        fc.pre(possible);
        const after = carriedOut(before, config, prune);
        expect(open(after, config, prune)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it("of one file after the other comes to the last", () => {
    fc.assert(
      fc.property(fc.array(file, { minLength: 2, maxLength: 4 }), (files) => {
        let live = liveState();
        let earlier: ClusterConfig | undefined;
        for (const config of files) {
          const found = changes(live, config, { foundation, ...(earlier ? { earlier } : {}) });
          // What cannot be is refused as a whole: nothing changes.
          if (found.some((change) => change.differences.some((each) => each.how === "immutable"))) continue;
          live = carriedOut(live, config, false, earlier);
          expect(open(live, config, false)).toEqual([]);
          earlier = config;
        }
      }),
      { numRuns: 100 },
    );
  });

  it("of the file that an adoption writes changes nothing, whatever the cluster is", () => {
    fc.assert(
      fc.property(file, (config) => {
        const found = changes(liveState(), config, { foundation });
        fc.pre(found.every((change) => change.differences.every((each) => each.how !== "immutable")));
        const live = carriedOut(liveState(), config, true);
        const adopted = adoptedConfig({ live, isOwnRole }).config;
        expect(changes(live, adopted, { foundation })).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
