import type { CliContext, Output } from "../../cli/context.ts";
import { EXIT, type ExitCode } from "../../cli/errors.ts";
import { describeRollout, type RolloutDocument, wavesText } from "../../cli/output/rollout.ts";
import { createScreen } from "../../cli/output/screen.ts";
import { duration, secondsBetween } from "../../cli/output/text.ts";
import { run } from "../../cli/run.ts";
import { type Member, ROLLOUT_ENDED } from "../../core/rollout/record.ts";
import type { Platform } from "../platform.ts";
import { clusterName, clustersToFail, fleetClusterFile, regionOf, rolloutIn } from "./fleet-files.ts";
import { verifyFleet } from "./verify-fleet.ts";

export interface FleetJob {
  readonly platform: Platform;
  readonly clusters: number;
  /** The Rollout document, YAML. */
  readonly rollout: string;
  readonly stdout: Output;
  readonly stderr: Output;
}

const MINUTE = 60_000;
/** Simulated time between two looks at the rollout. */
const LOOK_MS = 10 * MINUTE;

/** Three clusters, one in each wave after the first, fail in ways of their own. */
const FAULTS = [
  { name: "ControlPlaneUpgradeFails", of: "" },
  { name: "AddonUpdateFails", of: "/addon/kube-proxy" },
  { name: "InsightsBlockUpgrade", of: "" },
] as const;

/**
 * A fleet of simulated clusters, provisioned through the API, and the example rollout over all of them, with three
 * that fail: in virtual time, through the workflows that are deployed. Shows how it goes and looks whether what it
 * says is true.
 */
export async function runFleetJob(job: FleetJob): Promise<ExitCode> {
  const { platform, stdout, clusters } = job;
  const { clock } = platform.kernel;
  return clock.until(
    (async () => {
      await provision(job);
      const spec = rolloutIn(job.rollout);
      const failing = clustersToFail(spec, clusters, platform.home.account).slice(0, FAULTS.length);
      for (const [i, cluster] of failing.entries()) {
        const { name = "", of = "" } = FAULTS[i] ?? {};
        platform.faults.inject({ name, subject: `cluster/${cluster}${of}` });
        stdout.write(`Fault: ${name} in ${cluster}\n`);
      }
      const slipway = cli(job);
      await slipway(["rollout", "-f", "examples/rollout.yaml", "--yes"]);
      const rollout = await follow(job);
      const members = await membersOf(platform, rollout);
      stdout.write(`\n${describeRollout(rollout, members, stdout)}`);
      const verdicts = await verifyFleet(platform, {
        clusters: Array.from({ length: clusters }, (_, i) => ({ name: clusterName(i), region: regionOf(i) })),
        failing,
        version: spec.action.type === "upgrade" ? spec.action.to : "",
        rollout,
        members,
      });
      stdout.write("\nVerified\n");
      for (const { what, ok, seen } of verdicts)
        stdout.write(`  ${ok ? "✔" : "✗"} ${what.padEnd(52)} ${seen}\n`);
      return verdicts.every(({ ok }) => ok) ? EXIT.done : EXIT.failed;
    })(),
  );
}

/** Applies every file and waits until Slipway has made the clusters. */
async function provision({ platform, clusters, stdout }: FleetJob): Promise<void> {
  const { clock } = platform.kernel;
  stdout.write(
    `Provisioning ${clusters} clusters on Kubernetes 1.34, in ${new Set(Array.from({ length: clusters }, (_, i) => regionOf(i))).size} regions ...\n`,
  );
  for (let i = 0; i < clusters; i++) {
    const answer = await call(platform, "PUT", `/v1/clusters/${clusterName(i)}`, fleetClusterFile(i));
    if (!answer.ok) throw new Error(`${clusterName(i)} cannot be made: ${await answer.text()}`);
  }
  for (;;) {
    await clock.sleep(LOOK_MS);
    const answer = await call(platform, "GET", "/v1/operations?status=Running&limit=1");
    const { items } = (await answer.json()) as { items: readonly object[] };
    if (items.length === 0) break;
  }
  const failed = (await (await call(platform, "GET", "/v1/operations?status=Failed&limit=5")).json()) as {
    items: readonly { readonly cluster: { readonly name: string }; readonly error?: { message: string } }[];
  };
  for (const { cluster, error } of failed.items)
    throw new Error(`${cluster.name} could not be made: ${error?.message}`);
}

function call(platform: Platform, method: string, path: string, yaml?: string): Promise<Response> {
  return platform.gateway.fetch(
    new Request(`http://127.0.0.1${path}`, {
      method,
      ...(yaml === undefined ? {} : { headers: { "content-type": "application/yaml" }, body: yaml }),
    }),
  );
}

function cli(job: FleetJob): (args: readonly string[]) => Promise<ExitCode> {
  const context: CliContext = {
    stdout: job.stdout,
    stderr: job.stderr,
    env: {},
    fetch: (input, init) => job.platform.gateway.fetch(new Request(input, init)),
    readFile: async () => job.rollout,
    confirm: async () => true,
  };
  return async (args) => {
    job.stdout.write(`\n$ slipway ${args.join(" ")}\n`);
    return run(args, context);
  };
}

/** Shows the rollout until it has ended: on a terminal its waves, redrawn; elsewhere its log. */
async function follow({ platform, stdout }: FleetJob): Promise<RolloutDocument> {
  const { clock } = platform.kernel;
  const screen = stdout.isTTY && stdout.stream ? createScreen(stdout.stream) : undefined;
  const list = (await (await call(platform, "GET", "/v1/rollouts")).json()) as { items: RolloutDocument[] };
  const id = list.items[0]?.id ?? "";
  const seen = new Set<string>();
  for (;;) {
    const rollout = (await (await call(platform, "GET", `/v1/rollouts/${id}`)).json()) as RolloutDocument;
    if (screen) screen.draw(wavesText(rollout, stdout).trimEnd().split("\n"));
    else
      for (const { at, message } of rollout.log) {
        if (seen.has(`${at} ${message}`)) continue;
        seen.add(`${at} ${message}`);
        stdout.write(`${`+${duration(secondsBetween(rollout.createdAt, at))}`.padStart(9)}  ${message}\n`);
      }
    if (ROLLOUT_ENDED.has(rollout.status)) {
      screen?.end();
      return rollout;
    }
    await clock.sleep(LOOK_MS);
  }
}

async function membersOf(platform: Platform, rollout: RolloutDocument): Promise<Member[]> {
  const members: Member[] = [];
  for (const wave of rollout.waves.keys()) {
    let nextToken: string | undefined;
    do {
      const path = `/v1/rollouts/${rollout.id}/waves/${wave + 1}/members?limit=500${nextToken ? `&nextToken=${nextToken}` : ""}`;
      const page = (await (await call(platform, "GET", path)).json()) as {
        items: Member[];
        nextToken?: string;
      };
      members.push(...page.items);
      nextToken = page.nextToken;
    } while (nextToken);
  }
  return members;
}
