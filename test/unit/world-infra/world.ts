import type { Scope } from "../../../local/aws/contract.ts";
import type { VirtualClock } from "../../../local/kernel/clock.ts";
import { createKernel, type Kernel } from "../../../local/kernel/kernel.ts";
import { createFaults, type Faults } from "../../../local/world/faults.ts";
import { createInfra, type Infra } from "../../../local/world/infra/infra.ts";
import type { NodeLaunch, Place } from "../../../local/world/infra-contract.ts";
import type { NodeSpec } from "../../../local/world/kubernetes-contract.ts";

export const PLACE: Place = { account: "111122223333", region: "eu-west-1" };
export const CLUSTER = "arn:aws:eks:eu-west-1:111122223333:cluster/shop";

export const SCOPE: Scope = {
  ...PLACE,
  principal: {
    type: "AssumedRole",
    arn: "arn:aws:sts::111122223333:assumed-role/operator/test",
    account: "111122223333",
    accessKeyId: "AKIAEXAMPLE",
  },
  requestId: "00000000-0000-4000-8000-000000000000",
  userAgent: "test",
  sourceIp: "127.0.0.1",
};

export const launchOf = (nodegroupName: string, over: Partial<NodeLaunch> = {}): NodeLaunch => ({
  clusterArn: CLUSTER,
  clusterName: "shop",
  nodegroupName,
  instanceTypes: ["m5.large"],
  capacityType: "ON_DEMAND",
  amiType: "AL2023_x86_64_STANDARD",
  releaseVersion: "1.33.4-20250904",
  kubeletVersion: "v1.33.4-eks-3abbec1",
  labels: { tier: "web" },
  taints: [],
  ...over,
});

export interface World {
  readonly kernel: Kernel;
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly infra: Infra;
  /** Nodes that have registered and are not removed. */
  readonly nodes: Map<string, NodeSpec>;
  /** Subnet ids of the default VPC. */
  readonly subnets: string[];
  advance(seconds: number): Promise<void>;
}

/** An infra world on virtual time with the least Kubernetes that takes nodes. */
export function world(
  options: { seed?: number; journal?: string; nodes?: Map<string, NodeSpec> } = {},
): World {
  const kernel = createKernel({
    time: { kind: "virtual" },
    seed: options.seed ?? 1,
    ...(options.journal === undefined ? {} : { journal: options.journal }),
  });
  const clock = kernel.clock as VirtualClock;
  const faults = createFaults();
  const nodes = options.nodes ?? new Map<string, NodeSpec>();
  const infra = createInfra({
    kernel,
    faults,
    kubernetes: {
      hasCluster: (arn) => arn === CLUSTER,
      addNode: (_arn, spec) => {
        if (nodes.has(spec.name)) throw new Error(`node ${spec.name} is already there`);
        nodes.set(spec.name, spec);
      },
      removeNode: (_arn, name) => {
        if (!nodes.delete(name)) throw new Error(`node ${name} is not there`);
      },
      setNodeReady: (_arn, name) => {
        if (!nodes.has(name)) throw new Error(`node ${name} is not there`);
      },
    },
  });
  kernel.timers.start();
  const described = infra.ec2.DescribeSubnets({}, SCOPE).Subnets ?? [];
  return {
    kernel,
    clock,
    faults,
    infra,
    nodes,
    subnets: described.map((subnet) => subnet.SubnetId ?? ""),
    advance(seconds) {
      const end = clock.now() + seconds * 1000;
      const arrived = clock.advance(seconds * 1000);
      // The clock fires one timer more than it is asked to: this one, so that time stops where it should.
      clock.at(end, () => {});
      return arrived;
    },
  };
}

export function group(
  w: World,
  name: string,
  desired: number,
  over: {
    min?: number;
    max?: number;
    subnetIds?: string[];
    launch?: Partial<NodeLaunch>;
    drain?: boolean;
  } = {},
) {
  return w.infra.createAsg(PLACE, {
    name,
    min: over.min ?? 0,
    max: over.max ?? 450,
    desired,
    subnetIds: over.subnetIds ?? w.subnets,
    launch: launchOf(name, over.launch),
    tags: { "eks:nodegroup-name": name },
    ...(over.drain ? { drainBeforeTermination: true } : {}),
  });
}

export const zoneCounts = (w: World, name: string): number[] => {
  const counts = new Map<string, number>();
  for (const instance of w.infra.instancesOf(PLACE, name))
    if (instance.state === "running" || instance.state === "pending")
      counts.set(instance.zone, (counts.get(instance.zone) ?? 0) + 1);
  return [...counts.values()].sort((a, b) => a - b);
};

export const freeIps = (w: World): number[] =>
  (w.infra.ec2.DescribeSubnets({}, SCOPE).Subnets ?? []).map((s) => s.AvailableIpAddressCount ?? -1);
