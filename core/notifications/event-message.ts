import { type ClusterRef, clusterKey } from "../cluster-ref.ts";
import { member, plain } from "../text.ts";
import { detailsCommand, type Message, type MessageKind, type Tone } from "./message.ts";

/** An event of Slipway's own bus. */
export interface BusEvent {
  readonly source: string;
  readonly detailType: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly detail: unknown;
}

type Rule = readonly [kind: MessageKind, tone: Tone, next?: string];

/** Which event of drift and nodes leads to which message. What is not here is told nowhere. */
const RULES: Readonly<Record<string, Rule>> = {
  "Drift Detected": ["end", "attention", "See it with: slipway drift CLUSTER"],
  "Drift Remediated": ["end", "good"],
  "Drift Gone": ["progress", "good"],
  "Drift Accepted": ["progress", "info"],
  "Drift Loop": [
    "person",
    "bad",
    "Find out who is to own the field; Slipway has stopped to change it. See: slipway drift CLUSTER",
  ],
  "Drift Stopped": ["person", "bad", "See why with: slipway drift CLUSTER"],
  "Cluster Unreachable": ["person", "bad", "Check Slipway's access with: slipway doctor"],
  "Sick Node Found": ["progress", "attention"],
  "Remediation Started": ["progress", "info"],
  "Remediation Succeeded": ["end", "good"],
  "Remediation Failed": ["end", "bad"],
  "Remediation Withheld": ["person", "attention"],
  "Remediation Deferred": ["progress", "info"],
  Escalated: ["person", "bad"],
  "Breaker Opened": ["person", "bad", "Find out what makes so many nodes sick, then reset the breaker."],
  "Breaker Reset": ["end", "info"],
  "Spot Interruption": ["progress", "info"],
  "Spot Drained": ["progress", "good"],
  "Launch Failed": ["end", "attention"],
  "Maintenance Scheduled": ["end", "attention"],
  "End Of Support Announced": ["person", "attention"],
  "Fargate Pod Termination Scheduled": ["end", "attention"],
  "Addon Unhealthy": ["person", "attention"],
  "Support Ending": [
    "person",
    "attention",
    "Plan the upgrade: slipway upgrade CLUSTER --to VERSION --dry-run",
  ],
  "Support Ended": ["person", "bad", "Upgrade: slipway upgrade CLUSTER --to VERSION --dry-run"],
  "Channel Blocked": ["person", "attention", "Settle what is named; it is tried again every day."],
};

const AREAS: Readonly<Record<string, "drift" | "node" | "rollout" | undefined>> = {
  "slipway.drift": "drift",
  "slipway.node": "node",
  "slipway.rollout": "rollout",
};

/** Drift that its policy only reports is news; what Slipway acts on itself tells of its operation. */
const REPORTED = new Set(["report", undefined]);

function clusterIn(detail: unknown): ClusterRef | undefined {
  const [account, region, name] = ["account", "region", "name"].map((field) =>
    member(detail, "cluster", field),
  );
  if (typeof account !== "string" || !/^\d{12}$/.test(account)) return undefined;
  if (typeof region !== "string" || !/^[a-z0-9-]{1,30}$/.test(region)) return undefined;
  if (typeof name !== "string" || !/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/.test(name)) return undefined;
  return { account, region, name };
}

/** What a detail is about inside its cluster: a field, a node, an alarm. */
function subjectOf(detail: unknown): string {
  for (const name of [
    "id",
    "node",
    "level",
    "kind",
    "instanceId",
    "alarm",
    "addon",
    "pod",
    "nodegroup",
    "field",
  ]) {
    const text = plain(member(detail, name), 120);
    if (text !== "") return text;
  }
  return "";
}

function driftLines(detail: unknown): string[] {
  const field = plain(member(detail, "field"), 200);
  if (field === "") return [];
  const value = (name: string): string => {
    const found = member(detail, name);
    return plain(typeof found === "string" ? found : (JSON.stringify(found) ?? ""), 200) || "nothing";
  };
  const actor = member(detail, "actor");
  const by = plain(typeof actor === "string" ? actor : (member(actor, "arn") ?? member(actor, "name")), 200);
  return [
    `${field} is ${value("actual")} and should be ${value("desired")}.`,
    ...(by
      ? [
          `Changed by ${by}${plain(member(detail, "call"), 60) ? ` with ${plain(member(detail, "call"), 60)}` : ""}.`,
        ]
      : []),
  ];
}

/**
 * The message of an event about drift, a node or a rollout; undefined for what nobody has to know, and for what does
 * not have the shape of one of ours. The content is others' text: every part of it is cleaned and cut.
 */
export function eventMessage(event: BusEvent, endpoint: string | undefined): Message | undefined {
  const { source, detailType, detail, time } = event;
  const area = AREAS[source];
  if (!area) return undefined;
  // What a channel of upgrades tells is of one cluster, a rollout is of many.
  if (area === "rollout" && !Object.hasOwn(RULES, detailType)) return rolloutMessage(event, endpoint);
  const rule = Object.hasOwn(RULES, detailType) ? RULES[detailType] : undefined;
  const cluster = clusterIn(detail);
  if (!rule || !cluster || !Number.isFinite(time)) return undefined;
  const [wanted, tone, advice] = rule;
  const mode = member(detail, "mode");
  const kind = detailType === "Drift Detected" && !REPORTED.has(mode as string) ? "progress" : wanted;
  const said = plain(member(detail, "message"), 900);
  const subject = subjectOf(detail);
  const next = plain(member(detail, "remedy"), 500) || advice?.replace("CLUSTER", cluster.name);
  return {
    key: `${area}/${clusterKey(cluster)}/${subject || detailType}`,
    kind,
    tone,
    order: [time],
    title: plain(`${detailType} on ${cluster.name}${subject && area === "node" ? `: ${subject}` : ""}`, 140),
    lines: [...(said ? [said] : []), ...(area === "drift" ? driftLines(detail) : [])],
    ...(next ? { next } : {}),
    details: detailsCommand(`describe cluster ${clusterKey(cluster)}`, endpoint),
    attributes: {
      event: detailType,
      cluster: cluster.name,
      account: cluster.account,
      region: cluster.region,
      tone,
    },
    cluster,
  };
}

const ROLLOUT_ENDS: Readonly<Record<string, Tone>> = {
  Succeeded: "good",
  Failed: "bad",
  Aborted: "attention",
  Cancelled: "attention",
};
const NEEDS_PERSON = new Set(["AwaitingApproval", "Paused", "Stopped"]);

function rolloutMessage(
  { detailType, detail, time }: BusEvent,
  endpoint: string | undefined,
): Message | undefined {
  const id = member(detail, "rolloutId");
  if (typeof id !== "string" || !/^[A-Za-z0-9-]{1,60}$/.test(id) || !Number.isFinite(time)) return undefined;
  const status = plain(member(detail, "status"), 30);
  const end = Object.hasOwn(ROLLOUT_ENDS, status) ? ROLLOUT_ENDS[status] : undefined;
  const person = NEEDS_PERSON.has(status);
  const error = member(detail, "error");
  const why = plain(member(error, "message"), 900);
  const remedy = plain(member(error, "remedy"), 500);
  const tone: Tone = end ?? (person ? "attention" : "info");
  return {
    key: `rollout/${id}`,
    kind: end ? "end" : person ? "person" : "progress",
    tone,
    order: [time],
    title: plain(`Rollout ${plain(member(detail, "name"), 80) || id}: ${detailType}`, 140),
    lines: [plain(member(detail, "message"), 900), why].filter((line) => line !== ""),
    ...(remedy ? { next: remedy } : person ? { next: `slipway describe rollout ${id}` } : {}),
    details: detailsCommand(`describe rollout ${id}`, endpoint),
    attributes: { event: plain(detailType, 60), rollout: id, status, tone },
  };
}
