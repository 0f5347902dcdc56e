import type { Runtime } from "../../adapters/system-runtime.ts";
import { KUBERNETES_GROUP } from "../../core/provision/access.ts";
import { apiFunctions } from "../api/platform.ts";
import { functions } from "../platform.ts";

/** The role of one of our functions, by the name that stacks and the embedded platform give it. */
export const roleArn = ({ config: own }: Pick<Runtime, "config">, name: string): string =>
  `arn:aws:iam::${own.account}:role/slipway-${own.stage}-${name}`;

/** Requests for the access of Slipway's own functions. Entries need the API authentication modes. */
export function ownEntries(
  runtime: Pick<Runtime, "config">,
  clusterName: string,
  authenticationMode: string | undefined,
) {
  if (authenticationMode === "CONFIG_MAP") return [];
  return [...functions, ...apiFunctions]
    .filter((declaration) => declaration.kubernetes)
    .map((declaration) => ({
      clusterName,
      principalArn: roleArn(runtime, declaration.name),
      kubernetesGroups: [KUBERNETES_GROUP],
      type: "STANDARD",
    }));
}
