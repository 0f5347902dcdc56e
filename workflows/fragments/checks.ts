import { choose, expr, gate, run, type States, wait } from "./states.ts";

/**
 * A gate and the pre-flight checks of `$phase`. Sets `$controlPlane` (what is left to do for the control plane).
 * Leads to `next`; failures go to `Failed`, before anything has been changed.
 */
export const checks = (next: string): States => ({
  Gate: gate("Checks", { assign: { polls: 0 } }),
  Checks: run(
    "run-checks",
    { phase: expr("$phase.id"), polls: expr("$polls") },
    {
      assign: {
        polls: expr("$polls + 1"),
        controlPlane: expr(
          "$exists($states.result.Payload.controlPlane) ? $states.result.Payload.controlPlane : {}",
        ),
      },
      next: "ChecksPassed",
    },
  ),
  ChecksPassed: choose([{ when: "$states.input.state = 'refreshing'", next: "WaitForInsights" }], { next }),
  WaitForInsights: wait("$states.input.waitSeconds", "Checks"),
});

/** Looks whether `$phase` came to what it was for, for as long as it settles. Leads to `next`. */
export const verification = (next: string): States => ({
  Verify: run(
    "verify",
    { phase: expr("$phase.id"), polls: expr("$polls") },
    { assign: { polls: expr("$polls + 1") }, next: "Verified" },
  ),
  Verified: choose([{ when: "$states.input.state = 'waiting'", next: "WaitToVerify" }], { next }),
  WaitToVerify: wait("$states.input.waitSeconds", "Verify"),
});
