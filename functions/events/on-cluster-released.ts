import * as z from "zod";
import { forgetDrift } from "../lib/drift/documents.ts";
import { requestLook } from "../lib/drift/request.ts";
import { listener } from "../lib/listener.ts";

const event = z.object({
  detail: z.object({
    operationId: z.string(),
    cluster: z.object({ account: z.string(), region: z.string(), name: z.string() }),
  }),
});

/**
 * An operation of Slipway has ended, or waits: what is different now is what it left, and what others changed
 * while nobody looked.
 */
export const handler = listener("on-cluster-released", event, async ({ detail }, context) => {
  const { cluster, operationId } = detail;
  if (!(await context.store.getCluster(cluster))) {
    // Deleted: another cluster of this name is not to be compared with what this one was.
    await forgetDrift(context.store, cluster);
    return;
  }
  await requestLook(context, cluster);
  context.log.info("a look was asked for", { operationId, cluster: cluster.name });
});
