import { type Change, shown } from "./change.ts";
import { difference, differs } from "./compare.ts";
import type { Comparison } from "./context.ts";

const at = (name: string): string => `capabilities[${name}]`;

/**
 * Capabilities: whether they are there, and of which type. An apply to a cluster that exists neither makes nor
 * deletes one: each comes with a role of its own, and takes what it manages with it.
 */
export function capabilityChanges({ live, config }: Comparison): Change[] {
  if (!live.capabilities) return [];
  const there = live.capabilities.filter(({ status }) => status !== "DELETING");
  const wanted = config.capabilities ?? [];
  const named = new Set(wanted.map(({ name }) => name));
  return [
    ...wanted.flatMap(({ name, type }) => {
      const now = there.find((one) => one.name === name);
      const make = "An apply to a cluster that exists makes no capabilities: aws eks create-capability.";
      if (!now) return shown(difference(at(name), undefined, type, "left", make));
      const remedy = "EKS cannot change the type of a capability. Write it under another name.";
      return shown(...differs(`${at(name)}.type`, now.type, type, "left", remedy));
    }),
    ...there
      .filter(({ name }) => !named.has(name))
      .flatMap(({ name, type }) =>
        shown(
          difference(
            at(name),
            type,
            undefined,
            "left",
            "It is not in the file and stays. Write it into the file, or delete it: aws eks delete-capability.",
          ),
        ),
      ),
  ];
}
