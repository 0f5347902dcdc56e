import { afterEach, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { ClusterDrift } from "../../core/api/routes/drift.ts";
import type { CallRecord } from "../../local/aws/contract.ts";
import { seededRandom } from "../../local/kernel/random.ts";
import { type Rig, startRig } from "../builders/platform.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

const MINUTE = 60_000;
const ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/demo";

/** Ways to change the example cluster, with the class of drift that each is. */
const HANDS: readonly (readonly [string, string, object])[] = [
  ["tags", "TagResource", { resourceArn: ARN, tags: { team: "others" } }],
  ["tags", "TagResource", { resourceArn: ARN, tags: { team: "third" } }],
  ["tags", "TagResource", { resourceArn: ARN, tags: { team: "platform" } }],
  ["logging", "UpdateClusterConfig", { logging: { clusterLogging: [{ types: ["audit"], enabled: false }] } }],
  ["logging", "UpdateClusterConfig", { logging: { clusterLogging: [{ types: ["audit"], enabled: true }] } }],
  ["protection", "UpdateClusterConfig", { deletionProtection: true }],
  [
    "endpoint-access",
    "UpdateClusterConfig",
    { resourcesVpcConfig: { publicAccessCidrs: ["198.51.100.0/24"] } },
  ],
  ["nodegroup", "UpdateNodegroupConfig", { nodegroupName: "workers-1", scalingConfig: { maxSize: 13 } }],
  ["nodegroup", "UpdateNodegroupConfig", { nodegroupName: "workers-1", scalingConfig: { desiredSize: 5 } }],
];

/** Which class a call of Slipway's remediation brings back. */
function classOf({ operation, input }: CallRecord): string {
  if (operation === "TagResource" || operation === "UntagResource") return "tags";
  if (operation === "UpdateNodegroupConfig") return "nodegroup";
  if (input.logging) return "logging";
  return input.deletionProtection === undefined ? "endpoint-access" : "protection";
}

/**
 * Two people (or controllers) change the cluster for two hours, while events about it come late, twice, or never.
 * Whatever they do, only what the policy allows is brought back, no field more than twice within an hour; and when
 * they stop, what is recorded is what is true.
 */
it.each([1, 2, 3, 4])(
  "storm %i: allowed things only, no loop, and the truth in the end",
  async (seed) => {
    const on = await startRig({ seed });
    rig = on;
    const random = seededRandom(seed * 7919);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const classes = {
      tags: "remediate",
      logging: pick(["remediate", "report"]),
      protection: pick(["remediate", "ignore"]),
      "endpoint-access": pick(["report", "approve"]),
      nodegroup: pick(["remediate", "approve"]),
    };
    const allowed = new Set(
      Object.entries(classes).flatMap(([name, mode]) => (mode === "remediate" ? [name] : [])),
    );
    const [config = "", policy = ""] = on.clusterFile.split(/^---$/m);
    on.clusterFile = `${config}---\n${stringify({ ...parse(policy), drift: { mode: "report", classes } })}`;
    await on.provision({ workloads: false });
    const { faults, endpoint, home, kernel } = on.platform;
    const { clock } = kernel;
    faults.inject({ name: "CloudTrailEventLate", subject: "/demo", times: 5, args: { seconds: "2400" } });
    faults.inject({ name: "CloudTrailEventTwice", subject: "Tag", times: 8 });
    faults.inject({ name: "CloudTrailEventMissing", subject: "UpdateClusterConfig", times: 2 });

    const undone: { class: string; at: number }[] = [];
    endpoint.onCall((call) => {
      if (call.service === "eks" && call.scope.principal.roleArn?.endsWith("slipway-local-reconcile-drift"))
        if (!/^Describe/.test(call.operation) && !call.error)
          undone.push({ class: classOf(call), at: clock.now() });
    });
    const begun = clock.now();
    while (clock.now() - begun < 120 * MINUTE) {
      const [, operation, input] = pick(HANDS);
      const role = pick(["terraform", "PlatformAdmin"]);
      const principal = {
        type: "AssumedRole",
        arn: `arn:aws:sts::${home.account}:assumed-role/${role}/x`,
        roleArn: `arn:aws:iam::${home.account}:role/${role}`,
        account: home.account,
        accessKeyId: "ASIAEXAMPLE",
      } as const;
      const named = operation === "UpdateNodegroupConfig" ? { clusterName: "demo" } : { name: "demo" };
      const request = operation === "TagResource" ? input : { ...named, ...input };
      // Somebody else's update may be in the way: then this one was not made.
      await clock.until(
        (endpoint.call as (...args: unknown[]) => Promise<unknown>)("eks", operation, request, {
          ...home,
          principal,
        }).catch(() => undefined),
      );
      await clock.until(clock.sleep(Math.ceil(random() * 12 * MINUTE)));
    }
    await clock.until(clock.sleep(150 * MINUTE));

    expect(undone.filter((one) => !allowed.has(one.class))).toEqual([]);
    for (const name of allowed)
      for (const { at } of undone.filter((one) => one.class === name)) {
        const within = undone.filter(
          (one) => one.class === name && one.at >= at && one.at < at + 60 * MINUTE,
        );
        expect(within.length).toBeLessThanOrEqual(2);
      }
    const recorded = (await (await on.api("GET", "/v1/clusters/demo/drift")).json()) as ClusterDrift;
    const looked = (await (
      await on.api("POST", "/v1/clusters/demo/reconciliations", {})
    ).json()) as ClusterDrift;
    const truth = ({ items }: ClusterDrift) => items.map(({ field, actual }) => `${field} ${actual}`);
    expect(truth(recorded)).toEqual(truth(looked));
    const { cluster } = (await clock.until(
      (endpoint.call as (...args: unknown[]) => Promise<unknown>)(
        "eks",
        "DescribeCluster",
        { name: "demo" },
        {
          ...home,
          principal: {
            type: "IAMUser",
            arn: `arn:aws:iam::${home.account}:user/x`,
            account: home.account,
            accessKeyId: "",
          },
        },
      ),
    )) as { cluster: { tags: Record<string, string> } };
    const tag = recorded.items.find(({ field }) => field === "metadata.tags.team");
    expect(cluster.tags.team).toBe(tag?.actual ?? "platform");
  },
  120_000,
);
