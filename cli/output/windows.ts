import type { ClusterWindow, Policy, Window } from "../../core/api/types.ts";
import type { Output } from "../context.ts";
import { indented, paint, table, when } from "./text.ts";

export function windowRow({ name, state }: Window): string[] {
  const at = state.open ? state.closesAt : state.opensAt;
  return [name, state.open ? "yes" : "no", at ? when(at) : "-", state.reason];
}

export const policyRow = ({ name, policy, revision }: Policy): string[] => [
  name,
  [
    ...(policy.windows?.named ?? []),
    ...((policy.windows?.open ?? []).length > 0 ? [`${policy.windows?.open?.length} of its own`] : []),
  ].join(", ") || "always",
  policy.approvals ?? "none",
  policy.channel?.version ?? "none",
  String(revision),
];

/** What `describe cluster` says of the windows. */
export const windowLine = ({ state }: ClusterWindow, output: Output): string =>
  `\n${"Window".padEnd(12)}${paint(output, state.open ? "green" : "magenta", state.open ? "open" : "closed")}: ${state.reason}\n`;

/** Whether a cluster's window is open, and when next. */
export function clusterWindowText(window: ClusterWindow, output: Output): string {
  const { cluster, policy, state, now, next } = window;
  const from = {
    file: "in its file",
    named: "named by its file",
    default: "for all",
    "built-in": "built in",
  };
  const lines = [
    `${"Cluster".padEnd(12)}${paint(output, "bold", cluster.name)}`,
    `${"Policy".padEnd(12)}${policy.name} (${from[policy.from]})`,
    `${"Now".padEnd(12)}${when(now)}`,
    `${"Open".padEnd(12)}${paint(output, state.open ? "green" : "magenta", state.open ? "yes" : "no")}`,
    indented(output, " ".repeat(12), state.reason),
  ];
  if (next.length > 0) {
    const rows = next.map((each) => [
      when(each.opensAt),
      each.closesAt ? when(each.closesAt) : "-",
      each.reason,
    ]);
    lines.push("", table(["OPENS", "CLOSES", ""], rows).trimEnd());
  }
  return `${lines.join("\n")}\n`;
}
