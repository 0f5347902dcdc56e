import { describe, expect, it } from "vitest";
import { eksctlFieldsAt } from "../../../core/cluster-config/eksctl-fields.ts";
import { fieldSupport } from "../../../core/cluster-config/support-table.ts";

/** `nodeGroups[].ssh` as a path of eksctl's fields. */
const pathOf = (field: string): (string | number)[] =>
  field.split(".").flatMap((step) => (step.endsWith("[]") ? [step.slice(0, -2), 0] : [step]));

describe("the fields of the ClusterConfig", () => {
  const fields = fieldSupport();
  const known = new Set(fields.map(({ field }) => field.replaceAll("[]", "")));
  const refused = fields
    .filter(({ level }) => level === "refused")
    .map(({ field }) => field.replaceAll("[]", ""));

  it("are all those of eksctl: each supported, or refused with a reason", () => {
    const missing: string[] = [];
    const walk = (path: string): void => {
      for (const name of eksctlFieldsAt(path === "" ? [] : pathOf(path))) {
        const at = path === "" ? name : `${path}.${name}`;
        if (!known.has(at)) missing.push(at);
        else if (!refused.includes(at)) walk(at);
      }
    };
    walk("");
    expect(missing).toEqual([]);
  });

  it("say why where they are not supported as in eksctl", () => {
    for (const { field, level, note } of fields)
      if (level !== "supported") expect([field, note.length > 20]).toEqual([field, true]);
  });
});
