import { isObject, type Json, type JsonObject } from "./patch.ts";

/**
 * How the entries of the lists in the API's objects are told apart, by the name of the field: what a strategic
 * merge patch and server-side apply merge by. Lists that are not here are replaced as a whole.
 */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ["name"],
  initContainers: ["name"],
  ephemeralContainers: ["name"],
  volumes: ["name"],
  env: ["name"],
  volumeMounts: ["mountPath"],
  volumeDevices: ["devicePath"],
  conditions: ["type"],
  addresses: ["type"],
  ownerReferences: ["uid"],
  imagePullSecrets: ["name"],
  hostAliases: ["ip"],
  topologySpreadConstraints: ["topologyKey"],
  secrets: ["name"],
  webhooks: ["name"],
  // Pods name ports by containerPort, services by port.
  ports: ["containerPort", "port"],
};

/** Lists of plain values that are sets. */
export const SETS = new Set(["finalizers"]);

/** The field that tells the entries of this list apart; undefined for a list that is one value. */
export function mergeKey(field: string, ...lists: readonly (readonly Json[])[]): string | undefined {
  const candidates = KEYS[field];
  if (!candidates) return undefined;
  const entries = lists.flat().filter(isObject);
  return candidates.find((key) => entries.every((e) => e[key] !== undefined || isDirectiveOnly(e)));
}

const isDirectiveOnly = (entry: JsonObject): boolean => Object.keys(entry).every((k) => k.startsWith("$"));
