import * as z from "zod";
import type { Role } from "../../access/access.ts";
import * as schema from "../schemas.ts";

/** A route of the API: the contract that the handler, the CLI and the OpenAPI document share. */
export interface ApiRoute {
  /** The function behind it and the operationId of the document. */
  readonly id: string;
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly summary: string;
  /** Who may: viewer for GET, operator for everything else unless told otherwise (core/access). */
  readonly role?: Role;
  readonly query?: z.ZodObject;
  /** A zod schema for JSON or YAML bodies; `cluster-file` for a ClusterConfig document. */
  readonly body?: z.ZodType | "cluster-file";
  readonly responses: Readonly<Record<number, { readonly description: string; readonly schema?: z.ZodType }>>;
}

export const boolean = z.enum(["true", "false", ""]).transform((value) => value !== "false");
export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.number().min(min).max(max));

export const dryRun = z.strictObject({
  dryRun: boolean.optional().meta({ description: "Answer 200 with the plan and change nothing." }),
});
export const paging = { limit: integer(1, 100).optional(), nextToken: z.string().max(2048).optional() };

export const started = {
  200: { description: "The plan (dry run).", schema: schema.Plan },
  202: { description: "The operation was started; Location names it.", schema: schema.Operation },
};

export const control = (verb: "pause" | "resume" | "cancel" | "approve" | "reject", summary: string) =>
  ({
    id: `${verb}-operation`,
    method: "POST",
    path: `/v1/operations/{operation}/${verb}`,
    summary,
    body: schema.ControlRequest,
    responses: { 200: { description: "The operation.", schema: schema.Operation } },
  }) as const satisfies ApiRoute;
