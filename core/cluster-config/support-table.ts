import * as z from "zod";
import { unwrap } from "./fields.ts";
import { clusterConfigSchema } from "./schema.ts";
import { type Support, supportOf } from "./support.ts";

/** A field of the format and what Slipway does with it. */
export interface FieldSupport {
  /** `nodeGroups[].ssh.publicKeyPath`. */
  readonly field: string;
  readonly level: "supported" | Support["level"];
  readonly note: string;
}

/** Every field of the ClusterConfig, in the order of the schema. */
export const fieldSupport = (): FieldSupport[] => fieldsOf(clusterConfigSchema, "");

/** The note may be on the schema itself or on what it wraps. */
function noteOf(schema: z.ZodType): Support | undefined {
  const own = supportOf(schema);
  if (own) return own;
  return schema instanceof z.ZodOptional ? noteOf(schema.unwrap() as z.ZodType) : undefined;
}

function fieldsOf(schema: z.ZodType, path: string): FieldSupport[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) return fieldsOf(inner.element as z.ZodType, `${path}[]`);
  if (inner instanceof z.ZodRecord) return fieldsOf(inner.valueType as z.ZodType, `${path}.*`);
  if (!(inner instanceof z.ZodObject) || inner.def.catchall instanceof z.ZodUnknown) return [];
  return Object.entries(inner.shape as Record<string, z.ZodType>).flatMap(([name, field]) => {
    const at = path === "" ? name : `${path}.${name}`;
    const support = noteOf(field);
    const own: FieldSupport = { field: at, level: support?.level ?? "supported", note: support?.note ?? "" };
    return [own, ...fieldsOf(field, at)];
  });
}
