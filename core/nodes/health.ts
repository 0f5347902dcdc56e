import { iso } from "../clock.ts";
import type { NodeCondition, ObservedNode } from "./facts.ts";

/** Conditions that are good when True: the kubelet's and those of the EKS node monitoring agent. */
const GOOD_WHEN_TRUE: ReadonlySet<string> = new Set([
  "Ready",
  "KernelReady",
  "NetworkingReady",
  "StorageReady",
  "ContainerRuntimeReady",
  "AcceleratedHardwareReady",
]);
const BAD_WHEN_TRUE: ReadonlySet<string> = new Set([
  "DiskPressure",
  "MemoryPressure",
  "PIDPressure",
  "NetworkUnavailable",
]);

/** EKS gives a new node 15 minutes to join. */
export const JOIN_MS = 15 * 60_000;

/** How a node is, and since when. */
export type NodeHealth =
  | { readonly state: "healthy" }
  /** It has not been Ready yet and is young. */
  | { readonly state: "joining" }
  /** Its machine is going or gone: somebody replaces it already. */
  | { readonly state: "leaving"; readonly why: string }
  | { readonly state: "sick"; readonly since: number; readonly problems: readonly NodeProblem[] };

export interface NodeProblem {
  /** `Ready`, `KernelReady`, `DiskPressure`, `StatusChecks`, `Maintenance`. */
  readonly kind: string;
  /** `Ready is Unknown: NodeStatusUnknown`. */
  readonly text: string;
  readonly since: number;
}

const isBad = ({ type, status }: NodeCondition): boolean =>
  GOOD_WHEN_TRUE.has(type) ? status !== "True" : BAD_WHEN_TRUE.has(type) && status === "True";

/** What the network plug-in of a new machine has not done yet: a Ready that was never True. */
const neverReady = (node: ObservedNode, ready: NodeCondition): boolean =>
  ready.status === "False" && Math.abs(ready.since - node.createdAt) < 2000;

const DAY_MS = 86_400_000;

/** A group replaces a machine that stopped as it does one that ended. */
const GOING: ReadonlySet<string> = new Set(["stopping", "stopped", "shutting-down", "terminated"]);

/**
 * The health of a node by the conditions that count (`wanted`: types of conditions that a remediation helps
 * against, by policy) and by EC2. A node without a Ready condition has not reported: that is sickness once it is
 * old enough. Planned maintenance counts from two weeks before its date.
 */
export function healthOf(node: ObservedNode, wanted: ReadonlySet<string>, now: number): NodeHealth {
  const { machine } = node;
  if (node.leaving || GOING.has(machine.state))
    return { state: "leaving", why: `its machine is ${node.leaving ? "going" : machine.state}` };
  const problems = node.conditions
    .filter((condition) => isBad(condition) && wanted.has(condition.type))
    .map(
      ({ type, status, reason, since }): NodeProblem => ({
        kind: type,
        text: `${type} is ${status}${reason === "" ? "" : `: ${reason}`}`,
        since,
      }),
    );
  const ready = node.conditions.find((condition) => condition.type === "Ready");
  if (ready === undefined)
    problems.push({ kind: "Ready", text: "it reports no readiness", since: node.createdAt });
  if (now - node.createdAt < JOIN_MS && (ready === undefined || neverReady(node, ready)))
    return { state: "joining" };
  if (machine.impaired === true && problems.length > 0)
    problems.push({
      kind: "StatusChecks",
      text: "EC2's status checks fail",
      since: problems[0]?.since ?? now,
    });
  const { maintenance } = machine;
  if (maintenance && maintenance.notBefore - now < 14 * DAY_MS)
    problems.push({
      kind: "Maintenance",
      text: `AWS has planned ${maintenance.code} for ${iso(maintenance.notBefore)}`,
      since: now,
    });
  if (problems.length === 0) return { state: "healthy" };
  return { state: "sick", since: Math.min(...problems.map((problem) => problem.since)), problems };
}

/** Sick for nothing but maintenance that is planned: it works, and is replaced in a window. */
export const onlyMaintenance = (health: NodeHealth): boolean =>
  health.state === "sick" && health.problems.every((problem) => problem.kind === "Maintenance");

/**
 * Planned maintenance that is so near (a day) that it will not wait for a window: the machine goes anyway, and drained is better.
 */
export const maintenanceIsNear = ({ machine }: ObservedNode, now: number): boolean =>
  machine.maintenance !== undefined && machine.maintenance.notBefore - now < DAY_MS;

/** In words: `Ready is Unknown: NodeStatusUnknown; DiskPressure is True`. */
export const describeHealth = (health: NodeHealth): string =>
  health.state === "sick"
    ? health.problems.map((problem) => problem.text).join("; ")
    : health.state === "leaving"
      ? health.why
      : health.state;
