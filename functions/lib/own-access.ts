import { managedRoleArn } from "../../adapters/accounts.ts";
import type { Runtime } from "../../adapters/system-runtime.ts";
import type { ClusterRef } from "../../core/cluster-ref.ts";
import { KUBERNETES_GROUP } from "../../core/provision/access.ts";
import { apiFunctions } from "../api/platform.ts";
import { functions } from "../platform.ts";

/** The role of one of our functions, by the name that stacks and the embedded platform give it. */
const roleArn = ({ config: own }: Pick<Runtime, "config">, name: string): string =>
  `arn:aws:iam::${own.account}:role/slipway-${own.stage}-${name}`;

/**
 * The role that one of our functions is in a cluster's Kubernetes API: its own, and in another account the one
 * that it assumes there.
 */
export const kubernetesRole = (
  runtime: Pick<Runtime, "config">,
  cluster: Pick<ClusterRef, "account">,
  name: string,
): string => managedRoleArn(runtime, cluster.account) ?? roleArn(runtime, name);

/** Requests for the access of Slipway's own functions. Entries need the API authentication modes. */
export function ownEntries(
  runtime: Pick<Runtime, "config">,
  cluster: ClusterRef,
  authenticationMode: string | undefined,
) {
  if (authenticationMode === "CONFIG_MAP") return [];
  const roles = [...functions, ...apiFunctions]
    .filter((declaration) => declaration.kubernetes)
    .map((declaration) => kubernetesRole(runtime, cluster, declaration.name));
  return [...new Set(roles)].map((principalArn) => ({
    clusterName: cluster.name,
    principalArn,
    kubernetesGroups: [KUBERNETES_GROUP],
    type: "STANDARD",
  }));
}
