import { NormalizedSchema } from "@smithy/core/schema";

/** Traits of a member together with those of the shape it targets, as the SDK's schemas carry them. */
export interface Traits {
  readonly httpLabel?: 1;
  readonly httpHeader?: string;
  readonly httpPrefixHeaders?: string;
  readonly httpQuery?: string;
  readonly httpQueryParams?: 1;
  readonly httpPayload?: 1;
  readonly httpResponseCode?: 1;
  readonly jsonName?: string;
  readonly xmlName?: string;
  readonly xmlFlattened?: 1;
  readonly ec2QueryName?: string;
  readonly idempotencyToken?: 1;
  readonly sparse?: 1;
  readonly streaming?: 1;
  readonly httpError?: number;
  readonly awsQueryError?: readonly [string, number];
}

export type ScalarKind = "string" | "boolean" | "number" | "bigInteger" | "bigDecimal" | "blob" | "document";
export type TimestampFormat = "date-time" | "http-date" | "epoch-seconds";

export interface ScalarShape {
  readonly kind: ScalarKind;
}

export interface TimestampShape {
  readonly kind: "timestamp";
  /** The format the model demands; undefined for the protocol's default. */
  readonly format: TimestampFormat | undefined;
}

export interface ListShape {
  readonly kind: "list";
  readonly item: Member;
}

export interface MapShape {
  readonly kind: "map";
  readonly key: Member;
  readonly value: Member;
}

export interface StructureShape {
  readonly kind: "structure";
  readonly name: string;
  readonly union: boolean;
  readonly traits: Traits;
  readonly members: readonly Member[];
  member(name: string): Member | undefined;
}

export type Shape = ScalarShape | TimestampShape | ListShape | MapShape | StructureShape;

export interface Member {
  readonly name: string;
  readonly required: boolean;
  readonly traits: Traits;
  readonly shape: Shape;
}

const TIMESTAMPS: Readonly<Record<number, TimestampFormat>> = {
  5: "date-time",
  6: "http-date",
  7: "epoch-seconds",
};

/** Shapes refer to themselves (DynamoDB's AttributeValue), so what a member targets is compiled when asked for. */
class LazyMember implements Member {
  readonly name: string;
  readonly required: boolean;
  readonly traits: Traits;
  readonly #schema: NormalizedSchema;
  #shape: Shape | undefined;

  constructor(name: string, schema: NormalizedSchema, required: boolean) {
    this.name = name;
    this.required = required;
    this.traits = schema.getMergedTraits() as Traits;
    this.#schema = schema;
  }

  get shape(): Shape {
    this.#shape ??= compile(this.#schema);
    return this.#shape;
  }
}

class LazyStructure implements StructureShape {
  readonly kind = "structure";
  readonly name: string;
  readonly union: boolean;
  readonly traits: Traits;
  readonly #schema: NormalizedSchema;
  #members: readonly Member[] | undefined;
  #byName: ReadonlyMap<string, Member> | undefined;

  constructor(schema: NormalizedSchema) {
    this.name = schema.getName() ?? "";
    const fixed = schema.getSchema();
    this.union = Array.isArray(fixed) && fixed[0] === 4;
    this.traits = schema.getOwnTraits() as Traits;
    this.#schema = schema;
  }

  get members(): readonly Member[] {
    if (this.#members) return this.#members;
    // [kind, namespace, name, traits, names, targets, how many of them, from the first, are required]
    const fixed: unknown = this.#schema.getSchema();
    const required = Array.isArray(fixed) && typeof fixed[6] === "number" ? fixed[6] : 0;
    let index = 0;
    const members: Member[] = [];
    for (const [name, schema] of this.#schema.structIterator())
      members.push(new LazyMember(name, schema, index++ < required));
    this.#members = members;
    return members;
  }

  member(name: string): Member | undefined {
    this.#byName ??= new Map(this.members.map((member) => [member.name, member]));
    return this.#byName.get(name);
  }
}

const compiled = new WeakMap<object, Shape>();

function compile(schema: NormalizedSchema): Shape {
  const fixed: unknown = schema.getSchema();
  if (typeof fixed === "object" && fixed !== null) {
    let shape = compiled.get(fixed);
    if (!shape) {
      shape = build(schema);
      compiled.set(fixed, shape);
    }
    return shape;
  }
  return build(schema);
}

function build(schema: NormalizedSchema): Shape {
  if (schema.isUnitSchema() || schema.isStructSchema()) return new LazyStructure(schema);
  if (schema.isListSchema())
    return { kind: "list", item: new LazyMember("member", schema.getValueSchema(), false) };
  if (schema.isMapSchema())
    return {
      kind: "map",
      key: new LazyMember("key", schema.getKeySchema(), true),
      value: new LazyMember("value", schema.getValueSchema(), false),
    };
  if (schema.isTimestampSchema())
    return { kind: "timestamp", format: TIMESTAMPS[Number(schema.getSchema())] };
  return { kind: scalarKind(schema) };
}

function scalarKind(schema: NormalizedSchema): ScalarKind {
  if (schema.isStringSchema()) return "string";
  if (schema.isBooleanSchema()) return "boolean";
  if (schema.isNumericSchema()) return "number";
  if (schema.isBlobSchema()) return "blob";
  if (schema.isDocumentSchema()) return "document";
  if (schema.isBigIntegerSchema()) return "bigInteger";
  if (schema.isBigDecimalSchema()) return "bigDecimal";
  throw new Error(`schema ${schema.getName(true)} is of a kind that is not known here`);
}

/** Compiles an input, output or error schema of the SDK; `"unit"` is a structure without members. */
export function structureOf(schema: unknown): StructureShape {
  const shape = compile(NormalizedSchema.of(schema as Parameters<typeof NormalizedSchema.of>[0]));
  if (shape.kind !== "structure") throw new Error("an operation's input or output must be a structure");
  return shape;
}
