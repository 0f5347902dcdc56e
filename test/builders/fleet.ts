import type { RolloutDocument } from "../../cli/output/rollout.ts";
import type { Member } from "../../core/rollout/record.ts";
import type { RolloutSpecInput } from "../../core/rollout/schema.ts";
import type { CliRun } from "./cli.ts";
import { runCli } from "./cli.ts";
import { type Rig, type RigOptions, startRig } from "./platform.ts";

export interface FleetCluster {
  readonly name: string;
  readonly version?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly nodes?: number;
  /** More of the ClusterConfig, and of its node group. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly group?: Readonly<Record<string, unknown>>;
}

/** The file of a small cluster: one node group, two add-ons. */
export function fleetFile({
  name,
  version = "1.34",
  tags,
  policy,
  nodes = 1,
  ...more
}: FleetCluster): string {
  const config = {
    apiVersion: "eksctl.io/v1alpha5",
    kind: "ClusterConfig",
    metadata: { name, region: "eu-west-1", version, ...(tags ? { tags } : {}) },
    availabilityZones: ["eu-west-1a", "eu-west-1b"],
    addons: [{ name: "vpc-cni" }, { name: "kube-proxy" }],
    managedNodeGroups: [
      {
        name: "workers",
        instanceType: "m6i.large",
        desiredCapacity: nodes,
        minSize: 1,
        maxSize: nodes + 2,
        ...more.group,
      },
    ],
    ...more.config,
  };
  const document = {
    apiVersion: "slipway.dev/v1",
    kind: "AutomationPolicy",
    metadata: { name },
    rotation: { bakeSeconds: 0 },
    ...policy,
  };
  return `${JSON.stringify(config)}\n---\n${JSON.stringify(document)}\n`;
}

export interface FleetRig extends Rig {
  rollout(spec: Partial<RolloutSpecInput>, ...flags: string[]): Promise<CliRun>;
  /** Sends the document without following it; its id. */
  begin(spec: Partial<RolloutSpecInput>): Promise<string>;
  described(id: string): Promise<RolloutDocument & { clusters: Member[] }>;
  pass(minutes: number): Promise<void>;
  /** Stops the execution of a rollout, as somebody at the console may. */
  kill(id: string): Promise<void>;
}

export const rolloutFile = (spec: Partial<RolloutSpecInput>): string =>
  JSON.stringify({
    apiVersion: "slipway.dev/v1",
    kind: "Rollout",
    metadata: { name: "test" },
    select: { all: true },
    action: { type: "upgrade", to: "1.35" },
    ...spec,
  });

/** A platform with these clusters, all provisioned. */
export async function startFleet(
  clusters: readonly FleetCluster[],
  options: RigOptions = {},
  before: (rig: Rig) => void = () => {},
): Promise<FleetRig> {
  const rig = await startRig(options);
  before(rig);
  const { clock } = rig.platform.kernel;
  const pass = (minutes: number): Promise<void> => clock.until(clock.sleep(minutes * 60_000));
  for (const cluster of clusters) {
    const made = await rig.api("PUT", `/v1/clusters/${cluster.name}`, fleetFile(cluster));
    if (made.status !== 202) throw new Error(`${cluster.name}: ${await made.text()}`);
  }
  await pass(90);
  const fetch = (request: Request): Promise<Response> => rig.platform.gateway.fetch(request);
  const rollout: FleetRig["rollout"] = (spec, ...flags) =>
    clock.until(
      runCli(["rollout", "-f", "rollout.yaml", ...flags], fetch, { "rollout.yaml": rolloutFile(spec) }),
    );
  const described = async (id: string): Promise<RolloutDocument & { clusters: Member[] }> => {
    const run = await rig.slipway("describe", "rollout", id, "-o", "json");
    return JSON.parse(run.stdout) as RolloutDocument & { clusters: Member[] };
  };
  return Object.assign(rig, {
    pass,
    described,
    async kill(id: string) {
      const { executionArn } = await described(id);
      const arn = "arn:aws:iam::111122223333:root";
      const principal = { type: "Root", arn, account: "111122223333", accessKeyId: "" } as const;
      const { endpoint, home } = rig.platform;
      const input = { executionArn, error: "Killed" };
      await clock.until(
        Promise.resolve(endpoint.call("sfn", "StopExecution", input, { ...home, principal })),
      );
    },
    rollout,
    async begin(spec: Partial<RolloutSpecInput>) {
      const run = await rollout(spec);
      const id = /ro-[0-9A-HJKMNP-TV-Z]{26}/.exec(run.stdout)?.[0];
      if (!id) throw new Error(`no rollout in:\n${run.stdout}${run.stderr}`);
      return id;
    },
  });
}
