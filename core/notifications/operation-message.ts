import type { Operation, OperationStatus } from "../operation/types.ts";
import { plain } from "../text.ts";
import { detailsCommand, type Message, type MessageKind, type Tone } from "./message.ts";

const WORK: Readonly<Record<string, string>> = {
  "provision-cluster": "Creation",
  "upgrade-cluster": "Upgrade",
  "rotate-nodegroup": "Node rotation",
  "update-addons": "Add-on update",
  "apply-changes": "Change",
  "adopt-cluster": "Adoption",
  "delete-cluster": "Deletion",
  "rollback-cluster": "Rollback",
  "reconcile-drift": "Drift remediation",
  "remediate-node": "Node remediation",
};

interface Told {
  readonly kind: MessageKind;
  readonly tone: Tone;
  readonly verb: string;
}

const TOLD: Readonly<Record<OperationStatus, Told>> = {
  Pending: { kind: "progress", tone: "info", verb: "begins" },
  Running: { kind: "progress", tone: "info", verb: "is running" },
  AwaitingWindow: { kind: "progress", tone: "info", verb: "waits for its window" },
  AwaitingApproval: { kind: "person", tone: "attention", verb: "waits for approval" },
  Paused: { kind: "progress", tone: "attention", verb: "is paused" },
  RollingBack: { kind: "progress", tone: "attention", verb: "is being undone" },
  Succeeded: { kind: "end", tone: "good", verb: "is done" },
  Failed: { kind: "end", tone: "bad", verb: "failed" },
  RolledBack: { kind: "end", tone: "bad", verb: "was undone" },
  Cancelled: { kind: "end", tone: "attention", verb: "was cancelled" },
};

/** `user/alice`: an ARN without what is the same for everybody. */
const who = (requester: string): string =>
  plain(requester.replace(/^arn:[^:]+:[^:]+:[^:]*:\d*:(assumed-role\/)?/, ""), 120);

/**
 * What an operation's present state says to people. Made of the stored record, never of the event that told of it:
 * whatever order events come in, the message shows what is. Undefined for what a rollout started and nobody has to
 * do anything about: the rollout tells of itself.
 *
 * `endpoint`: where people reach the API.
 */
export function operationMessage(operation: Operation, endpoint: string | undefined): Message | undefined {
  const { id, type, cluster, status, plan, awaiting, error } = operation;
  const { kind, tone, verb } = TOLD[status];
  if (operation.rollout !== undefined && kind !== "person" && tone !== "bad") return undefined;
  const target =
    plan.toVersion && /^(upgrade|rollback)-/.test(type) ? ` to ${plain(plan.toVersion, 10)}` : "";
  const name = plain(cluster.name, 100);
  const lines = [
    `${who(operation.requester)} asked for it${operation.reason ? `: ${plain(operation.reason, 300)}` : "."}`,
    ...(awaiting ? [plain(awaiting.reason, 500)] : []),
    ...(error
      ? [
          `${plain(error.code, 60)}${error.step ? ` in ${plain(error.step, 120)}` : ""}: ${plain(error.message, 900)}`,
        ]
      : []),
  ];
  const approval = status === "AwaitingApproval";
  const next = error
    ? plain(error.remedy, 500)
    : approval
      ? `Look at the plan (digest ${plain(plan.digest, 20)}), then: slipway approve ${id}, or slipway reject ${id}`
      : status === "Paused"
        ? `slipway resume ${id}`
        : undefined;
  return {
    key: `operation/${id}`,
    kind,
    tone,
    order: [operation.revision],
    title: plain(`${WORK[type] ?? type} of ${name}${target} ${verb}`, 140),
    lines,
    ...(next ? { next } : {}),
    details: detailsCommand(`describe operation ${id}`, endpoint),
    attributes: {
      event: `Operation ${status}`,
      operation: id,
      type,
      status,
      cluster: name,
      account: plain(cluster.account, 12),
      region: plain(cluster.region, 30),
      tone,
    },
    cluster,
  };
}
