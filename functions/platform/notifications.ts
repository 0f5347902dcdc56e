import type { notificationsRoutes } from "../../core/api/routes/notifications.ts";
import type { FunctionDeclaration, Grant, RuleDeclaration } from "../../core/declaration.ts";

export const notificationsFunctions: readonly FunctionDeclaration[] = [];

export const notificationsRules: readonly RuleDeclaration[] = [];

/** What the functions of its routes may do. */
export const notificationsGrants: Readonly<Record<keyof typeof notificationsRoutes, readonly Grant[]>> = {};
