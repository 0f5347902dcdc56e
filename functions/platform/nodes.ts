import type { nodesRoutes } from "../../core/api/routes/nodes.ts";
import type { FunctionDeclaration, Grant, RuleDeclaration } from "../../core/declaration.ts";

export const nodesFunctions: readonly FunctionDeclaration[] = [];

export const nodesRules: readonly RuleDeclaration[] = [];

/** What the functions of its routes may do. */
export const nodesGrants: Readonly<Record<keyof typeof nodesRoutes, readonly Grant[]>> = {};
