import type { Problem } from "../core/api/schemas.ts";
import type { Finding } from "../core/operation/types.ts";
import { findingsText } from "./output/plan.ts";
import { count } from "./output/text.ts";

/** Exit codes of the command, the same for every verb. */
export const EXIT = { done: 0, failed: 1, badInput: 2, blocked: 3, notFound: 4, unreachable: 5 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error that ends the command with this text and exit code. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  readonly problem: Problem | undefined;

  constructor(message: string, exitCode: ExitCode, problem?: Problem) {
    super(message);
    this.name = "CliError";
    this.exitCode = exitCode;
    this.problem = problem;
  }
}

function exitCodeOf(problem: Problem): ExitCode {
  if (problem.code === "ChecksBlocked") return EXIT.blocked;
  if (problem.status === 404) return EXIT.notFound;
  if (problem.status === 401 || problem.status === 403 || problem.status >= 500) return EXIT.unreachable;
  return EXIT.badInput;
}

/** The API's problem as a person reads it: what is wrong, each field, what to do. */
export function problemError(problem: Problem): CliError {
  const findings = findingsOf(problem);
  if (findings.length > 0) {
    const text = findingsText(findings, { isTTY: false, columns: 0, write: () => {} });
    const remedy = problem.remedy ? `  ${problem.remedy}` : "";
    return new CliError(
      `Blocked by ${count(findings.length, "finding")}\n${text}${remedy}`.trimEnd(),
      exitCodeOf(problem),
      problem,
    );
  }
  const fields = (problem.errors ?? []).map(
    ({ field, message, remedy }) =>
      `  ${field === "" ? "(document)" : field}: ${message}${remedy ? `\n      ${remedy}` : ""}`,
  );
  const lines =
    fields.length > 0
      ? [`${problem.title}: ${fields.length} ${fields.length === 1 ? "problem" : "problems"}`, ...fields]
      : [`${problem.title}: ${problem.detail}`];
  if (problem.operation) lines.push(`  operation: ${problem.operation}`);
  if (problem.remedy) lines.push(`  ${problem.remedy}`);
  return new CliError(lines.join("\n"), exitCodeOf(problem), problem);
}

/** The findings that blocked a request, as its problem carries them. */
function findingsOf(problem: Problem): readonly Finding[] {
  const { context } = problem as { context?: { findings?: unknown } };
  return problem.code === "ChecksBlocked" && Array.isArray(context?.findings) ? context.findings : [];
}
