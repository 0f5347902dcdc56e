import type { Cluster } from "../../core/api/types.ts";
import { minorOf } from "../../core/versions/version.ts";
import type { Platform } from "../platform.ts";
import type { BudgetViolation } from "./budget-watch.ts";

export interface Verdict {
  readonly what: string;
  readonly ok: boolean;
  readonly seen: string;
}

/** Looks at the cluster after the job: everything on the version, nothing left over, no budget ever violated. */
export async function verify(
  platform: Platform,
  wanted: {
    readonly cluster: string;
    readonly version: string;
    readonly nodes: number;
    readonly nodegroups: number;
  },
  violations: readonly BudgetViolation[],
): Promise<Verdict[]> {
  const response = await platform.gateway.fetch(
    new Request(`http://127.0.0.1/v1/clusters/${wanted.cluster}`),
  );
  const cluster = (await response.json()) as Cluster;
  const arn = `arn:aws:eks:${cluster.ref.region}:${cluster.ref.account}:cluster/${cluster.ref.name}`;
  const nodes = platform.kubernetes.list(arn, "Node").map((node) => {
    const { kubeletVersion = "" } = ((node.status?.nodeInfo as Record<string, string> | undefined) ?? {}) as {
      kubeletVersion?: string;
    };
    return {
      name: node.metadata.name,
      version: minorOf(kubeletVersion),
      ready: platform.kubernetes.isNodeReady(arn, node.metadata.name),
      unschedulable: node.spec?.unschedulable === true,
    };
  });
  const groups = cluster.nodegroups ?? [];
  const addons = cluster.addons ?? [];
  const off = nodes.filter((node) => node.version !== wanted.version || !node.ready || node.unschedulable);
  const groupsOff = groups.filter((group) => group.version !== wanted.version || group.status !== "ACTIVE");
  const addonsOff = addons.filter((addon) => addon.status !== "ACTIVE");
  const names = (items: readonly { readonly name: string }[]): string =>
    items.map((item) => item.name).join(", ");
  return [
    {
      what: `control plane on ${wanted.version}`,
      ok: cluster.version === wanted.version && cluster.status === "ACTIVE",
      seen: `${cluster.version} ${cluster.status}`,
    },
    {
      what: `${wanted.nodes} nodes Ready on ${wanted.version}`,
      ok: off.length === 0 && nodes.length === wanted.nodes,
      seen: off.length > 0 ? `not so: ${names(off)}` : `${nodes.length} nodes`,
    },
    {
      what: `${wanted.nodegroups} node groups ACTIVE, none half rotated`,
      ok: groups.length === wanted.nodegroups && groupsOff.length === 0,
      seen: groups.map((group) => `${group.physicalName} ${group.status}`).join(", "),
    },
    {
      what: "add-ons ACTIVE",
      ok: addons.length > 0 && addonsOff.length === 0,
      seen: addonsOff.length > 0 ? `not so: ${names(addonsOff)}` : `${addons.length} add-ons`,
    },
    { what: "no lease left", ok: cluster.operation === undefined, seen: cluster.operation ?? "none" },
    {
      what: "no disruption budget violated",
      ok: violations.length === 0,
      seen:
        violations.length === 0
          ? "none"
          : violations
              .slice(0, 3)
              .map((v) => `${v.budget} had ${v.healthy} of ${v.wanted}`)
              .join(", "),
    },
  ];
}
