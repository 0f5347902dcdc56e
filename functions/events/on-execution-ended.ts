import * as z from "zod";
import { isOwnWorkflow } from "../../adapters/aws/workflows.ts";
import { ENDED } from "../../core/operation/types.ts";
import { executionFailure } from "../lib/failure.ts";
import { finishOperation } from "../lib/finish.ts";
import { listener } from "../lib/listener.ts";

/** `Step Functions Execution Status Change` (aws-facts §4.3): `error` and `cause` are null on TIMED_OUT. */
const event = z.object({
  detail: z.object({
    executionArn: z.string(),
    stateMachineArn: z.string(),
    status: z.string(),
    input: z.string().nullish(),
    error: z.string().nullish(),
    cause: z.string().nullish(),
  }),
});

const input = z.object({ operationId: z.string(), nested: z.boolean().optional() });

/**
 * An execution that was stopped, timed out, or failed before it could record its outcome: the operation ends as
 * Failed and the cluster is released. The event is a hint: what counts is the operation as stored.
 */
export const handler = listener("on-execution-ended", event, async ({ detail }, context) => {
  const { runtime, store, log } = context;
  if (!isOwnWorkflow(runtime, detail.stateMachineArn)) return;
  const parsed = input.safeParse(json(detail.input));
  // A part of another workflow is that one's business.
  if (!parsed.success || parsed.data.nested) return;
  const operation = await store.getOperation(parsed.data.operationId);
  if (!operation || ENDED.has(operation.status)) return;
  log.warn("execution ended without recording its outcome", {
    operationId: operation.id,
    status: detail.status,
  });
  await finishOperation(context, operation.id, detail.executionArn, executionFailure(detail));
});

function json(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
