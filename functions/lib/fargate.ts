import type { V1Pod } from "@kubernetes/client-node";
import type { KubernetesClient } from "../../adapters/kubernetes/client.ts";
import { nodeFacts, podFacts } from "../../adapters/kubernetes/facts.ts";
import type { Follow } from "../../core/plan/follow.ts";
import { minorOf } from "../../core/versions/version.ts";

const ON_FARGATE = "eks.amazonaws.com/compute-type=fargate";

const nameOf = (pod: V1Pod): string => `${pod.metadata?.namespace ?? ""}/${pod.metadata?.name ?? ""}`;
const ownerOf = (pod: V1Pod): string =>
  pod.metadata?.ownerReferences?.find((owner) => owner.controller)?.uid ?? "";
const isWell = (pod: V1Pod): boolean =>
  pod.metadata?.deletionTimestamp === undefined &&
  (pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false);

/**
 * One pass: asks for the eviction of pods whose machine on Fargate has an older kubelet, so that their controllers
 * start them again on new machines. One pod of a controller at a time, and only while its others are well: without a
 * budget nothing else would keep a service alive. Bare pods stay, since nobody would start them again.
 */
export async function restartFargate(
  client: KubernetesClient,
  version: string,
  /** Uids of the controllers whose pods earlier passes have restarted: done when theirs are well again. */
  restarted: readonly string[],
): Promise<Follow & { readonly owners: string[] }> {
  const machines = (await client.listNodes(ON_FARGATE)).map(nodeFacts);
  const old = new Set(
    machines.filter((node) => minorOf(node.kubeletVersion) !== version).map((node) => node.name),
  );
  const owners = new Set(restarted);
  const pods = old.size === 0 && owners.size === 0 ? [] : await client.listPods();
  const byOwner = Map.groupBy(
    pods.filter((pod) => pod.status?.phase !== "Succeeded" && pod.status?.phase !== "Failed"),
    ownerOf,
  );
  const bare: string[] = [];
  const held: string[] = [];
  let left = 0;
  for (const [owner, own] of byOwner) {
    const stale = own.filter((pod) => old.has(pod.spec?.nodeName ?? ""));
    if (owner === "") {
      bare.push(...stale.map(nameOf));
      continue;
    }
    if (stale.length > 0) owners.add(owner);
    const starting = owners.has(owner) ? own.filter((pod) => !isWell(pod) && !stale.includes(pod)) : [];
    left += stale.length + starting.length;
    const there = stale.filter((pod) => pod.metadata?.deletionTimestamp === undefined);
    // One that is sick may go at once: it serves nobody.
    const chosen = own.every(isWell) ? there[0] : there.find((pod) => !isWell(pod));
    if (!chosen) continue;
    const { namespace, name } = podFacts(chosen);
    const answer = await client.evict({
      namespace,
      name,
      ...(chosen.metadata?.uid ? { uid: chosen.metadata.uid } : {}),
    });
    if (answer.result === "blocked") held.push(`${namespace}/${name} (${namespace}/${answer.budget})`);
    if (answer.result === "misconfigured") held.push(`${namespace}/${name} (${answer.message})`);
  }
  const says = [
    left === 0
      ? `the pods on Fargate run on ${version}`
      : `${left} pods on Fargate still run on machines of an older version, or are starting`,
    ...(held.length > 0 ? [`held by budgets: ${held.slice(0, 5).join(", ")}`] : []),
    ...(bare.length > 0
      ? [`bare pods stay, nobody would start them again: ${bare.slice(0, 5).join(", ")}`]
      : []),
  ];
  return {
    total: machines.length,
    left,
    says: says.join("; "),
    remedy:
      "Let the budgets named allow a disruption, and see that new pods become Ready; then retry the operation.",
    nodes: [...old],
    mayGoOn: "no",
    owners: [...owners],
  };
}
