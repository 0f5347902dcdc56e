import type { Kernel } from "../kernel/kernel.ts";
import { errorOutcome, type Outcome } from "./outcome.ts";

/** An asynchronous invocation that Lambda has accepted and still owes. */
export interface PendingInvocation {
  readonly requestId: string;
  readonly functionArn: string;
  readonly payload: string;
  /** Attempts begun so far. */
  attempts: number;
}

/** One that failed for good. */
export interface DeadLetter extends PendingInvocation {
  readonly outcome: Outcome;
}

const KIND = "lambda.async";

/** Lambda waits one minute before the first retry and two before the second. */
const RETRY_DELAYS_MS = [60_000, 120_000] as const;

/**
 * The queue of asynchronous invocations. It survives the process:
 *
 *     accepted ──timer──> attempt 1 ──60 s──> attempt 2 ──120 s──> attempt 3 ──> dead letter
 *
 * What was being attempted when the process ended is attempted again: at least once, as on AWS.
 */
export function createAsyncInvocations(
  kernel: Kernel,
  attempt: (invocation: PendingInvocation) => Promise<Outcome>,
  deadLetter: (letter: DeadLetter) => void,
) {
  const pending = kernel.durable.map<PendingInvocation>(KIND);

  async function run(invocation: PendingInvocation): Promise<void> {
    const { requestId } = invocation;
    invocation.attempts++;
    pending.touch(requestId);
    // The function may be gone since; that must end in the dead letters, not in the air.
    const outcome = await attempt(invocation).catch(errorOutcome);
    if (!outcome.functionError) {
      pending.delete(requestId);
      return;
    }
    const delay = RETRY_DELAYS_MS[invocation.attempts - 1];
    if (delay !== undefined) {
      kernel.timers.set(KIND, requestId, kernel.clock.now() + delay);
      return;
    }
    pending.delete(requestId);
    deadLetter({ ...invocation, outcome });
  }

  kernel.timers.on(KIND, (requestId) => {
    const invocation = pending.get(requestId);
    if (invocation) void run(invocation);
  });

  return {
    accept(invocation: Omit<PendingInvocation, "attempts">): void {
      pending.set(invocation.requestId, { ...invocation, attempts: 0 });
      kernel.timers.set(KIND, invocation.requestId, kernel.clock.now());
    },
    /** After a restart: attempts again what no timer will. Call once, before timers start. */
    resume(): void {
      for (const { requestId } of pending.values())
        if (kernel.timers.dueAt(KIND, requestId) === undefined)
          kernel.timers.set(KIND, requestId, kernel.clock.now());
    },
  };
}
