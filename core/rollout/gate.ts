import { blocking } from "../checks/gate.ts";
import type { Finding } from "../operation/types.ts";
import type { Read } from "../snapshot.ts";
import type { RolloutSpec } from "./schema.ts";

/** What is read of a cluster after its operations, and again after the bake. */
export interface GateFacts {
  /** Status that EKS gives the cluster. */
  readonly status: string;
  /** Nodes by what the Kubernetes API says; unreadable when it does not answer. */
  readonly nodes: Read<readonly { readonly name: string; readonly ready: boolean }[]>;
  /** Names of alarms of its nodes that are in ALARM. */
  readonly alarms: Read<readonly string[]>;
  /** Findings of the pre-flight checks as the cluster is now. */
  readonly findings: readonly Finding[];
}

export interface GateVerdict {
  /** `unsure`: something could not be read. It is no pass; asking again may help. */
  readonly verdict: "pass" | "fail" | "unsure";
  /** What is wrong or not known, in words; empty for a pass. */
  readonly problems: readonly string[];
}

/** What a finding is about: the same before and after. */
export const findingKey = ({ code, subject }: Pick<Finding, "code" | "subject">): string =>
  `${code} ${subject}`;

/** Findings that blocked, or were unknown, before the rollout did anything: those of its plans, passed or not. */
export const knownFindings = (findings: readonly Finding[]): string[] => [
  ...new Set(
    findings.filter(({ severity }) => severity === "block" || severity === "unknown").map(findingKey),
  ),
];

/** Whether a cluster is well enough for others to follow it. */
export function gateOf(
  gate: RolloutSpec["gate"],
  facts: GateFacts,
  known: readonly string[] = [],
): GateVerdict {
  const wrong: string[] = [];
  const unknown: string[] = [];
  if (facts.status !== "ACTIVE") wrong.push(`EKS says ${facts.status}`);
  if (gate.api && !facts.nodes.ok) unknown.push(`the Kubernetes API does not answer: ${facts.nodes.reason}`);
  if (gate.nodes) {
    if (!facts.nodes.ok) {
      if (!gate.api) unknown.push(`nodes cannot be read: ${facts.nodes.reason}`);
    } else {
      const off = facts.nodes.value.filter(({ ready }) => !ready).map(({ name }) => name);
      if (off.length > 0)
        wrong.push(`${off.length} of ${facts.nodes.value.length} nodes are not Ready: ${some(off)}`);
    }
  }
  if (gate.alarms) {
    if (!facts.alarms.ok) unknown.push(`alarms cannot be read: ${facts.alarms.reason}`);
    else if (facts.alarms.value.length > 0)
      wrong.push(`${facts.alarms.value.length} alarms are open: ${some(facts.alarms.value)}`);
  }
  if (gate.checks) {
    const seen = new Set(known);
    for (const finding of blocking(facts.findings)) {
      if (seen.has(findingKey(finding))) continue;
      seen.add(findingKey(finding));
      const text = `${finding.code} (${finding.subject}: ${finding.evidence})`;
      (finding.severity === "block" ? wrong : unknown).push(text);
    }
  }
  if (wrong.length > 0) return { verdict: "fail", problems: [...wrong, ...unknown] };
  return { verdict: unknown.length > 0 ? "unsure" : "pass", problems: unknown };
}

const some = (names: readonly string[]): string =>
  names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ");
