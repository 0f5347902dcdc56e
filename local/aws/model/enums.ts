import type { Representation } from "../codec/walk.ts";
import type { ServiceName } from "../contract.ts";
import { memo } from "../memo.ts";
import table from "./enum-members.json" with { type: "json" };
import type { EnumMembers } from "./read-enums.ts";
import type { ServiceModel } from "./service-model.ts";

const ENUMS: Partial<Record<ServiceName, EnumMembers>> = table;
const checks = new WeakMap<ServiceModel, NonNullable<Representation["check"]>>();

/**
 * The check of constraints that the operation schemas leave out: enumerations, and integers where a service
 * has no other numbers.
 */
export const memberCheck = (model: ServiceModel): NonNullable<Representation["check"]> =>
  memo(checks, model, () => build(model));

function build(model: ServiceModel): NonNullable<Representation["check"]> {
  const members = ENUMS[model.service] ?? {};
  const values = new Map<string, readonly string[]>();
  const valuesOf = (name: string): readonly string[] =>
    memo(values, name, () => model.enumValues(name) ?? []);
  return (owner, member, value, path, problems) => {
    if (typeof value === "number" && model.integersOnly && !Number.isInteger(value))
      problems.push({ path, kind: "type", message: "NUMBER_VALUE can not be converted to an Integer" });
    const name = members[owner.name]?.[member.name];
    if (name === undefined) return;
    const allowed = valuesOf(name);
    if (allowed.length === 0) return;
    for (const one of Array.isArray(value) ? value : [value])
      if (typeof one === "string" && !allowed.includes(one))
        problems.push({
          path,
          kind: "value",
          message: `Value '${one}' at '${path}' failed to satisfy constraint: Member must satisfy enum value set: [${allowed.join(", ")}]`,
        });
  };
}
