import { memo } from "../memo.ts";
import type { Member, Shape, StructureShape } from "../model/shape.ts";
import { readText } from "./text.ts";
import { type Problem, type Representation, typeProblem } from "./walk.ts";

/** Dotted keys of a form as a tree: `A.member.1.B=x` is A -> member -> 1 -> B = "x". */
interface Branch {
  text: string | undefined;
  readonly children: Map<string, Branch>;
}

const branch = (): Branch => ({ text: undefined, children: new Map() });

/** Builds the tree of a form's pairs; of a key given twice the last value counts. */
function tree(pairs: Iterable<readonly [string, string]>): Branch {
  const root = branch();
  for (const [key, value] of pairs) {
    let at = root;
    for (const part of key.split(".")) {
      at = memo(at.children, part, branch);
    }
    at.text = value;
  }
  return root;
}

/** How keys are made of members: EC2 capitalizes and flattens every list, the other query services do not. */
interface Naming {
  readonly ec2: boolean;
  member(member: Member): string;
}

const QUERY: Naming = { ec2: false, member: ({ traits, name }) => traits.xmlName ?? name };
const EC2: Naming = {
  ec2: true,
  member: ({ traits, name }) => {
    if (traits.ec2QueryName) return traits.ec2QueryName;
    const key = traits.xmlName ?? name;
    return key.charAt(0).toUpperCase() + key.slice(1);
  },
};

const inOrder = (numbered: ReadonlyMap<string, Branch>): Branch[] =>
  [...numbered]
    .filter(([key]) => /^\d+$/.test(key))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, value]) => value);

type Check = Representation["check"];

function readStructure(
  shape: StructureShape,
  at: Branch,
  naming: Naming,
  problems: Problem[],
  path: string,
  check: Check,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const member of shape.members) {
    const name = naming.member(member);
    const child = at.children.get(name);
    const memberPath = path ? `${path}.${name}` : name;
    if (!child) {
      if (member.required)
        problems.push({ path: memberPath, kind: "missing", message: "Member must not be null" });
      continue;
    }
    const value = read(member.shape, child, naming, problems, memberPath, member, check);
    if (value === undefined) continue;
    check?.(shape, member, value, memberPath, problems);
    result[member.name] = value;
  }
  return result;
}

function read(
  shape: Shape,
  at: Branch,
  naming: Naming,
  problems: Problem[],
  path: string,
  member: Member,
  check: Check,
): unknown {
  switch (shape.kind) {
    case "structure":
      return readStructure(shape, at, naming, problems, path, check);
    case "list": {
      const flat = naming.ec2 || member.traits.xmlFlattened;
      const name = shape.item.traits.xmlName ?? "member";
      const numbered = flat ? at : (at.children.get(name) ?? at.children.get("member"));
      return inOrder(numbered?.children ?? new Map()).map((item, index) =>
        read(shape.item.shape, item, naming, problems, `${path}.${index + 1}`, shape.item, check),
      );
    }
    case "map": {
      const numbered = member.traits.xmlFlattened ? at : at.children.get("entry");
      const result: Record<string, unknown> = {};
      for (const entry of inOrder(numbered?.children ?? new Map())) {
        const key = entry.children.get(shape.key.traits.xmlName ?? "key")?.text;
        const value = entry.children.get(shape.value.traits.xmlName ?? "value");
        if (key === undefined || !value || key === "__proto__") continue;
        result[key] = read(shape.value.shape, value, naming, problems, `${path}.${key}`, shape.value, check);
      }
      return result;
    }
    default:
      if (at.text === undefined) {
        problems.push(typeProblem(path, {}, shape.kind));
        return undefined;
      }
      return readText(shape, at.text, path, problems);
  }
}

/** Reads the input of a query-protocol operation from its form. */
export function readForm(
  shape: StructureShape,
  pairs: Iterable<readonly [string, string]>,
  options: { readonly ec2: boolean; readonly check?: Check },
  problems: Problem[],
): Record<string, unknown> {
  return readStructure(shape, tree(pairs), options.ec2 ? EC2 : QUERY, problems, "", options.check);
}
