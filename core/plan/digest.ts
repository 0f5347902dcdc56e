import type { Plan } from "../operation/types.ts";
import { sha256 } from "./sha256.ts";

/**
 * Hash of what a plan does: same work, same digest, wherever and whenever it is computed. Of the findings only
 * code, severity and subject count: the numbers in their evidence move while a person reads.
 */
export function planDigest(plan: Omit<Plan, "digest">): string {
  const { findings, ...work } = plan;
  return sha256(
    canonicalJson({
      ...work,
      findings: findings.map(({ code, severity, subject, overridden }) => ({
        code,
        severity,
        subject,
        overridden: overridden !== undefined,
      })),
    }),
  );
}

/** JSON with the keys of each object in order and without undefined members. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}
