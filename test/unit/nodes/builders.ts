import type {
  ClusterObservation,
  NodeCondition,
  ObservedGroup,
  ObservedNode,
} from "../../../core/nodes/facts.ts";
import { type AutomationState, emptyAutomation, type Remediation } from "../../../core/nodes/history.ts";
import { type NodesPolicy, nodesSchema } from "../../../core/policy/nodes.ts";

export const NOW = Date.parse("2026-11-20T12:00:00Z");
export const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const policyOf = (fields: Partial<NodesPolicy> = {}): NodesPolicy =>
  nodesSchema.parse({ mode: "remediate", ...fields });

export const condition = (type: string, status: string, since = NOW - HOUR): NodeCondition => ({
  type,
  status,
  reason: `${type}Reason`,
  message: "",
  since,
});

export const node = (name: string, fields: Partial<ObservedNode> = {}): ObservedNode => ({
  name,
  instanceId: `i-${name}`,
  nodegroup: "workers-1",
  zone: "eu-west-1a",
  createdAt: NOW - 24 * HOUR,
  conditions: [condition("Ready", "True")],
  cordoned: false,
  leaving: false,
  machine: { state: "running" },
  ...fields,
});

/** NotReady for an hour. */
export const sick = (name: string, fields: Partial<ObservedNode> = {}): ObservedNode =>
  node(name, { conditions: [condition("Ready", "Unknown")], ...fields });

export const group = (fields: Partial<ObservedGroup> = {}): ObservedGroup => ({
  name: "workers-1",
  logicalName: "workers",
  status: "ACTIVE",
  eksRepairs: false,
  autoScalingGroup: "eks-workers-1",
  ...fields,
});

export const observation = (
  nodes: readonly ObservedNode[],
  fields: Partial<ClusterObservation> = {},
): ClusterObservation => ({
  nodes,
  groups: [group()],
  zonalShiftEnabled: false,
  window: { open: true, reason: "" },
  ...fields,
});

export const entry = (fields: Partial<Remediation> = {}): Remediation => ({
  operationId: "op-1",
  node: "old",
  group: "workers-1",
  logicalGroup: "workers",
  kind: "remediation",
  action: "terminate",
  why: "Ready is Unknown",
  startedAt: NOW - 3 * HOUR,
  endedAt: NOW - 2 * HOUR,
  outcome: "succeeded",
  ...fields,
});

export const history = (...remediations: readonly Remediation[]): AutomationState => ({
  ...emptyAutomation,
  remediations: [...remediations],
});

/** Healthy nodes `w0`, `w1`, ... */
export const healthy = (count: number): ObservedNode[] =>
  Array.from({ length: count }, (_, i) => node(`w${i}`));
