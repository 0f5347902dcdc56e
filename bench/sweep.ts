import { MemoryStore } from "../adapters/store/memory-store.ts";
import { clusterKey } from "../core/cluster-ref.ts";
import type { CallRecord } from "../local/aws/contract.ts";
import { createPlatform } from "../local/platform.ts";
import type { Figure } from "./report.ts";

/** EKS allows 100 clusters in a region. */
const REGIONS = [
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "eu-central-1",
  "eu-north-1",
  "us-east-1",
  "us-east-2",
  "us-west-2",
  "ap-southeast-1",
  "ap-southeast-2",
];
const CLUSTERS = 1000;
const HOUR_MS = 3_600_000;

/** US dollars, us-east-1, on demand: Lambda arm64 per GB-s, DynamoDB per read and write unit. */
const LAMBDA_GB_SECOND = 0.0000133334;
const WRITE_UNIT = 0.625 / 1_000_000;
/** What a call of EKS takes on AWS, and how many of a cluster are beside one another; assumptions. */
const SECONDS_PER_CALL = 0.08;
const BESIDE = 3;
const GB = 1;
const HOURS_A_MONTH = 730;

type Call = (operation: string, input: object) => Promise<Record<string, unknown>>;

/** A small cluster as another tool made it: three add-ons, one person's access entry. */
async function make(call: Call, name: string, subnetIds: readonly string[], roleArn: string): Promise<void> {
  await call("CreateCluster", {
    name,
    roleArn,
    resourcesVpcConfig: { subnetIds },
    accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
  });
}

async function fill(call: Call, clusterName: string, roleArn: string): Promise<void> {
  for (const addonName of ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"])
    await call("CreateAddon", { clusterName, addonName });
  await call("CreateAccessEntry", { clusterName, principalArn: roleArn });
}

/**
 * The schedule that looks at every cluster once an hour, over 1,000 simulated clusters in ten regions: how many an
 * hour, calls per cluster, the most that a region is asked in a run, and what it costs.
 */
export async function benchSweep(): Promise<Figure[]> {
  const store = new MemoryStore();
  const platform = await createPlatform({ time: { kind: "virtual" }, store, furnish: false });
  const { clock } = platform.kernel;
  const { account } = platform.home;
  const arn = `arn:aws:iam::${account}:user/bench`;
  const principal = { type: "IAMUser", arn, account, accessKeyId: "" } as const;
  const caller =
    (region: string, service = "eks"): Call =>
    (operation, input) =>
      (platform.endpoint as unknown as { call: AnyCall }).call(service, operation, input, {
        account,
        region,
        principal,
      });
  const begun = performance.now();
  await clock.until(
    (async () => {
      const trust = JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: { Service: "eks.amazonaws.com" }, Action: "sts:AssumeRole" },
        ],
      });
      const made = await caller("us-east-1", "iam")("CreateRole", {
        RoleName: "fleet",
        AssumeRolePolicyDocument: trust,
      });
      const role = (made.Role as { Arn: string }).Arn;
      for (const [r, region] of REGIONS.entries()) {
        const { Subnets = [] } = (await caller(region, "ec2")("DescribeSubnets", {})) as {
          Subnets?: { SubnetId: string }[];
        };
        const subnets = Subnets.slice(0, 2).map(({ SubnetId }) => SubnetId);
        for (let i = r; i < CLUSTERS; i += REGIONS.length)
          await make(caller(region), nameOf(i), subnets, role);
      }
      await clock.sleep(20 * 60_000);
      for (let i = 0; i < CLUSTERS; i++) await fill(caller(regionOf(i)), nameOf(i), role);
      await clock.sleep(10 * 60_000);
    })(),
  );
  const setUp = performance.now() - begun;
  for (let i = 0; i < CLUSTERS; i++) {
    const ref = { account, region: regionOf(i), name: nameOf(i) };
    await store.putCluster({
      ref,
      config: {
        apiVersion: "eksctl.io/v1alpha5",
        kind: "ClusterConfig",
        metadata: { name: ref.name, region: ref.region },
        addonsConfig: { disableDefaultAddons: true },
        addons: [{ name: "vpc-cni" }, { name: "kube-proxy" }, { name: "eks-pod-identity-agent" }],
      },
      generation: 1,
      updatedAt: new Date(clock.now()).toISOString(),
      updatedBy: arn,
    });
  }

  // The schedule has listed them.
  await clock.until(clock.sleep(600_000));

  const calls = { all: 0, eks: 0 };
  const looked = new Set<string>();
  const perMinute = new Map<string, number>();
  platform.endpoint.onCall((call: CallRecord) => {
    if (!call.scope.principal.roleArn?.endsWith("sweep-clusters")) return;
    calls.all++;
    if (call.service !== "eks") return;
    calls.eks++;
    const { region } = call.scope;
    if (call.operation === "DescribeCluster")
      looked.add(clusterKey({ account, region, name: String(call.input.name) }));
    const slot = `${region} ${Math.floor(clock.now() / 300_000)}`;
    perMinute.set(slot, (perMinute.get(slot) ?? 0) + 1);
  });
  const began = performance.now();
  await clock.until(clock.sleep(HOUR_MS));
  const wall = performance.now() - began;
  await platform.close();

  const perCluster = calls.eks / looked.size;
  const seconds = (CLUSTERS * perCluster * SECONDS_PER_CALL) / BESIDE;
  const dollars = HOURS_A_MONTH * (seconds * GB * LAMBDA_GB_SECOND + CLUSTERS * 3 * WRITE_UNIT);
  const most = Math.max(...perMinute.values()) / 300;
  return [
    {
      what: "clusters looked at in an hour, one schedule",
      value: String(looked.size),
      beside: `of ${CLUSTERS}, in ${REGIONS.length} regions`,
    },
    {
      what: "calls of EKS per cluster",
      value: perCluster.toFixed(1),
      beside: `${(calls.all / looked.size).toFixed(1)} with EC2 and CloudFormation`,
    },
    {
      what: "calls of EKS in one region, the most in five minutes",
      value: `${most.toFixed(2)}/s`,
      beside: "5/s allowed, less when EKS throttles",
    },
    {
      what: "price of a month",
      value: `$${dollars.toFixed(2)}`,
      beside: `Lambda and DynamoDB writes; ${SECONDS_PER_CALL} s a call assumed`,
    },
    {
      what: "an hour of it here",
      value: `${(wall / 1000).toFixed(1)} s`,
      beside: `${(wall / looked.size).toFixed(1)} ms a cluster; ${(setUp / 1000).toFixed(0)} s to make them`,
    },
  ];
}

type AnyCall = (
  service: string,
  operation: string,
  input: object,
  scope: object,
) => Promise<Record<string, unknown>>;

const nameOf = (i: number): string => `fleet-${String(i).padStart(4, "0")}`;
const regionOf = (i: number): string => REGIONS[i % REGIONS.length] ?? "eu-west-1";
