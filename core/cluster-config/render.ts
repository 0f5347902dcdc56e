import { stringify } from "yaml";
import type { AutomationPolicy } from "../policy/schema.ts";
import type { ClusterConfig } from "./schema.ts";

/** YAML text that `parseClusterFile` reads back to the same values; the policy becomes a second document. */
export function renderClusterConfig(config: ClusterConfig, policy?: AutomationPolicy): string {
  // A single anchor-free document per value: two equal arrays stay two arrays.
  const render = (value: unknown) => stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });
  return policy ? `${render(config)}---\n${render(policy)}` : render(config);
}
