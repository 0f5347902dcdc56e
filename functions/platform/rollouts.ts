import type { rolloutsRoutes } from "../../core/api/routes/rollouts.ts";
import type { FunctionDeclaration, Grant, RuleDeclaration } from "../../core/declaration.ts";

export const rolloutsFunctions: readonly FunctionDeclaration[] = [];

export const rolloutsRules: readonly RuleDeclaration[] = [];

/** What the functions of its routes may do. */
export const rolloutsGrants: Readonly<Record<keyof typeof rolloutsRoutes, readonly Grant[]>> = {};
