import type { RolloutDocument } from "../../cli/output/rollout.ts";
import { clusterArn } from "../../core/cluster-ref.ts";
import type { Operation } from "../../core/operation/types.ts";
import type { Member } from "../../core/rollout/record.ts";
import { minorOf } from "../../core/versions/version.ts";
import type { Verdict } from "../main-job/verify.ts";
import type { Platform } from "../platform.ts";

interface Wanted {
  readonly clusters: readonly { readonly name: string; readonly region: string }[];
  readonly failing: readonly string[];
  readonly version: string;
  readonly rollout: RolloutDocument;
  readonly members: readonly Member[];
}

/** Looks at the world, not at the report: which versions run, what was started when, what is left locked. */
export async function verifyFleet(platform: Platform, wanted: Wanted): Promise<Verdict[]> {
  const { rollout, members, failing } = wanted;
  const operations = await operationsOf(platform, members);
  const nodes = wanted.clusters.map((one) => ({ name: one.name, version: nodeVersion(platform, one) }));
  const up = nodes.filter(({ version }) => version === wanted.version).map(({ name }) => name);
  const wrong = nodes
    .filter(({ name, version }) => (version === wanted.version) === failing.includes(name))
    .map(({ name, version }) => `${name} ${version}`);
  const failed = members.filter(({ status }) => status === "Failed").map(({ ref }) => ref.name);
  const most = mostAtOnce(operations);
  const limit = Math.max(...rollout.waves.map((wave) => wave.maxConcurrent));
  const early = wavesOutOfOrder(rollout, members);
  const twice = operations.length - new Set(operations.map(({ cluster }) => cluster.name)).size;
  const locked = await leases(platform);
  return [
    {
      what: `nodes of all but ${failing.length} clusters on ${wanted.version}`,
      ok: wrong.length === 0,
      seen: wrong.length === 0 ? `${up.length} clusters` : `not so: ${wrong.slice(0, 5).join(", ")}`,
    },
    {
      what: "the clusters that failed are those with faults",
      ok: failed.toSorted().join() === failing.toSorted().join(),
      seen: failed.join(", ") || "none",
    },
    {
      what: `the rollout ended as Succeeded, in ${rollout.waves.length} waves`,
      ok: rollout.status === "Succeeded" && rollout.waves.every(({ phase }) => phase === "Succeeded"),
      seen: rollout.status,
    },
    { what: `never more than ${limit} clusters in work`, ok: most <= limit, seen: `at most ${most}` },
    {
      what: "no wave began before the one before had baked",
      ok: early.length === 0,
      seen: early.length === 0 ? "in order" : early.join(", "),
    },
    {
      what: "one operation for each cluster",
      ok: twice === 0 && operations.length === wanted.clusters.length,
      seen: `${operations.length} operations`,
    },
    { what: "no lease left", ok: locked === 0, seen: locked === 0 ? "none" : String(locked) },
  ];
}

function nodeVersion(platform: Platform, one: Wanted["clusters"][number]): string {
  const arn = clusterArn({ ...one, account: platform.home.account });
  const versions = platform.kubernetes.list(arn, "Node").map(({ status }) => {
    const { kubeletVersion = "" } = (status?.nodeInfo ?? {}) as { kubeletVersion?: string };
    return kubeletVersion === "" ? "unknown" : minorOf(kubeletVersion);
  });
  return [...new Set(versions)].sort().join("+") || "no nodes";
}

async function operationsOf(platform: Platform, members: readonly Member[]): Promise<Operation[]> {
  const operations: Operation[] = [];
  for (const { id } of members.flatMap((member) => member.operations)) {
    const answer = await platform.gateway.fetch(new Request(`http://127.0.0.1/v1/operations/${id}`));
    if (answer.ok) operations.push((await answer.json()) as Operation);
  }
  return operations;
}

/** How many operations ran at once, at most. */
function mostAtOnce(operations: readonly Operation[]): number {
  const changes = operations.flatMap(({ createdAt, endedAt }) => [
    { at: Date.parse(createdAt), by: 1 },
    { at: Date.parse(endedAt ?? "9999-12-31"), by: -1 },
  ]);
  let now = 0;
  let most = 0;
  for (const { by } of changes.toSorted((a, b) => a.at - b.at || a.by - b.by)) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}

function wavesOutOfOrder(rollout: RolloutDocument, members: readonly Member[]): string[] {
  return rollout.waves.flatMap((wave, index) => {
    const before = members.filter((member) => member.wave === index - 1);
    const done = Math.max(0, ...before.map(({ endedAt }) => Date.parse(endedAt ?? "")));
    const bake = (rollout.waves[index - 1]?.bakeMinutes ?? 0) * 60_000;
    return index > 0 && Date.parse(wave.startedAt ?? "") < done + bake ? [wave.name] : [];
  });
}

async function leases(platform: Platform): Promise<number> {
  const answer = await platform.gateway.fetch(
    new Request("http://127.0.0.1/v1/operations?status=Running&limit=100"),
  );
  return ((await answer.json()) as { items: readonly object[] }).items.length;
}
