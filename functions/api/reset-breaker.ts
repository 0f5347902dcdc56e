import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { withReset } from "../../core/nodes/history.ts";
import { clusterNamed } from "../lib/api/clusters.ts";
import { api } from "../lib/api/http.ts";
import { logOf } from "../lib/logger.ts";
import { updateAutomation } from "../lib/nodes/automation.ts";
import { readPolicy } from "../lib/nodes/consider.ts";
import { tell } from "../lib/nodes/tell.ts";
import { automationView } from "../lib/nodes/view.ts";

/** `POST /v1/clusters/{cluster}/automation/breaker-resets`: somebody has looked; the count begins anew. */
export const handler = api(routes.resetBreaker, async ({ path, body, runtime, requester }) => {
  const record = await clusterNamed(runtime, path.cluster ?? "");
  const store = storeOf(runtime);
  const now = runtime.clock.now();
  const { reason } = body;
  const state = await updateAutomation(store, record.ref, (current) =>
    withReset(current, { at: now, by: requester, reason }),
  );
  await tell({ runtime }, "Breaker Reset", record.ref, {
    by: requester,
    reason,
    message: `${requester} turned the automation of nodes of ${record.ref.name} on again: ${reason}`,
  });
  const policy = await readPolicy({ runtime, store, log: logOf(runtime, {}) }, record);
  return { status: 200, body: automationView(record.ref, policy, state, now) };
});
