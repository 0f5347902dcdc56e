import type { windowsRoutes } from "../../core/api/routes/windows.ts";
import type { FunctionDeclaration, Grant, RuleDeclaration } from "../../core/declaration.ts";

export const windowsFunctions: readonly FunctionDeclaration[] = [];

export const windowsRules: readonly RuleDeclaration[] = [];

/** What the functions of its routes may do. */
export const windowsGrants: Readonly<Record<keyof typeof windowsRoutes, readonly Grant[]>> = {};
