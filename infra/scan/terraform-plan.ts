import type { Graph, Resource } from "../offline/graph.ts";

/**
 * A captured deployment in the form of `terraform show -json`: policy scanners read it, and Pulumi's AWS provider
 * is made from Terraform's, so that types and members go over by their names.
 */
export function terraformPlan(graph: Graph): object {
  const resources = graph.resources
    .filter(({ custom, type }) => custom && type.startsWith("aws:"))
    .map((resource) => ({
      address: `${terraformType(resource.type)}.${resource.name}`,
      mode: "managed",
      type: terraformType(resource.type),
      name: resource.name,
      provider_name: "registry.terraform.io/hashicorp/aws",
      schema_version: 0,
      values: valuesOf(resource),
    }));
  return {
    format_version: "1.2",
    terraform_version: "1.9.0",
    planned_values: { root_module: { resources } },
    resource_changes: resources.map(({ address, mode, type, name, provider_name, values }) => ({
      address,
      mode,
      type,
      name,
      provider_name,
      change: { actions: ["create"], before: null, after: values, after_unknown: {} },
    })),
    configuration: { root_module: {} },
  };
}

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** `aws:cloudwatch/eventRule:EventRule` is `aws_cloudwatch_event_rule`. */
function terraformType(type: string): string {
  const [, path = ""] = type.split(":");
  const [service = "", name = ""] = path.split("/");
  const known: Readonly<Record<string, string>> = {
    "s3/bucketObjectv2": "aws_s3_object",
  };
  return known[path] ?? `aws_${service}_${snake(name)}`;
}

/** Members whose keys are the user's own, not the provider's. */
const MAPS = new Set(["dimensions", "tags", "variables"]);

/** Blocks that may be repeated: Pulumi's name is the plural. */
const BLOCKS: Readonly<Record<string, string>> = {
  attributes: "attribute",
  globalSecondaryIndexes: "global_secondary_index",
  inlinePolicies: "inline_policy",
  localSecondaryIndexes: "local_secondary_index",
  metricQueries: "metric_query",
};

function valuesOf({ inputs }: Resource): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [BLOCKS[name] ?? snake(name), rendered(name, value)]),
  );
}

/** A block that occurs at most once is an object to Pulumi and a list of one to Terraform. */
function rendered(name: string, value: unknown): unknown {
  if (Array.isArray(value))
    return value.map((item) => (typeof item === "object" && item !== null ? members(item) : item));
  if (typeof value !== "object" || value === null || MAPS.has(name)) return value;
  return [members(value)];
}

const members = (value: object): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(value).map(([name, member]) => [snake(name), rendered(name, member)]));
