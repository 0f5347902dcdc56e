import * as permissions from "../../adapters/permissions.ts";
import type { FunctionDeclaration } from "../../core/declaration.ts";
import { task } from "./declare.ts";

const { readStore, listStore, writeStore, eksCluster, eksNodegroups } = permissions;

/** Tasks of the workflows that make, change and remove clusters. */
export const provisioningTasks: readonly FunctionDeclaration[] = [
  task("plan-provision", "Says what a new cluster needs to stand on, as a CloudFormation template", [
    permissions.existingResources,
  ]),
  task("plan-cluster", "Makes the request for the cluster from the ClusterConfig", [
    permissions.existingResources,
    permissions.stacks,
  ]),
  task("plan-stack", "Makes the template of a part that needs to know the cluster: identities, node groups", [
    eksCluster,
    permissions.existingResources,
    permissions.stacks,
  ]),
  task(
    "plan-contents",
    "Makes the requests for everything that lives in a new cluster",
    [permissions.existingResources, permissions.stacks],
    { memoryMB: 1024, store: [readStore] },
  ),
  task(
    "machines-ready",
    "Looks whether the machines of a self-managed group are Ready nodes",
    [eksCluster, permissions.autoScalingGroups],
    { kubernetes: true },
  ),
  task(
    "grant-access",
    "Applies the ClusterRole of Slipway's functions and the file's service accounts to a new cluster",
    [eksCluster, permissions.stacks],
    { kubernetes: true, store: [readStore] },
  ),
  task("plan-access", "Says which access entries of Slipway's functions a cluster lacks", [
    eksCluster,
    permissions.eksPrincipals,
  ]),
  task(
    "plan-changes",
    "Says what is to be done next to bring a cluster to what its file says",
    [
      ...permissions.live,
      permissions.existingResources,
      permissions.eksUpdates,
      permissions.eksAddonVersions,
      permissions.stacks,
    ],
    { memoryMB: 1024 },
  ),
  task("note", "Writes a remark into the log of an operation", [], {
    store: [listStore, writeStore],
  }),
  task("plan-cleanup", "Lists what an operation created, or what a cluster consists of, for its removal", [
    eksCluster,
    ...eksNodegroups,
    permissions.eksFargate,
    permissions.eksCapabilities,
    permissions.allStacks,
  ]),
];
