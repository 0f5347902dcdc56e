import fc from "fast-check";
import table from "../../../local/aws/model/enum-members.json" with { type: "json" };
import type { ServiceModel } from "../../../local/aws/model/service-model.ts";
import type { Member, Shape, StructureShape } from "../../../local/aws/model/shape.ts";

const enums: Partial<Record<string, Record<string, Record<string, string>>>> = table;

const isForm = ({ protocol }: ServiceModel): boolean => protocol === "query" || protocol === "ec2";

/** Nested structures end here, so that shapes that contain themselves do too. */
const MAX_DEPTH = 10;
const COMPOSITE = new Set(["structure", "list", "map"]);

/** Valid values of a shape: what a caller of the SDK may send. */
function memberValue(
  shape: Shape,
  member: Member,
  owner: StructureShape,
  model: ServiceModel,
  depth: number,
): fc.Arbitrary<unknown> {
  // A form, a query and a path cannot carry what is empty.
  const filled =
    isForm(model) || member.traits.httpLabel || member.traits.httpQuery || member.traits.httpHeader;
  const bound = member.traits.httpLabel || member.traits.httpQuery || member.traits.httpHeader;
  const name = enums[model.service]?.[owner.name]?.[member.name];
  const allowed = name === undefined ? undefined : model.enumValues(name);
  switch (shape.kind) {
    case "string":
      if (allowed && allowed.length > 0) return fc.constantFrom(...allowed);
      return fc.string({ unit: "grapheme", minLength: bound ? 1 : 0, maxLength: 20 });
    case "number":
      return fc.integer();
    case "boolean":
      return fc.boolean();
    case "timestamp":
      return fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1000));
    case "blob":
      return fc.uint8Array({ maxLength: 20 });
    case "document":
      return fc.jsonValue();
    case "list":
      return fc.array(
        memberValue(
          shape.item.shape,
          { ...shape.item, name: member.name, traits: {}, shape: shape.item.shape, required: false },
          owner,
          model,
          depth + 1,
        ),
        {
          minLength: filled ? 1 : 0,
          maxLength: 3,
        },
      );
    case "map":
      return fc.dictionary(
        fc
          .string({ unit: "grapheme-ascii", minLength: 1, maxLength: 10 })
          .filter((key) => key !== "__proto__"),
        memberValue(shape.value.shape, shape.value, owner, model, depth + 1),
        { minKeys: filled ? 1 : 0, maxKeys: 3, noNullPrototype: true },
      );
    case "structure":
      return inputOf(shape, model, depth + 1);
    default:
      throw new Error(`no arbitrary for ${shape.kind}`);
  }
}

/** Valid values of a structure; idempotency tokens are always set, as the SDK would make one up. */
export function inputOf(
  shape: StructureShape,
  model: ServiceModel,
  depth = 0,
): fc.Arbitrary<Record<string, unknown>> {
  const members = shape.members.filter(
    (member) => depth < MAX_DEPTH || member.required || !COMPOSITE.has(member.shape.kind),
  );
  const arbitraries = Object.fromEntries(
    members.map((member) => [member.name, memberValue(member.shape, member, shape, model, depth)] as const),
  );
  if (shape.union) {
    return fc.oneof(...Object.entries(arbitraries).map(([name, value]) => fc.record({ [name]: value })));
  }
  const requiredKeys = members
    .filter((member) => member.required || member.traits.idempotencyToken)
    .map((member) => member.name);
  const [first] = members;
  if (isForm(model) && depth > 0 && requiredKeys.length === 0 && first) requiredKeys.push(first.name);
  return fc.record(arbitraries, { requiredKeys, noNullPrototype: true });
}
