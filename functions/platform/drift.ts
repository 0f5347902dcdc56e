import type { driftRoutes } from "../../core/api/routes/drift.ts";
import type { FunctionDeclaration, Grant, RuleDeclaration } from "../../core/declaration.ts";

export const driftFunctions: readonly FunctionDeclaration[] = [];

export const driftRules: readonly RuleDeclaration[] = [];

/** What the functions of its routes may do. */
export const driftGrants: Readonly<Record<keyof typeof driftRoutes, readonly Grant[]>> = {};
