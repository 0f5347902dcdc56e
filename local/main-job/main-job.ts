import { readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import type { CliContext, Output } from "../../cli/context.ts";
import { EXIT, type ExitCode } from "../../cli/errors.ts";
import { run } from "../../cli/run.ts";
import type { Cluster } from "../../core/api/types.ts";
import { parseClusterFile } from "../../core/cluster-config/parse.ts";
import { clusterArn } from "../../core/cluster-ref.ts";
import type { Platform } from "../platform.ts";
import type { KubeObject } from "../world/kubernetes-contract.ts";
import { watchBudgets } from "./budget-watch.ts";
import { exampleWithNodes } from "./example.ts";
import { verify } from "./verify.ts";

export interface MainJob {
  readonly platform: Platform;
  /** Path of the ClusterConfig. */
  readonly file: string;
  /** Spread so many nodes over its groups; undefined: as the file says. */
  readonly nodes: number | undefined;
  /** Objects deployed to the cluster before the upgrade, YAML. */
  readonly workloads: string;
  readonly to: string;
  readonly stdout: Output;
  readonly stderr: Output;
}

/**
 * The main job, as a person does it with the CLI: apply a cluster file, deploy workloads, upgrade to the newest
 * version, look whether it is true. Started again on the state of a killed run, it goes on where that was.
 */
export async function runMainJob(job: MainJob): Promise<ExitCode> {
  const { platform, stdout } = job;
  const { clock } = platform.kernel;
  const violations = watchBudgets(platform.kubernetes, () => clock.now());
  const text = exampleWithNodes(await readFile(job.file, "utf8"), job.nodes);
  const { config } = parseClusterFile(text);
  const slipway = cli(job, text);
  const arn = clusterArn({ ...platform.home, region: config.metadata.region, name: config.metadata.name });

  const { name } = config.metadata;
  return clock.until(
    (async () => {
      const running = (await clusterNow(platform, name))?.operation;
      if (running) {
        const ended = await slipway(["watch", running]);
        if (ended !== EXIT.done) return ended;
      }
      if (!platform.kubernetes.hasCluster(arn)) {
        const applied = await slipway(["apply", "-f", job.file, "--wait", "--yes"]);
        if (applied !== EXIT.done) return applied;
      }
      await deployWorkloads(job, arn);
      if (!isOn(await clusterNow(platform, name), job.to)) {
        const upgraded = await slipway(["upgrade", name, "--to", job.to, "--wait", "--yes"]);
        if (upgraded !== EXIT.done) return upgraded;
      }
      const groups = config.managedNodeGroups ?? [];
      const verdicts = await verify(
        platform,
        {
          cluster: name,
          version: job.to,
          nodes: groups.reduce((sum, group) => sum + (group.desiredCapacity ?? group.minSize ?? 0), 0),
          nodegroups: groups.length,
        },
        violations,
      );
      stdout.write("\nVerified\n");
      for (const { what, ok, seen } of verdicts)
        stdout.write(`  ${ok ? "✔" : "✗"} ${what.padEnd(44)} ${seen}\n`);
      return verdicts.every((verdict) => verdict.ok) ? EXIT.done : EXIT.failed;
    })(),
  );
}

type Slipway = (args: readonly string[]) => Promise<ExitCode>;

function cli(job: MainJob, clusterFile: string): Slipway {
  const context: CliContext = {
    stdout: job.stdout,
    stderr: job.stderr,
    env: {},
    fetch: (input, init) => job.platform.gateway.fetch(new Request(input, init)),
    readFile: async () => clusterFile,
    confirm: async () => true,
  };
  return async (args) => {
    job.stdout.write(`\n$ slipway ${args.join(" ")}\n`);
    return run(args, context);
  };
}

/** The cluster as the API shows it; undefined when Slipway manages none of that name. */
async function clusterNow(platform: Platform, name: string): Promise<Cluster | undefined> {
  const response = await platform.gateway.fetch(new Request(`http://127.0.0.1/v1/clusters/${name}`));
  return response.ok ? ((await response.json()) as Cluster) : undefined;
}

const isOn = (cluster: Cluster | undefined, version: string): boolean =>
  cluster?.version === version && (cluster.nodegroups ?? []).every((group) => group.version === version);

async function deployWorkloads(job: MainJob, arn: string): Promise<void> {
  const { kubernetes, kernel } = job.platform;
  const objects = parseAllDocuments(job.workloads).map((document) => document.toJS() as KubeObject);
  for (const object of objects) {
    if (!kubernetes.get(arn, object.kind, object.metadata.namespace, object.metadata.name))
      kubernetes.apply(arn, object);
  }
  const waiting = (): boolean =>
    objects.some(({ kind, spec, metadata: { namespace, name } }) => {
      const status = kubernetes.get(arn, kind, namespace, name)?.status;
      return typeof spec?.replicas === "number" && Number(status?.readyReplicas ?? 0) < spec.replicas;
    });
  while (waiting()) await kernel.clock.sleep(5000);
  job.stdout.write(`\n${objects.length} objects of examples/workloads.yaml are deployed and ready.\n`);
}
