import type { NodeFacts } from "../snapshot.ts";
import { skewOf } from "../versions/skew.ts";
import { minorOf } from "../versions/version.ts";

/** What one look at nodes without a node group found. */
export interface Follow {
  readonly total: number;
  /** Those that do not have the version yet. */
  readonly left: number;
  /** In words. */
  readonly says: string;
  readonly remedy: string;
  /** Names of those left. */
  readonly nodes: readonly string[];
  /** Whether the upgrade may go on with some left: at once, when it has waited long enough, or not at all. */
  readonly mayGoOn: "now" | "later" | "no";
}

const NAMES: Readonly<Record<string, string>> = { karpenter: "Karpenter", "auto-mode": "EKS Auto Mode" };

/**
 * Nodes that their own controller replaces. Before another hop only the skew counts: it would be a waste to wait for
 * each of them at every version. After the last hop they get their time, and then stay their controller's business,
 * as long as the control plane may have kubelets that old. Pure.
 */
export function followProvisioned(request: {
  readonly nodes: readonly NodeFacts[];
  readonly provisioner: string;
  /** Of the control plane now. */
  readonly version: string;
  /** Of the control plane after the next hop; absent after the last one. */
  readonly next: string | undefined;
}): Follow {
  const { provisioner, version, next } = request;
  const own = request.nodes.filter((node) => node.provisioner === provisioner);
  const behind = own.filter((node) => minorOf(node.kubeletVersion) !== version);
  const bound = next ?? version;
  const tooOld = behind.filter((node) => !skewOf(node.kubeletVersion, bound).ok);
  const who = NAMES[provisioner] ?? provisioner;
  const versions = [...new Set(behind.map((node) => minorOf(node.kubeletVersion)))].toSorted().join(", ");
  const says =
    behind.length === 0
      ? `all ${own.length} nodes of ${who} run ${version}`
      : tooOld.length > 0
        ? `${tooOld.length} of ${own.length} nodes of ${who} run ${versions}, too old for ${bound}: ${tooOld[0]?.name}`
        : `${behind.length} of ${own.length} nodes of ${who} still run ${versions}, which ${bound} allows; ${who} replaces them`;
  return {
    total: own.length,
    left: behind.length,
    says,
    remedy: `Look why ${who} does not replace these nodes: disruption budgets of their node pool, karpenter.sh/do-not-disrupt on their pods, an AMI that is pinned. Then retry the operation.`,
    nodes: (tooOld.length > 0 ? tooOld : behind).map((node) => node.name),
    mayGoOn: tooOld.length > 0 ? "no" : next === undefined ? "later" : "now",
  };
}
