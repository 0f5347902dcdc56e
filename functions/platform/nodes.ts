import * as permissions from "../../adapters/permissions.ts";
import type { nodesRoutes } from "../../core/api/routes/nodes.ts";
import type { FunctionDeclaration, Grant, RuleDeclaration } from "../../core/declaration.ts";
import { listener, task } from "./declare.ts";

const { readStore, writeStore, deleteFromStore, searchStore, listStore, bus } = permissions;

/** What a look at the nodes of a cluster reads of AWS. */
const observe: readonly Grant[] = [
  permissions.eksCluster,
  ...permissions.eksNodegroups,
  permissions.machines,
];

/** To look, to decide, and to start what was decided. */
const consider: readonly Grant[] = [
  readStore,
  writeStore,
  listStore,
  deleteFromStore,
  bus,
  permissions.startWorkflows,
  ...observe,
];
/** Claims and other small documents. */
const documents: readonly Grant[] = [readStore, writeStore];

const onKubernetes = { kubernetes: true, memoryMB: 512 } as const;

export const nodesFunctions: readonly FunctionDeclaration[] = [
  listener(
    "events",
    "on-alarm",
    "Looks at the nodes of the cluster that an alarm is about",
    consider,
    onKubernetes,
  ),
  listener(
    "events",
    "on-spot-interruption",
    "Cordons and drains the node of a Spot machine that EC2 takes, within its two minutes",
    [...documents, bus, permissions.eksCluster, permissions.instances],
    { ...onKubernetes, timeoutSeconds: 150 },
  ),
  listener(
    "events",
    "on-instance-event",
    "Looks at a cluster whose machines stop or end, and tells of rebalance recommendations",
    consider,
    onKubernetes,
  ),
  listener("events", "on-launch-failure", "Says in words why a node group gets no new machine", [
    ...documents,
    bus,
    permissions.autoScalingGroups,
  ]),
  listener(
    "events",
    "on-health-event",
    "Takes note of planned maintenance of machines and of the end of support of versions",
    consider,
    onKubernetes,
  ),
  listener(
    "events",
    "on-eks-event",
    "Tells of pods on Fargate that EKS ends, and looks at add-ons that EKS tells of",
    [...documents, bus, permissions.eksCluster, permissions.eksAddon],
    onKubernetes,
  ),
  listener(
    "schedules",
    "sweep-nodes",
    "Finds sick nodes that no event told of, and what had to wait",
    [...consider, searchStore],
    { ...onKubernetes, timeoutSeconds: 240 },
  ),
  task("plan-alarms", "Makes the requests for the alarms on the nodes of a cluster", [permissions.eksAddon], {
    store: [readStore],
  }),
  task("plan-remediation", "Says which nodes a remediation still has to take care of", [], {
    store: [readStore, listStore],
  }),
  task(
    "confirm-node",
    "Looks again whether a node is sick and may be touched, and cordons it",
    [...observe, bus],
    onKubernetes,
  ),
  task("drain-node", "Makes one short pass of draining a sick node", observe, onKubernetes),
  task(
    "node-replaced",
    "Looks whether a node group is whole again, or a rebooted node well",
    [...observe, permissions.autoScalingGroups],
    onKubernetes,
  ),
  task(
    "end-remediation",
    "Records how the remediation of a node ended, and lets what stays take pods again",
    [...observe, bus],
    onKubernetes,
  ),
];

const rule = (
  name: string,
  purpose: string,
  pattern: Readonly<Record<string, unknown>>,
  target: string,
): RuleDeclaration => ({ name, purpose, bus: "default", pattern, target: { function: target } });

export const nodesRules: readonly RuleDeclaration[] = [
  rule(
    "node-alarm",
    "An alarm of a cluster has its nodes looked at; also one that is released from suppression, ALARM to ALARM",
    {
      source: ["aws.cloudwatch"],
      "detail-type": ["CloudWatch Alarm State Change"],
      detail: {
        alarmName: [{ prefix: "eks-" }],
        state: { value: ["ALARM"], actionsSuppressedBy: [{ exists: false }] },
      },
    },
    "on-alarm",
  ),
  rule(
    "spot-interruption",
    "A Spot machine that EC2 takes is drained within its two minutes",
    { source: ["aws.ec2"], "detail-type": ["EC2 Spot Instance Interruption Warning"] },
    "on-spot-interruption",
  ),
  rule(
    "rebalance-recommendation",
    "A Spot machine that EC2 may take soon is told of",
    { source: ["aws.ec2"], "detail-type": ["EC2 Instance Rebalance Recommendation"] },
    "on-instance-event",
  ),
  rule(
    "instance-ended",
    "A cluster whose machines stop or end is looked at",
    {
      source: ["aws.ec2"],
      "detail-type": ["EC2 Instance State-change Notification"],
      detail: { state: ["stopping", "stopped", "shutting-down", "terminated"] },
    },
    "on-instance-event",
  ),
  rule(
    "launch-failure",
    "A node group that gets no new machine says why",
    { source: ["aws.autoscaling"], "detail-type": ["EC2 Instance Launch Unsuccessful"] },
    "on-launch-failure",
  ),
  rule(
    "health-event",
    "Planned maintenance of machines, and the end of support of versions",
    { source: ["aws.health"], "detail-type": ["AWS Health Event"], detail: { service: ["EC2", "EKS"] } },
    "on-health-event",
  ),
  rule(
    "eks-event",
    "Pods on Fargate that EKS ends, and add-ons that it tells of",
    {
      source: ["aws.eks"],
      "detail-type": [{ prefix: "EKS Fargate Pod Scheduled Termination" }, { prefix: "EKS Addon " }],
    },
    "on-eks-event",
  ),
  {
    name: "sweep-nodes",
    purpose: "Events are best effort: nodes are looked at, too",
    schedule: "rate(5 minutes)",
    target: { function: "sweep-nodes" },
  },
];

/** What the functions of its routes may do. */
export const nodesGrants: Readonly<Record<keyof typeof nodesRoutes, readonly Grant[]>> = {
  listNodes: [readStore, searchStore, ...observe],
  getAutomation: [readStore, searchStore],
  resetBreaker: [readStore, writeStore, searchStore, bus],
  remediateNode: [...consider, searchStore],
};
