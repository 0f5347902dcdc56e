import type { DoctorReport } from "../../core/api/types.ts";
import type { Output } from "../context.ts";
import { count, paint, table } from "./text.ts";

type Check = DoctorReport["checks"][number];

const SIGN = { ok: "✓", warn: "!", fail: "✗", unknown: "?" } as const;
const STYLE = { ok: "green", warn: "yellow", fail: "red", unknown: "magenta" } as const;

/** The checks as a table, then what to do about each that is not ok. */
export function doctorText({ stage, checks }: DoctorReport, output: Output): string {
  const rows = checks.map(({ status, code, subject, evidence }) => [
    paint(output, STYLE[status], `${SIGN[status]} ${status}`),
    code,
    subject,
    evidence,
  ]);
  const todo = checks.filter((check) => check.status !== "ok");
  const remedies = todo.map(
    (check: Check) => `${SIGN[check.status]} ${check.code} ${check.subject}\n    ${check.remedy ?? ""}\n`,
  );
  const failed = checks.filter((check) => check.status === "fail").length;
  const verdict =
    failed > 0
      ? `Stage ${stage}: ${count(failed, "check")} failed.`
      : todo.length > 0
        ? `Stage ${stage} works; look at what is marked.`
        : `Stage ${stage} is well.`;
  return `${table(["STATUS", "CHECK", "SUBJECT", "EVIDENCE"], rows)}\n${remedies.join("")}${remedies.length > 0 ? "\n" : ""}${verdict}\n`;
}
