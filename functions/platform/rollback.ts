import type { rollbackRoutes } from "../../core/api/routes/rollback.ts";
import type { FunctionDeclaration, Grant, RuleDeclaration } from "../../core/declaration.ts";

export const rollbackFunctions: readonly FunctionDeclaration[] = [];

export const rollbackRules: readonly RuleDeclaration[] = [];

/** What the functions of its routes may do. */
export const rollbackGrants: Readonly<Record<keyof typeof rollbackRoutes, readonly Grant[]>> = {};
