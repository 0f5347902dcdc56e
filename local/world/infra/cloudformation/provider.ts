import type { Scope } from "../../../aws/contract.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import { tagsOf } from "../ec2/listing.ts";
import type { Tags } from "../state.ts";
import type { Json, JsonObject } from "./state.ts";
import { isObject, validation } from "./template.ts";

/** What a resource type is made, changed and deleted with. */
export interface Provider {
  /** Properties that must be there. */
  readonly required?: readonly string[];
  /** Seconds that making it takes; deleting takes as long unless `deleteSeconds` says otherwise. */
  readonly seconds: number;
  readonly deleteSeconds?: number;
  create(properties: JsonObject, context: ProviderContext): Made;
  /** Changes it in place and returns the new attributes; without it, or with undefined, it is replaced. */
  update?(
    physicalId: string,
    properties: JsonObject,
    previous: JsonObject,
    context: ProviderContext,
  ): Record<string, string> | undefined;
  delete(physicalId: string, properties: JsonObject, context: ProviderContext): void;
  /** Whether it is still going after `delete` (an Auto Scaling group that terminates its machines). */
  gone?(physicalId: string, context: ProviderContext): boolean;
}

export interface Made {
  /** What Ref gives. */
  readonly physicalId: string;
  readonly attributes?: Record<string, string>;
}

export interface ProviderContext {
  readonly scope: Scope;
  readonly kernel: Kernel;
  readonly stackName: string;
  readonly stackId: string;
  readonly logicalId: string;
  /** Tags that CloudFormation puts on every resource, and those of the stack. */
  readonly tags: Tags;
  /** `stack-Logical-1A2B3C4D5E6F` */
  readonly generatedName: string;
}

export const str = (properties: JsonObject, name: string): string | undefined => {
  const value = properties[name];
  return value === undefined || value === null ? undefined : String(value);
};

export const must = (properties: JsonObject, name: string): string => {
  const value = str(properties, name);
  if (value === undefined) throw validation(`Encountered unsupported or missing property ${name}`);
  return value;
};

export const bool = (properties: JsonObject, name: string): boolean | undefined => {
  const value = properties[name];
  return value === undefined || value === null ? undefined : value === true || value === "true";
};

export const num = (properties: JsonObject, name: string): number | undefined => {
  const value = properties[name];
  return value === undefined || value === null ? undefined : Number(value);
};

export const items = (properties: JsonObject, name: string): Json[] => {
  const value = properties[name];
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
};

export const objects = (properties: JsonObject, name: string): JsonObject[] =>
  items(properties, name).filter(isObject);

/** Tags of the stack, then the resource's own. */
export function tagSet(properties: JsonObject, context: ProviderContext): Tags {
  const own = objects(properties, "Tags").map((tag) => ({
    Key: str(tag, "Key") ?? "",
    Value: str(tag, "Value") ?? "",
  }));
  return { ...context.tags, ...tagsOf(own) };
}

export const tagPairs = (
  properties: JsonObject,
  context: ProviderContext,
): { Key: string; Value: string }[] =>
  Object.entries(tagSet(properties, context)).map(([Key, Value]) => ({ Key, Value }));

/** A policy document given as an object or as text. */
export const policyJson = (value: Json | undefined): string =>
  typeof value === "string" ? value : JSON.stringify(value ?? null);
