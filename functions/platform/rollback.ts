import * as permissions from "../../adapters/permissions.ts";
import type { rollbackRoutes } from "../../core/api/routes/rollback.ts";
import type { FunctionDeclaration, Grant, RuleDeclaration } from "../../core/declaration.ts";
import { task } from "./declare.ts";

const { eksCluster, eksUpdates } = permissions;

export const rollbackFunctions: readonly FunctionDeclaration[] = [
  task(
    "begin-rollback",
    "Has EKS roll a control plane back to the version before",
    [eksCluster, eksUpdates, permissions.eksRollBack],
    { store: [permissions.readStore] },
  ),
  task("follow-rollback", "Looks how the rollback of a control plane stands, and passes a cancel on", [
    permissions.eksClusterUpdate,
    permissions.eksCancelUpdate,
  ]),
];

export const rollbackRules: readonly RuleDeclaration[] = [];

/** What the functions of its routes may do. */
export const rollbackGrants: Readonly<Record<keyof typeof rollbackRoutes, readonly Grant[]>> = {
  rollbackCluster: [
    ...permissions.operationLog,
    permissions.deleteFromStore,
    permissions.startWorkflows,
    ...permissions.mayWait,
    permissions.searchStore,
    ...permissions.snapshot,
  ],
};
