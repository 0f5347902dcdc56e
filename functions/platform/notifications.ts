import * as permissions from "../../adapters/permissions.ts";
import type { notificationsRoutes } from "../../core/api/routes/notifications.ts";
import type { FunctionDeclaration, Grant, RuleDeclaration } from "../../core/declaration.ts";
import { listener } from "./declare.ts";

const { readStore, listStore, writeStore, deleteFromStore } = permissions;

/** Topics and secrets whose names begin with `slipway`, in Slipway's own account: nothing else can be told or read. */
const sends: readonly Grant[] = [permissions.publishToTopics, ...permissions.readSecrets];

export const notificationsFunctions: readonly FunctionDeclaration[] = [
  listener(
    "events",
    "notify",
    "Tells people what happens, through the notification channels",
    [readStore, listStore, writeStore, ...sends],
    { memoryMB: 512 },
  ),
];

export const notificationsRules: readonly RuleDeclaration[] = [
  {
    name: "notify",
    purpose: "What happens to operations, drift, nodes and rollouts is told to people",
    bus: "slipway",
    pattern: { source: ["slipway.operation", "slipway.drift", "slipway.node", "slipway.rollout"] },
    target: { function: "notify" },
  },
];

/** What the functions of its routes may do. */
export const notificationsGrants: Readonly<Record<keyof typeof notificationsRoutes, readonly Grant[]>> = {
  listChannels: [readStore, listStore],
  getChannel: [readStore],
  putChannel: [readStore, writeStore],
  deleteChannel: [readStore, deleteFromStore],
  testChannel: [readStore, ...sends],
};
