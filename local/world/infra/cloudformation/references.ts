import type { Json } from "./state.ts";

/** `${Name}` and `${Name.Attribute}` in Fn::Sub; `${!Literal}` is not one. */
export const SUB_VARIABLE = /\$\{(!?)([^{}]+)\}/g;

/** Names of resources and parameters that a value refers to, pseudo parameters left out. */
export function references(value: Json): Set<string> {
  const names = new Set<string>();
  const add = (name: string): void => {
    if (!name.startsWith("AWS::")) names.add(name);
  };
  const visit = (node: Json): void => {
    if (Array.isArray(node)) {
      for (const item of node) visit(item);
      return;
    }
    if (typeof node !== "object" || node === null) return;
    for (const [key, inner] of Object.entries(node)) {
      if (key === "Ref" && typeof inner === "string") add(inner);
      else if (key === "Fn::GetAtt") {
        const [name] = Array.isArray(inner) ? inner : String(inner).split(".");
        add(String(name));
      } else if (key === "Fn::Sub") {
        const [template, variables] = Array.isArray(inner) ? inner : [inner, {}];
        const own = typeof variables === "object" && variables !== null ? Object.keys(variables) : [];
        for (const [, literal, name = ""] of String(template).matchAll(SUB_VARIABLE)) {
          const [first = ""] = name.trim().split(".");
          if (literal === "" && !own.includes(name.trim())) add(first);
        }
        if (variables !== undefined) visit(variables);
      } else visit(inner);
    }
  };
  visit(value);
  return names;
}
