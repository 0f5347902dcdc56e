import * as permissions from "../../adapters/permissions.ts";
import type { windowsRoutes } from "../../core/api/routes/windows.ts";
import type { FunctionDeclaration, Grant, RuleDeclaration } from "../../core/declaration.ts";
import { listener } from "./declare.ts";

const { operationLog, readStore, listStore, writeStore, deleteFromStore, searchStore, bus, wakes } =
  permissions;

/** Letting go on what has waited: planned again, leased, started; or waiting on. */
export const plansAgain: readonly Grant[] = [
  ...operationLog,
  bus,
  ...wakes,
  permissions.startWorkflows,
  searchStore,
  ...permissions.snapshot,
  ...permissions.auditLog,
  ...permissions.live,
  permissions.stacks,
  permissions.existingResources,
];

export const windowsFunctions: readonly FunctionDeclaration[] = [
  listener(
    "schedules",
    "wake-operation",
    "Lets an operation go on when its window opens, or ends its wait",
    plansAgain,
    {
      kubernetes: true,
      memoryMB: 1024,
      timeoutSeconds: 240,
    },
  ),
];

export const windowsRules: readonly RuleDeclaration[] = [];

/** The group of the schedules that wake what waits: `slipway-<stage>-wake`. */
export const WAKE_GROUP = "wake";

/** The role by which the Scheduler reaches wake-operation: `slipway-<stage>-wake`. */
export const wakeRole = {
  name: "wake",
  purpose: "Schedules call the function that wakes what waits",
  service: "scheduler.amazonaws.com",
  grants: [{ actions: ["lambda:InvokeFunction"], resources: ["{function:wake-operation}"] }],
} as const;

/** What the functions of its routes may do. */
export const windowsGrants: Readonly<Record<keyof typeof windowsRoutes, readonly Grant[]>> = {
  listWindows: [listStore],
  getWindow: [],
  putWindow: [writeStore],
  deleteWindow: [listStore, searchStore, deleteFromStore],
  listPolicies: [listStore],
  getPolicy: [],
  putPolicy: [writeStore],
  deletePolicy: [searchStore, deleteFromStore],
  getClusterWindow: [searchStore],
  approveOperation: plansAgain,
  rejectOperation: [...operationLog, bus],
  getAccess: [],
  putAccess: [writeStore],
};

/** Every function of the API asks who may (functions/lib/api/access.ts). */
export const asksAccess: readonly Grant[] = [readStore];
