import type { WorkflowDeclaration } from "../core/declaration.ts";
import { adoptCluster } from "./adopt-cluster.ts";
import { applyChanges } from "./apply-changes.ts";
import { deleteCluster } from "./delete-cluster.ts";
import { provisionCluster } from "./provision-cluster.ts";
import { rotateNodegroup } from "./rotate-nodegroup.ts";
import { updateAddons } from "./update-addons.ts";
import { upgradeCluster } from "./upgrade-cluster.ts";

/** Every workflow of Slipway, those that others start before the ones that start them. */
export const workflows: readonly WorkflowDeclaration[] = [
  updateAddons,
  rotateNodegroup,
  upgradeCluster,
  applyChanges,
  adoptCluster,
  provisionCluster,
  deleteCluster,
];
