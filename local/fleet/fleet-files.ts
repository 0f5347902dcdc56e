import { parseDocument } from "yaml";
import { type RolloutSpec, rolloutSchema } from "../../core/rollout/schema.ts";

/** So many clusters of the simulated fleet are in the ring `canary`. */
const CANARIES = 5;

export const clusterName = (index: number): string => `fleet-${String(index + 1).padStart(4, "0")}`;

const ZONES = ["eu-west-1a", "eu-west-1b"];

/** One VPC for all of them, as platform teams share one: nobody makes 200. */
const VPC = {
  id: "vpc-0f1ee7000000000aa",
  cidr: "10.0.0.0/8",
  subnets: {
    private: Object.fromEntries(
      ZONES.map((zone, i) => [zone, { id: `subnet-0f1ee70000000000${i}`, cidr: `10.${i * 64}.0.0/12` }]),
    ),
  },
};

/** The file of a small cluster: a node, what it needs, and the labels that the example rollout selects by. */
export function fleetClusterFile(index: number): string {
  const name = clusterName(index);
  const config = {
    apiVersion: "eksctl.io/v1alpha5",
    kind: "ClusterConfig",
    metadata: { name, region: "eu-west-1", version: "1.34", tags: { environment: "production" } },
    vpc: VPC,
    addons: [{ name: "vpc-cni" }, { name: "kube-proxy" }],
    managedNodeGroups: [
      {
        name: "workers",
        instanceType: "m6i.large",
        desiredCapacity: 1,
        minSize: 1,
        maxSize: 3,
        privateNetworking: true,
      },
    ],
  };
  const policy = {
    apiVersion: "slipway.dev/v1",
    kind: "AutomationPolicy",
    metadata: { name },
    rotation: { bakeSeconds: 60 },
    ...(index < CANARIES ? { ring: "canary" } : {}),
  };
  return `${JSON.stringify(config)}\n---\n${JSON.stringify(policy)}\n`;
}

export const rolloutIn = (text: string): RolloutSpec => rolloutSchema.parse(parseDocument(text).toJS());
