import type { CreateClusterRequest, CreateNodegroupRequest } from "@aws-sdk/client-eks";
import { AwsError, type Scope } from "../../../local/aws/contract.ts";
import type { VirtualClock } from "../../../local/kernel/clock.ts";
import { createKernel, type Kernel } from "../../../local/kernel/kernel.ts";
import type { EksHandlers } from "../../../local/world/eks/context.ts";
import { createEks } from "../../../local/world/eks/eks.ts";
import { createFaults, type Faults } from "../../../local/world/faults.ts";
import { createInfra, type Infra } from "../../../local/world/infra/infra.ts";
import type { KubernetesWorld } from "../../../local/world/kubernetes-contract.ts";
import { fakeKubernetes } from "./fake-kubernetes.ts";

export const SCOPE: Scope = {
  account: "111122223333",
  region: "eu-west-1",
  principal: {
    type: "AssumedRole",
    arn: "arn:aws:sts::111122223333:assumed-role/operator/test",
    roleArn: "arn:aws:iam::111122223333:role/operator",
    account: "111122223333",
    accessKeyId: "AKIAEXAMPLE",
  },
  requestId: "00000000-0000-4000-8000-000000000000",
  userAgent: "test",
  sourceIp: "127.0.0.1",
};

export const ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/shop";
export const CLUSTER_ROLE = "arn:aws:iam::111122223333:role/cluster";
export const NODE_ROLE = "arn:aws:iam::111122223333:role/node";

const TRUST = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "eks.amazonaws.com" }, Action: "sts:AssumeRole" }],
});

export interface World<K extends KubernetesWorld> {
  readonly kernel: Kernel;
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly infra: Infra;
  readonly kubernetes: K;
  readonly api: Required<EksHandlers>;
  readonly subnets: string[];
  advance(seconds: number): Promise<void>;
  /** Lets time pass until `done`, looking every 5 s; throws after `limit` seconds. */
  until(done: () => boolean | Promise<boolean>, limit?: number): Promise<number>;
}

export interface WorldOptions {
  readonly seed?: number;
  readonly journal?: string;
  readonly faults?: Faults;
}

/** An EKS on the real EC2 world and a Kubernetes of the caller's choice, in virtual time. */
export async function worldWith<K extends KubernetesWorld>(
  build: (kernel: Kernel, faults: Faults) => K,
  options: WorldOptions = {},
): Promise<World<K>> {
  const kernel = createKernel({
    time: { kind: "virtual" },
    seed: options.seed ?? 1,
    ...(options.journal === undefined ? {} : { journal: options.journal }),
  });
  const clock = kernel.clock as VirtualClock;
  const faults = options.faults ?? createFaults();
  const kubernetes = build(kernel, faults);
  const infra = createInfra({ kernel, kubernetes, faults });
  const eks = createEks({ kernel, kubernetes, infra, faults });
  kernel.timers.start();
  for (const role of ["cluster", "node"])
    if (!infra.roleExists(`arn:aws:iam::${SCOPE.account}:role/${role}`))
      await infra.iam.CreateRole({ RoleName: role, AssumeRolePolicyDocument: TRUST }, SCOPE);
  const described = infra.ec2.DescribeSubnets({}, SCOPE).Subnets ?? [];
  const advance = (seconds: number): Promise<void> => {
    const end = clock.now() + seconds * 1000;
    const arrived = clock.advance(seconds * 1000);
    // The clock fires one timer more than it is asked to: this one, so that time stops where it should.
    clock.at(end, () => {});
    return arrived;
  };
  return {
    kernel,
    clock,
    faults,
    infra,
    kubernetes,
    api: eks.handlers as Required<EksHandlers>,
    subnets: described.map((subnet) => subnet.SubnetId ?? ""),
    advance,
    async until(done, limit = 4 * 3600) {
      const start = clock.now();
      while (!(await done())) {
        if (clock.now() - start > limit * 1000) throw new Error(`not done after ${limit} s of virtual time`);
        await advance(5);
      }
      return (clock.now() - start) / 1000;
    },
  };
}

export const world = (options: WorldOptions = {}) => worldWith((kernel) => fakeKubernetes(kernel), options);
export type FakeWorld = Awaited<ReturnType<typeof world>>;
type AnyWorld = World<KubernetesWorld>;

export const clusterRequest = (
  w: AnyWorld,
  over: Partial<CreateClusterRequest> = {},
): CreateClusterRequest => ({
  name: "shop",
  version: "1.33",
  roleArn: CLUSTER_ROLE,
  resourcesVpcConfig: { subnetIds: w.subnets },
  accessConfig: { authenticationMode: "API_AND_CONFIG_MAP" },
  ...over,
});

export const nodegroupRequest = (
  w: AnyWorld,
  nodegroupName: string,
  over: Partial<CreateNodegroupRequest> = {},
): CreateNodegroupRequest => ({
  clusterName: "shop",
  nodegroupName,
  subnets: w.subnets,
  nodeRole: NODE_ROLE,
  instanceTypes: ["m5.large"],
  scalingConfig: { minSize: 1, maxSize: 10, desiredSize: 3 },
  ...over,
});

export const clusterStatus = async (w: AnyWorld) =>
  (await w.api.DescribeCluster({ name: "shop" }, SCOPE)).cluster?.status;

export async function createCluster(w: AnyWorld, over: Partial<CreateClusterRequest> = {}): Promise<void> {
  await w.api.CreateCluster(clusterRequest(w, over), SCOPE);
  await w.until(async () => (await clusterStatus(w)) !== "CREATING");
}

export const nodegroup = async (w: AnyWorld, nodegroupName: string) =>
  (await w.api.DescribeNodegroup({ clusterName: "shop", nodegroupName }, SCOPE)).nodegroup ?? {};

/** Creates a group and waits until it is no longer CREATING. Returns the seconds that took. */
export async function createNodegroup(
  w: AnyWorld,
  name: string,
  over: Partial<CreateNodegroupRequest> = {},
): Promise<number> {
  await w.api.CreateNodegroup(nodegroupRequest(w, name, over), SCOPE);
  return w.until(async () => (await nodegroup(w, name)).status !== "CREATING");
}

export const addon = async (w: AnyWorld, addonName: string) =>
  (await w.api.DescribeAddon({ clusterName: "shop", addonName }, SCOPE)).addon ?? {};

/** Waits for the end of an update. */
export async function finished(
  w: AnyWorld,
  update: { id?: string | undefined } | undefined,
  of: { nodegroupName?: string; addonName?: string } = {},
) {
  const look = async () =>
    (await w.api.DescribeUpdate({ name: "shop", updateId: update?.id, ...of }, SCOPE)).update ?? {};
  const seconds = await w.until(async () => (await look()).status !== "InProgress");
  return { ...(await look()), seconds };
}

/** What a call is refused with. */
export async function refusal(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    if (error instanceof AwsError) return `${error.status} ${error.code} ${error.message}`;
    throw error;
  }
  throw new Error("the call was not refused");
}
