import { type InputProblem, InvalidInputError } from "../errors.ts";
import { type AutomationPolicy, automationPolicySchema } from "../policy/schema.ts";
import { problemsOf, show } from "../problems.ts";
import { consistencyProblems } from "./consistency.ts";
import { eksctlFieldsAt } from "./eksctl-fields.ts";
import { schemaFieldsAt } from "./fields.ts";
import { API_VERSION, type ClusterConfig, clusterConfigSchema } from "./schema.ts";
import { readDocuments } from "./text.ts";

export interface ClusterFile {
  readonly config: ClusterConfig;
  /** Undefined when the file has no AutomationPolicy; `defaultPolicy` counts then. */
  readonly policy: AutomationPolicy | undefined;
}

/**
 * Reads YAML or JSON text with one ClusterConfig and at most one AutomationPolicy, in any order. Throws
 * InvalidInputError with every problem of both.
 */
export function parseClusterFile(text: string): ClusterFile {
  const problems: InputProblem[] = [];
  let config: ClusterConfig | undefined;
  let policy: AutomationPolicy | undefined;
  let configs = 0;
  let policies = 0;
  for (const { value, line } of readDocuments(text)) {
    const kind = kindOf(value);
    if (kind === "AutomationPolicy") {
      policies++;
      policy = collect(() => parseAutomationPolicy(value), problems);
    } else if (kind === "ClusterConfig" || kind === undefined) {
      configs++;
      config = collect(() => parseClusterConfig(value), problems);
    } else {
      problems.push({
        field: "kind",
        message: `line ${line}: expected ClusterConfig or AutomationPolicy, found ${show(kind)}`,
      });
    }
  }
  if (configs === 0) problems.push({ field: "", message: "no ClusterConfig in the document" });
  if (configs > 1) {
    problems.push({
      field: "",
      message: `${configs} ClusterConfigs in the document; send one cluster at a time`,
    });
  }
  if (policies > 1) problems.push({ field: "", message: `${policies} AutomationPolicies in the document` });
  if (problems.length > 0 || !config) throw new InvalidInputError(problems, "document");
  return { config, policy };
}

/** Checks a value (parsed JSON or YAML) as a ClusterConfig. Throws InvalidInputError with every problem. */
export function parseClusterConfig(value: unknown): ClusterConfig {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InvalidInputError([{ field: "", message: `expected a ClusterConfig, found ${show(value)}` }]);
  }
  const result = clusterConfigSchema.safeParse(value);
  if (!result.success) {
    throw new InvalidInputError(
      problemsOf(result.error, {
        value,
        fieldsAt: (path) => schemaFieldsAt(clusterConfigSchema, path),
        unsupportedAt: eksctlFieldsAt,
      }),
      "ClusterConfig",
    );
  }
  const problems = consistencyProblems(result.data);
  if (problems.length > 0) throw new InvalidInputError(problems, "ClusterConfig");
  return result.data;
}

/** Checks a value as an AutomationPolicy and fills its defaults in. Throws InvalidInputError with every problem. */
export function parseAutomationPolicy(value: unknown): AutomationPolicy {
  const result = automationPolicySchema.safeParse(value);
  if (result.success) return result.data;
  throw new InvalidInputError(
    problemsOf(result.error, { value, fieldsAt: (path) => schemaFieldsAt(automationPolicySchema, path) }),
    "AutomationPolicy",
  );
}

/** A document without `kind` is taken for a ClusterConfig of this version, so that its errors are useful. */
function kindOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { kind, apiVersion } = value as { kind?: unknown; apiVersion?: unknown };
  if (typeof kind === "string") return kind;
  return apiVersion === API_VERSION ? "ClusterConfig" : undefined;
}

function collect<T>(parse: () => T, problems: InputProblem[]): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
