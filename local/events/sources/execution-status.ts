import type { Engine, ExecutionStatusChange } from "../../asl/contract.ts";
import type { Events } from "../events.ts";

/** Input and output together, as escaped text, above which the event leaves them out. */
const MAX_CONTENT_BYTES = 248 * 1024;

const size = (text: string | null): number => (text === null ? 0 : Buffer.byteLength(JSON.stringify(text)));

/** The `detail` of a status change. */
export function statusDetail(change: ExecutionStatusChange): Record<string, unknown> {
  const included = size(change.input) + size(change.output) <= MAX_CONTENT_BYTES;
  // A timeout has no error of its own.
  const failure = change.status === "TIMED_OUT" ? { error: null, cause: null } : change;
  return {
    executionArn: change.executionArn,
    stateMachineArn: change.stateMachineArn,
    name: change.name,
    status: change.status,
    startDate: change.startDate,
    stopDate: change.stopDate,
    input: included ? change.input : null,
    inputDetails: { included },
    output: included ? change.output : null,
    outputDetails: change.output === null ? null : { included },
    error: failure.error,
    cause: failure.cause,
  };
}

/** Puts a `Step Functions Execution Status Change` event on the default bus for every standard execution. */
export function executionStatusEvents(engine: Pick<Engine, "onStatusChange">, events: Events): void {
  engine.onStatusChange((change) => {
    const [, , , region, account, kind] = change.executionArn.split(":");
    if (kind !== "execution" || region === undefined || account === undefined) return;
    const entry = {
      Source: "aws.states",
      DetailType: "Step Functions Execution Status Change",
      Resources: [change.executionArn],
      Detail: JSON.stringify(statusDetail(change)),
    };
    events.putEvents([entry], { account, region });
  });
}
