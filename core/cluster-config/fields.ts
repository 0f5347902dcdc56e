import * as z from "zod";

/** The names that a strict zod object takes at a path: for "did you mean". */
export function schemaFieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let current: z.ZodType | undefined = schema;
  for (const step of path) {
    current = unwrap(current);
    if (current instanceof z.ZodObject) current = current.shape[String(step)] as z.ZodType | undefined;
    else if (current instanceof z.ZodArray) current = current.element as z.ZodType;
    else if (current instanceof z.ZodRecord) current = current.valueType as z.ZodType;
    else return [];
  }
  current = unwrap(current);
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}

export function unwrap(schema: z.ZodType | undefined): z.ZodType | undefined {
  let current = schema;
  while (
    current instanceof z.ZodOptional ||
    current instanceof z.ZodNullable ||
    current instanceof z.ZodDefault ||
    current instanceof z.ZodPipe
  ) {
    // Of a pipe the side that is not a function: preprocess has it behind, transform in front.
    current = (
      current instanceof z.ZodPipe
        ? current.in instanceof z.ZodTransform
          ? current.out
          : current.in
        : current.unwrap()
    ) as z.ZodType;
  }
  return current;
}
