import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ServiceName } from "../contract.ts";

/** Services that refuse values outside an enumeration before anything else looks at a request. */
export const ENUM_SERVICES = [
  "eks",
  "scheduler",
  "lambda",
  "sfn",
  "eventbridge",
  "cloudwatch-logs",
] as const satisfies readonly ServiceName[];

/** Which enumeration a member, or each item of a list, takes: structure -> member -> name of the enumeration. */
export type EnumMembers = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * Reads the enumerations of a service's members from the SDK's type declarations: the only place that says
 * them, as the schemas know such members as strings.
 */
export function readEnumMembers(packageFolder: string): EnumMembers {
  const models = join(packageFolder, "dist-types/models");
  const text = (file: string): string => readFileSync(join(models, file), "utf8");
  const enums = new Set(
    [...text("enums.d.ts").matchAll(/export declare const (\w+):/g)].map(([, name]) => name),
  );
  const result: Record<string, Record<string, string>> = {};
  for (const file of readdirSync(models)
    .filter((name) => /^models_\d+\.d\.ts$/.test(name))
    .sort()) {
    const declarations = text(file).replace(/\/\*[\s\S]*?\*\//g, "");
    for (const [, structure = "", body = ""] of declarations.matchAll(
      /export interface (\w+)[^{]*\{([\s\S]*?)\n\}/g,
    ))
      for (const [, member = "", type = ""] of body.matchAll(/^ {4}(\w+)\??: (\w+)(?:\[\])? \| undefined;/gm))
        if (enums.has(type)) {
          result[structure] ??= {};
          result[structure][member] = type;
        }
  }
  return result;
}
