import { parseDocument } from "yaml";
import { type RolloutSpec, rolloutSchema } from "../../core/rollout/schema.ts";
import { type Candidate, makeWaves, selectClusters } from "../../core/rollout/waves.ts";

/** So many clusters of the simulated fleet are in the ring `canary`. */
const CANARIES = 5;

const LABELS = { environment: "production" };

export const clusterName = (index: number): string => `fleet-${String(index + 1).padStart(4, "0")}`;

/** EKS allows 100 clusters in a region: a fleet of some hundred is in several. */
const REGIONS: readonly string[] = ["eu-west-1", "eu-central-1", "us-east-1", "ap-southeast-2"];

export const regionOf = (index: number): string => REGIONS[index % REGIONS.length] ?? "eu-west-1";

/** One VPC in each region for all of its clusters, as platform teams share one: nobody makes 200. */
const vpcIn = (region: string) => {
  const n = REGIONS.indexOf(region);
  return {
    id: `vpc-0f1ee7000000000a${n}`,
    cidr: "10.0.0.0/8",
    subnets: {
      private: Object.fromEntries(
        ["a", "b"].map((zone, i) => [
          `${region}${zone}`,
          { id: `subnet-0f1ee7000000000${n}${i}`, cidr: `10.${i * 64}.0.0/12` },
        ]),
      ),
    },
  };
};

/** The file of a small cluster: a node, what it needs, and the labels that the example rollout selects by. */
export function fleetClusterFile(index: number): string {
  const name = clusterName(index);
  const region = regionOf(index);
  const config = {
    apiVersion: "eksctl.io/v1alpha5",
    kind: "ClusterConfig",
    metadata: { name, region, version: "1.34", tags: LABELS },
    vpc: vpcIn(region),
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

/** One cluster of each wave after the first, for each fault. */
export function clustersToFail(spec: RolloutSpec, clusters: number, account: string): string[] {
  const candidates = Array.from({ length: clusters }, (_, i): Candidate => {
    const ref = { account, region: regionOf(i), name: clusterName(i) };
    return { ref, labels: LABELS, ...(i < CANARIES ? { ring: "canary" } : {}) };
  });
  const [, ...later] = makeWaves(spec, selectClusters(spec.select, candidates));
  return later.flatMap((wave) => wave.clusters[Math.floor(wave.clusters.length / 2)]?.ref.name ?? []);
}

export const rolloutIn = (text: string): RolloutSpec => rolloutSchema.parse(parseDocument(text).toJS());
