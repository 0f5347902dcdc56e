import type { WorkflowDeclaration } from "../core/declaration.ts";
import { adoptCluster } from "./adopt-cluster.ts";
import { applyChanges } from "./apply-changes.ts";
import { deleteCluster } from "./delete-cluster.ts";
import { provisionCluster } from "./provision-cluster.ts";
import { reconcileDrift } from "./reconcile-drift.ts";
import { remediateNode } from "./remediate-node.ts";
import { rollbackCluster } from "./rollback-cluster.ts";
import { rolloutFleet } from "./rollout-fleet.ts";
import { rotateNodegroup } from "./rotate-nodegroup.ts";
import { updateAddons } from "./update-addons.ts";
import { upgradeCluster } from "./upgrade-cluster.ts";
import { watchCluster } from "./watch-cluster.ts";

/** Every workflow of Slipway, those that others start before the ones that start them. */
export const workflows: readonly WorkflowDeclaration[] = [
  updateAddons,
  rotateNodegroup,
  upgradeCluster,
  rollbackCluster,
  applyChanges,
  reconcileDrift,
  watchCluster,
  adoptCluster,
  provisionCluster,
  deleteCluster,
  remediateNode,
  rolloutFleet,
];
