import type { Scope } from "../../../local/aws/contract.ts";
import type { DeadLetter, DeliveryTarget } from "../../../local/events/delivery.ts";
import { createEvents } from "../../../local/events/events.ts";
import { createKernel, type Kernel, type KernelOptions } from "../../../local/kernel/kernel.ts";

export const PLACE = { account: "111122223333", region: "eu-west-1" };

export const SCOPE: Scope = {
  ...PLACE,
  principal: {
    type: "AssumedRole",
    arn: "arn:aws:sts::111122223333:assumed-role/Admin/alice",
    account: PLACE.account,
    accessKeyId: "ASIAEXAMPLE",
    roleArn: "arn:aws:iam::111122223333:role/Admin",
  },
  requestId: "request-1",
  userAgent: "test",
  sourceIp: "127.0.0.1",
};

export const FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:handle";

export interface Delivered {
  readonly arn: string;
  readonly payload: unknown;
  readonly at: number;
}

export interface World {
  readonly kernel: Kernel;
  readonly events: ReturnType<typeof createEvents>;
  readonly delivered: Delivered[];
  readonly letters: DeadLetter[];
  /** Makes the next deliveries fail with these errors, in order. */
  readonly failures: unknown[];
}

/** An embedded EventBridge in virtual time with targets that remember what they got. */
export function world(options: Partial<KernelOptions> = {}): World {
  const kernel = createKernel({ time: { kind: "virtual" }, ...options });
  const delivered: Delivered[] = [];
  const letters: DeadLetter[] = [];
  const failures: unknown[] = [];
  const deliver = async (target: DeliveryTarget, payload: unknown): Promise<void> => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    delivered.push({ arn: target.arn, payload, at: kernel.clock.now() });
  };
  const events = createEvents({ kernel, deliver, deadLetter: (letter) => letters.push(letter) });
  kernel.timers.start();
  return { kernel, events, delivered, letters, failures };
}

/** The handler of an operation: undefined would be a mistake in the test. */
export function operation<T>(handler: T | undefined): T {
  if (handler === undefined) throw new Error("no such operation");
  return handler;
}
