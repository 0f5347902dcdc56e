import type { FunctionDeclaration } from "../core/declaration.ts";
import { driftFunctions } from "./platform/drift.ts";
import { nodesFunctions } from "./platform/nodes.ts";
import { notificationsFunctions } from "./platform/notifications.ts";
import { operationListeners, operationTasks } from "./platform/operations.ts";
import { provisioningTasks } from "./platform/provisioning.ts";
import { rollbackFunctions } from "./platform/rollback.ts";
import { rolloutsFunctions } from "./platform/rollouts.ts";
import { windowsFunctions } from "./platform/windows.ts";

/** Every function of Slipway but those of the API, which functions/api/platform.ts declares. */
export const functions: readonly FunctionDeclaration[] = [
  ...operationTasks,
  ...provisioningTasks,
  ...operationListeners,
  ...rollbackFunctions,
  ...driftFunctions,
  ...nodesFunctions,
  ...windowsFunctions,
  ...rolloutsFunctions,
  ...notificationsFunctions,
];
