import type { KubeObject } from "../kubernetes-contract.ts";
import { badRequest } from "./errors.ts";
import type { LabelSelector } from "./objects.ts";

type Labels = Readonly<Record<string, string>>;
export type LabelTest = (labels: Labels) => boolean;

const NONE: Labels = {};

/** A LabelSelector object as a test. An empty one matches everything. */
export function matchesSelector(selector: LabelSelector, labels: Labels | undefined): boolean {
  const have = labels ?? NONE;
  if (selector.matchLabels)
    for (const key in selector.matchLabels) if (have[key] !== selector.matchLabels[key]) return false;
  if (selector.matchExpressions)
    for (const e of selector.matchExpressions)
      if (!matchesExpression(e.key, e.operator, e.values ?? [], have)) return false;
  return true;
}

/** Operators of label selectors and of node selector terms (`Gt`, `Lt` compare integers). */
export function matchesExpression(
  key: string,
  operator: string,
  values: readonly string[],
  labels: Labels,
): boolean {
  const value = labels[key];
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return value !== undefined && Number.parseInt(value, 10) > Number.parseInt(values[0] ?? "", 10);
    case "Lt":
      return value !== undefined && Number.parseInt(value, 10) < Number.parseInt(values[0] ?? "", 10);
    default:
      return false;
  }
}

/**
 * `labelSelector` of a query: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
 * @throws {ApiError} 400 when it cannot be parsed.
 */
export function parseLabelSelector(text: string): LabelTest {
  const tests = splitOutsideParentheses(text).map(parseRequirement);
  return (labels) => tests.every((test) => test(labels));
}

function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")") depth--;
    else if (text[i] === "," && depth === 0) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  return parts.map((p) => p.trim()).filter((p) => p !== "");
}

const KEY = "[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?";
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s+\\(([^()]*)\\)$`);
const EQUALITY = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*([-A-Za-z0-9_.]*)$`);
const EXISTENCE = new RegExp(`^(!?)\\s*(${KEY})$`);

function parseRequirement(text: string): LabelTest {
  const set = SET.exec(text);
  if (set) {
    const key = set[1] ?? "";
    const values = (set[4] ?? "").split(",").map((v) => v.trim());
    return set[3] === "in"
      ? (labels) => matchesExpression(key, "In", values, labels)
      : (labels) => matchesExpression(key, "NotIn", values, labels);
  }
  const equality = EQUALITY.exec(text);
  if (equality) {
    const key = equality[1] ?? "";
    const value = equality[4] ?? "";
    return equality[3] === "!=" ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const existence = EXISTENCE.exec(text);
  if (existence) {
    const key = existence[2] ?? "";
    return existence[1] === "!"
      ? (labels) => labels[key] === undefined
      : (labels) => labels[key] !== undefined;
  }
  throw badRequest(
    `unable to parse requirement: ${JSON.stringify(text)} is not a requirement of a label selector`,
  );
}

export interface FieldRequirement {
  readonly path: string;
  readonly value: string;
  readonly negated: boolean;
}

/** `fieldSelector` of a query: `spec.nodeName=a,status.phase!=Running`. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  return text
    .split(",")
    .filter((p) => p.trim() !== "")
    .map((part) => {
      const match = /^([A-Za-z0-9_.]+)(==|=|!=)(.*)$/.exec(part.trim());
      if (!match)
        throw badRequest(
          `invalid selector: ${JSON.stringify(text)}; can't understand ${JSON.stringify(part)}`,
        );
      return { path: match[1] ?? "", value: match[3] ?? "", negated: match[2] === "!=" };
    });
}

/** Fields that may be selected by, beside `metadata.name` and `metadata.namespace`, per resource id. */
const SELECTABLE: Readonly<Record<string, readonly string[]>> = {
  pods: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
  ],
  nodes: ["spec.unschedulable"],
  namespaces: ["status.phase"],
  secrets: ["type"],
  "replicasets.apps": ["status.replicas"],
  "jobs.batch": ["status.successful"],
  events: [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
  ],
};

/** @throws {ApiError} 400 for a field that the real API server does not select by either. */
export function checkFields(resourceId: string, requirements: readonly FieldRequirement[]): void {
  for (const { path } of requirements) {
    if (path === "metadata.name" || path === "metadata.namespace") continue;
    if (!SELECTABLE[resourceId]?.includes(path)) throw badRequest(`field label not supported: ${path}`);
  }
}

export function fieldText(object: KubeObject, path: string): string {
  let value: unknown = object;
  for (const part of path.split(".")) {
    if (typeof value !== "object" || value === null) return "";
    value = (value as Record<string, unknown>)[part];
  }
  if (path === "spec.unschedulable") return value === true ? "true" : "false";
  return value === undefined || value === null ? "" : String(value);
}

export const matchesFields = (object: KubeObject, requirements: readonly FieldRequirement[]): boolean =>
  requirements.every((r) => (fieldText(object, r.path) === r.value) !== r.negated);
