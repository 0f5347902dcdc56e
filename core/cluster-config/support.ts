import * as z from "zod";

/** What Slipway does with a field of eksctl's, for people who bring their files. */
export interface Support {
  readonly level: "different" | "refused" | "not installed";
  readonly note: string;
}

const notes = new WeakMap<z.ZodType, Support>();

/** A field that takes effect, but not in every respect as in eksctl. The note says what differs. */
export function different<S extends z.ZodType>(schema: S, note: string): S {
  notes.set(schema, { level: "different", note });
  return schema;
}

/** A field that is taken in, and of which the plan says that Slipway does not install what it asks for. */
export function notInstalled<S extends z.ZodType>(schema: S, note: string): S {
  notes.set(schema, { level: "not installed", note });
  return schema;
}

/** A field that is always refused: with the reason, and what to do instead. */
export function refused(reason: string): z.ZodOptional<z.ZodUndefined> {
  const schema = z.undefined({ error: () => reason }).optional();
  notes.set(schema, { level: "refused", note: reason });
  return schema;
}

/** A switch that may be off, but not on. */
export function refusedWhenTrue(reason: string): z.ZodOptional<z.ZodType<false, false>> {
  const schema = z
    .literal(false, {
      error: (issue) => (issue.input === true ? reason : undefined),
    })
    .optional() as z.ZodOptional<z.ZodType<false, false>>;
  notes.set(schema, { level: "refused", note: reason });
  return schema;
}

export const supportOf = (schema: z.ZodType): Support | undefined => notes.get(schema);
