import type { Cluster } from "../../core/api/types.ts";
import {
  ENDED,
  type Operation,
  type OperationStatus,
  type StepStatus,
  type StepView,
} from "../../core/operation/types.ts";
import { offerOf } from "../../core/rollback/facts.ts";
import type { Output } from "../context.ts";
import { findingsText } from "./plan.ts";
import { duration, indented, paint, type Style, secondsBetween, table, when } from "./text.ts";

/** An operation with its steps, as `GET /v1/operations/{id}` answers. */
export type OperationWithSteps = Operation & { readonly steps?: readonly StepView[] };

export const STATUS_COLOUR: Readonly<Partial<Record<OperationStatus | StepStatus, Style>>> = {
  Succeeded: "green",
  Failed: "red",
  RolledBack: "yellow",
  RollingBack: "yellow",
  Cancelled: "yellow",
  Running: "cyan",
  Paused: "magenta",
  AwaitingApproval: "magenta",
  AwaitingWindow: "magenta",
};

export const paintStatus = (
  output: Output,
  status: OperationStatus | StepStatus,
  text: string = status,
): string => {
  const colour = STATUS_COLOUR[status];
  return colour ? paint(output, colour, text) : text;
};

const took = (from: string | undefined, to: string | undefined): string =>
  from && to ? duration(secondsBetween(from, to)) : "-";

export const operationRow = (operation: Operation): string[] => [
  operation.id,
  operation.type,
  operation.cluster.name,
  operation.status,
  operation.startedAt ? when(operation.startedAt) : "-",
  took(operation.startedAt, operation.endedAt),
  shortIdentity(operation.requester),
];

/** `user/alice`, `PlatformAdmin/alice`: an ARN without what is the same for everybody. */
const shortIdentity = (arn: string): string =>
  arn.replace(/^arn:[^:]+:[^:]+:[^:]*:\d*:(assumed-role\/)?/, "");

function stepRows(steps: readonly StepView[]): string[][] {
  return steps.map((step) => [
    step.id,
    step.status,
    took(step.startedAt, step.endedAt),
    step.progress ? `${step.progress.done}/${step.progress.total} ${step.progress.unit}` : "",
    step.error?.message ?? step.message ?? "",
  ]);
}

/** Everything about one operation: who, why, steps, what went wrong, what to do. */
export function describeOperation(operation: OperationWithSteps, output: Output): string {
  const field = (name: string, value: string | undefined): string[] =>
    value ? [`${name.padEnd(12)}${value}`] : [];
  const versions =
    operation.plan.fromVersion && operation.plan.toVersion
      ? ` ${operation.plan.fromVersion} → ${operation.plan.toVersion}`
      : "";
  const back = offerOf(operation.type, operation.steps ?? []);
  const lines = [
    ...field("Operation", paint(output, "bold", operation.id)),
    ...field("Type", `${operation.type}${versions}`),
    ...field(
      "Cluster",
      `${operation.cluster.name} (${operation.cluster.region}, ${operation.cluster.account})`,
    ),
    ...field("Status", paintStatus(output, operation.status)),
    ...field("Waits for", waitsFor(operation)),
    ...field("Requester", operation.requester),
    ...field("Reason", operation.reason),
    ...field("Created", when(operation.createdAt)),
    ...field("Started", operation.startedAt && when(operation.startedAt)),
    ...field("Ended", operation.endedAt && when(operation.endedAt)),
    ...field(
      "Took",
      operation.endedAt && operation.startedAt ? took(operation.startedAt, operation.endedAt) : undefined,
    ),
    ...field("Attempt", operation.attempt > 1 ? String(operation.attempt) : undefined),
    ...field("Execution", operation.executionArn),
    ...field("Rollback", back && `to ${back.to}, until ${when(new Date(back.until).toISOString())}`),
  ];
  for (const override of operation.overrides)
    lines.push(...field("Override", `${override.code}: ${override.reason}`));
  const { ignoreWindow, approvals = [], notBefore } = operation;
  lines.push(
    ...field("Not before", notBefore && when(notBefore)),
    ...field("Windows", ignoreWindow && `ignored by ${ignoreWindow.by}: ${ignoreWindow.reason}`),
  );
  for (const { decision, by, at, phase, reason } of approvals)
    lines.push(
      ...field(
        decision === "approved" ? "Approved" : "Rejected",
        `${phase ? `${phase} ` : ""}${when(at)} by ${by}${reason ? `: ${reason}` : ""}`,
      ),
    );
  if (operation.awaiting?.for === "approval") lines.push(...field("Plan digest", operation.plan.digest));
  if (operation.control.request && !ENDED.has(operation.status)) {
    lines.push(...field("Asked", `${operation.control.request} by ${operation.control.by ?? "?"}`));
  }
  if (operation.error) lines.push("", errorText(operation, output), ...errorDetail(operation));
  const steps = operation.steps ?? [];
  if (steps.length > 0)
    lines.push(
      "",
      table(["STEP", "STATUS", "TOOK", "PROGRESS", "MESSAGE"], stepRows(steps), output).trimEnd(),
    );
  const blocked = steps.flatMap((step) => (step.nodeStates ?? []).filter((node) => node.state === "Blocked"));
  if (blocked.length > 0) {
    const rows = blocked.map((node) => [
      node.name,
      String(node.podsLeft ?? "-"),
      (node.blockedBy ?? []).join("; "),
    ]);
    lines.push("", table(["BLOCKED NODE", "PODS LEFT", "BLOCKED BY"], rows, output).trimEnd());
  }
  if (operation.plan.findings.length > 0)
    lines.push("", "Findings", findingsText(operation.plan.findings, output).trimEnd());
  return `${lines.join("\n")}\n`;
}

/** What it waits for, since when and until when. */
export function waitsFor({ awaiting }: Operation): string | undefined {
  if (!awaiting) return undefined;
  const until = awaiting.until
    ? `, ${awaiting.for === "window" ? "until" : "by"} ${when(awaiting.until)}`
    : "";
  return `${awaiting.for === "window" ? "its window" : "an approval"} since ${when(awaiting.since)}${until}: ${awaiting.reason}`;
}

const INDENT = " ".repeat(12);

/** What went wrong and what to do. */
export function errorText(operation: OperationWithSteps, output: Output): string {
  const { error } = operation;
  if (!error) return "";
  return [
    paint(output, "red", `${"Error".padEnd(12)}${error.code}${error.step ? ` in ${error.step}` : ""}`),
    indented(output, INDENT, error.message),
    paint(output, "dim", indented(output, INDENT, `→ ${error.remedy}`)),
  ].join("\n");
}

/** The facts that came with the error: pods, budgets, nodes. */
const errorDetail = ({ error }: OperationWithSteps): string[] =>
  Object.entries(error?.detail ?? {}).flatMap(([name, value]) =>
    Array.isArray(value)
      ? [`${INDENT}${name}:`, ...value.map((item) => `${INDENT}  - ${asText(item)}`)]
      : [`${INDENT}${name}: ${asText(value)}`],
  );

const asText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** A cluster with its live state. */
export function clusterText(cluster: Cluster, output: Output): string {
  const lines = [
    `${"Cluster".padEnd(12)}${paint(output, "bold", cluster.ref.name)}`,
    `${"Region".padEnd(12)}${cluster.ref.region}`,
    `${"Account".padEnd(12)}${cluster.ref.account}`,
    `${"Version".padEnd(12)}${cluster.version ?? "-"}`,
    `${"Status".padEnd(12)}${cluster.status}`,
    `${"Generation".padEnd(12)}${cluster.generation} (${when(cluster.updatedAt)} by ${shortIdentity(cluster.updatedBy)})`,
    `${"Operation".padEnd(12)}${cluster.operation ?? "none"}`,
    ...(cluster.rollback
      ? [`${"Rollback".padEnd(12)}to ${cluster.rollback.to}, until ${when(cluster.rollback.until)}`]
      : []),
  ];
  const groups = cluster.nodegroups ?? [];
  if (groups.length > 0) {
    const rows = groups.map((g) => [g.name, g.physicalName, g.version, g.status, String(g.nodes)]);
    lines.push("", table(["NODE GROUP", "IN EKS", "VERSION", "STATUS", "NODES"], rows).trimEnd());
  }
  const addons = cluster.addons ?? [];
  if (addons.length > 0) {
    lines.push(
      "",
      table(
        ["ADD-ON", "VERSION", "STATUS"],
        addons.map((a) => [a.name, a.version, a.status]),
      ).trimEnd(),
    );
  }
  return `${lines.join("\n")}\n`;
}
