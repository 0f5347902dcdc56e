import type { Finding } from "../operation/types.ts";

/** The findings that stop an operation: block and unknown that nobody has overridden. */
export const blocking = (findings: readonly Finding[]): Finding[] =>
  findings.filter(
    ({ severity, overridden }) =>
      (severity === "block" || severity === "unknown") && overridden === undefined,
  );
