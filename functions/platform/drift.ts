import * as permissions from "../../adapters/permissions.ts";
import type { driftRoutes } from "../../core/api/routes/drift.ts";
import type { FunctionDeclaration, Grant, RuleDeclaration } from "../../core/declaration.ts";
import { listener, task } from "./declare.ts";

const { readStore, listStore, readManyFromStore, writeStore, deleteFromStore, searchStore, bus } =
  permissions;

/** What a look at a cluster reads of AWS, and what it does about what it finds. */
const look: readonly Grant[] = [
  readStore,
  listStore,
  readManyFromStore,
  writeStore,
  deleteFromStore,
  bus,
  permissions.startWorkflows,
  ...permissions.mayWait,
  ...permissions.live,
  permissions.eksUpdates,
  permissions.eksAddonVersions,
  permissions.stacks,
  permissions.existingResources,
];

const asksForLooks: readonly Grant[] = [readStore, writeStore, permissions.startWorkflows];

export const driftFunctions: readonly FunctionDeclaration[] = [
  listener(
    "events",
    "on-cluster-change",
    "Notes who changed a managed cluster and has it looked at",
    asksForLooks,
  ),
  listener("events", "on-cluster-released", "Has a cluster looked at when an operation has ended", [
    ...asksForLooks,
    listStore,
    deleteFromStore,
  ]),
  task("look-at-cluster", "Compares a cluster with what it should be and acts as its policy says", look, {
    memoryMB: 1024,
    timeoutSeconds: 120,
    store: [],
  }),
  listener(
    "schedules",
    "sweep-clusters",
    "Looks at the clusters that no event told of, each once an hour",
    [...look, searchStore],
    { memoryMB: 1024, timeoutSeconds: 240 },
  ),
];

export const driftRules: readonly RuleDeclaration[] = [
  {
    name: "cluster-change",
    purpose: "Whoever changes a managed cluster beside Slipway is noticed",
    bus: "default",
    pattern: {
      source: ["aws.eks"],
      "detail-type": ["AWS API Call via CloudTrail"],
      detail: { eventSource: ["eks.amazonaws.com"], errorCode: [{ exists: false }] },
    },
    target: { function: "on-cluster-change" },
  },
  {
    name: "cluster-released",
    purpose: "What changed while an operation had a cluster is looked at when it has ended",
    bus: "slipway",
    pattern: {
      source: ["slipway.operation"],
      "detail-type": [
        "Operation Succeeded",
        "Operation Failed",
        "Operation RolledBack",
        "Operation Cancelled",
        "Operation AwaitingWindow",
        "Operation AwaitingApproval",
      ],
    },
    target: { function: "on-cluster-released" },
  },
  {
    name: "sweep-clusters",
    purpose: "Events are late, lost and not of everything: every cluster is looked at once an hour",
    schedule: "rate(5 minutes)",
    target: { function: "sweep-clusters" },
  },
];

/** What the functions of its routes may do. */
export const driftGrants: Readonly<Record<keyof typeof driftRoutes, readonly Grant[]>> = {
  listDrift: [readStore, listStore],
  getDrift: [readStore, listStore, searchStore],
  reconcileCluster: [...look, searchStore],
  acceptDrift: [...asksForLooks, listStore, searchStore, bus, ...permissions.live],
};
