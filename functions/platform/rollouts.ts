import * as permissions from "../../adapters/permissions.ts";
import type { rolloutsRoutes } from "../../core/api/routes/rollouts.ts";
import type { FunctionDeclaration, Grant, RuleDeclaration } from "../../core/declaration.ts";
import { listener, task } from "./declare.ts";

const {
  auditLog,
  bus,
  deleteFromStore,
  describeExecutions,
  eksCluster,
  eksNodegroups,
  letTasksGoOn,
  listStore,
  managedAccounts,
  mayWait,
  operationLog,
  readStore,
  searchStore,
  snapshot,
  startWorkflows,
  writeStore,
} = permissions;

export const rolloutsFunctions: readonly FunctionDeclaration[] = [
  task(
    "advance-rollout",
    "Decides what a rollout does next: which clusters begin, what is waited for, when it ends",
    [bus, deleteFromStore],
    { timeoutSeconds: 240, memoryMB: 1024 },
  ),
  task("hold-rollout", "Keeps a rollout waiting for a person or for the end of a bake", [
    deleteFromStore,
    letTasksGoOn,
  ]),
  task(
    "start-member",
    "Plans and starts the operation of one cluster of a rollout, once",
    [...snapshot, ...auditLog, managedAccounts, deleteFromStore, startWorkflows, ...mayWait],
    { kubernetes: true, memoryMB: 1024 },
  ),
  task("member-status", "Looks how the operation of one cluster of a rollout stands", [
    bus,
    deleteFromStore,
    letTasksGoOn,
  ]),
  task(
    "check-member",
    "Looks whether a cluster is well after its part of a rollout",
    [...snapshot, permissions.alarms, managedAccounts],
    {
      kubernetes: true,
      memoryMB: 1024,
      store: [readStore, writeStore],
    },
  ),
  listener(
    "schedules",
    "sweep-rollouts",
    "Goes on with rollouts whose execution ended before they did",
    [...operationLog, startWorkflows, describeExecutions],
    { timeoutSeconds: 240 },
  ),
  listener(
    "schedules",
    "propose-upgrades",
    "Warns of support that ends, and proposes or begins what the channels of clusters want",
    [
      ...operationLog,
      ...mayWait,
      ...snapshot,
      ...auditLog,
      permissions.eksImages,
      bus,
      deleteFromStore,
      managedAccounts,
      searchStore,
      startWorkflows,
    ],
    { kubernetes: true, memoryMB: 1024, timeoutSeconds: 240 },
  ),
];

export const rolloutsRules: readonly RuleDeclaration[] = [
  {
    name: "sweep-rollouts",
    purpose: "A rollout whose execution was stopped goes on where it was",
    schedule: "rate(5 minutes)",
    target: { function: "sweep-rollouts" },
  },
  {
    name: "propose-upgrades",
    purpose: "Each cluster once a day, spread over its hours: no version leaves support unnoticed",
    schedule: "rate(1 hour)",
    target: { function: "propose-upgrades" },
  },
];

/** Its record, and the token of its execution that waits. */
const controls: readonly Grant[] = [...operationLog, deleteFromStore, letTasksGoOn];

/** What the functions of its routes may do. */
export const rolloutsGrants: Readonly<Record<keyof typeof rolloutsRoutes, readonly Grant[]>> = {
  startRollout: [
    readStore,
    writeStore,
    searchStore,
    startWorkflows,
    ...snapshot,
    ...auditLog,
    eksCluster,
    ...eksNodegroups,
    managedAccounts,
  ],
  listRollouts: [listStore],
  getRollout: [readStore, listStore],
  listRolloutMembers: [readStore, listStore],
  pauseRollout: controls,
  resumeRollout: controls,
  // One that waits ends at once, and that is told.
  abortRollout: [...controls, bus],
  approveRollout: controls,
};
