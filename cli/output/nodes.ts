import type { Automation, ClusterNodes } from "../../core/api/routes/nodes.ts";
import { table } from "./text.ts";

/** What Slipway does about the nodes of a cluster by itself, in a few lines. */
export function automationText(automation: Automation): string {
  const { cluster, mode, breaker, reset, today, active, past } = automation;
  const of = today.of === undefined ? "" : ` of ${today.of} that turn it off`;
  const head = [
    `Nodes of ${cluster.name}: mode ${mode}${automation.spot ? `, Spot interruptions ${automation.spot}` : ""}; ${today.started} remediations today${of}.`,
    ...(breaker
      ? [
          `OFF since ${breaker.openedAt}: ${breaker.reason}`,
          `  Turn it on again with: slipway automation ${cluster.name} --reset-breaker --reason ...`,
        ]
      : []),
    ...(reset ? [`Last turned on by ${reset.by} at ${reset.at}: ${reset.reason}`] : []),
  ];
  const rows = [...active, ...past].slice(0, 20);
  const list =
    rows.length === 0
      ? "No remediations in the last seven days.\n"
      : table(
          ["STARTED", "NODE", "GROUP", "ACTION", "OUTCOME", "OPERATION", "WHY"],
          rows.map((entry) => [
            entry.startedAt,
            entry.node,
            entry.nodegroup,
            entry.action,
            entry.outcome ?? "in progress",
            entry.operation,
            entry.error ?? entry.why,
          ]),
        );
  return `${head.join("\n")}\n\n${list}`;
}

/** The nodes, the ones that need a look first. */
export function nodesText({ automation, nodes }: ClusterNodes): string {
  const sorted = nodes.toSorted(
    (a, b) => Number(a.health === "healthy") - Number(b.health === "healthy") || (a.name < b.name ? -1 : 1),
  );
  const list = table(
    ["NODE", "GROUP", "ZONE", "HEALTH", "PROBLEMS", "WHAT IS DONE"],
    sorted.map((node) => [
      node.name,
      node.nodegroup ?? "-",
      node.zone,
      `${node.health}${node.cordoned ? ", cordoned" : ""}`,
      node.problems.join("; ") || "-",
      node.health === "healthy" ? "-" : `${node.verdict.code}: ${node.verdict.text}`,
    ]),
  );
  return `${list}\n${automationText(automation)}`;
}
