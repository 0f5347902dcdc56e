import type { WorkflowDeclaration } from "../core/declaration.ts";
import { cleanup } from "./fragments/cleanup.ts";
import { operationMachine } from "./fragments/operation.ts";
import { gate } from "./fragments/states.ts";

/** Node groups, the cluster, then the stack that Slipway made for it. */
const definition = operationMachine({
  comment: "Deletes a cluster and everything that Slipway made for it",
  startAt: "Gate",
  states: {
    Gate: gate("PlanCleanup"),
    ...cleanup({ scope: "cluster", next: "Done", failTo: "Failed" }),
  },
});

export const deleteCluster: WorkflowDeclaration = {
  name: "delete-cluster",
  purpose: "Deletes a cluster with its node groups, and the VPC and roles that were made for it",
  definition,
};
