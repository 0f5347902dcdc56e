import * as z from "zod";
import { replanned } from "../lib/api/replan.ts";
import { listener } from "../lib/listener.ts";
import { proceedOperation } from "../lib/waiting.ts";

const event = z.object({ operationId: z.string().max(40) });

/**
 * The time has come for which an operation waited: its window opens, or nobody has approved it. Whether that is so
 * still is judged again; it may be called at any time.
 */
export const handler = listener("wake-operation", event, async ({ operationId }, context) => {
  const operation = await context.store.getOperation(operationId);
  if (operation?.awaiting) await proceedOperation(context, operation, replanned(context));
});
