import { sizesOf } from "../cluster-config/defaults.ts";
import type { SelfManagedNodeGroup } from "../cluster-config/self-managed.ts";
import type { Difference } from "../operation/types.ts";
import { type Change, changed, shown } from "./change.ts";
import { difference, differs } from "./compare.ts";
import type { Comparison } from "./context.ts";

const SIZES = ["minSize", "maxSize", "desiredCapacity"] as const;
/** A rotation's own bounds, not a setting of machines. */
const OTHERS = ["updateConfig"] as const;

type Draft = Omit<Difference, "step">;

/**
 * Self-managed groups are stacks of their own, compared with the file that they were made from: what their machines
 * are made with comes with new ones, by a rotation of the stack. Groups that come or go, and sizes alone, are left.
 */
export function selfManagedChanges({ live, config, earlier }: Comparison): Change[] {
  const before = new Map((earlier?.nodeGroups ?? []).map((group) => [group.name, group]));
  return (config.nodeGroups ?? []).flatMap((group): Change[] => {
    const old = before.get(group.name);
    const field = `nodeGroups[${group.name}]`;
    if (!old)
      return shown(
        ...differs(
          field,
          undefined,
          group,
          "left",
          "An apply does not make self-managed groups in a cluster that exists. Use managedNodeGroups.",
        ),
      );
    const settings = settingsThatDiffer(field, old, group);
    const sizes = SIZES.flatMap((name) =>
      differs(
        `${field}.${name}`,
        old[name],
        group[name],
        "left",
        "Change the size of its Auto Scaling group: an apply does not resize self-managed groups, and a rotation keeps the size that the group has.",
      ),
    );
    const nodes = sizesOf(group).desiredSize;
    const step = {
      id: `rotate/self-managed/${group.name}`,
      kind: "self-managed" as const,
      title: `Replace the ${nodes} node${nodes === 1 ? "" : "s"} of ${group.name} by nodes with the file's settings`,
      target: group.name,
      from: live.cluster.version,
      to: live.cluster.version,
      // The plan puts in what the policy makes of it.
      expectedSeconds: 0,
      nodes,
    };
    return [...changed(step, settings, { rotation: {} }), ...shown(...sizes)];
  });
}

function settingsThatDiffer(field: string, old: SelfManagedNodeGroup, group: SelfManagedNodeGroup): Draft[] {
  const without: readonly string[] = [...SIZES, ...OTHERS];
  const values = (of: SelfManagedNodeGroup) => of as Readonly<Record<string, unknown>>;
  const names = [...new Set([...Object.keys(old), ...Object.keys(group)])].filter(
    (name) => !without.includes(name),
  );
  return names.toSorted().flatMap((name) => {
    const [from, to] = [values(old)[name], values(group)[name]];
    if (to !== undefined) return differs(`${field}.${name}`, from, to, "rotate");
    return from === undefined ? [] : [difference(`${field}.${name}`, from, undefined, "rotate")];
  });
}
