import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { clusterNamed } from "../lib/api/clusters.ts";
import { api } from "../lib/api/http.ts";
import { logOf } from "../lib/logger.ts";
import { automationOf } from "../lib/nodes/automation.ts";
import { readPolicy } from "../lib/nodes/consider.ts";
import { automationView } from "../lib/nodes/view.ts";

/** `GET /v1/clusters/{cluster}/automation`. */
export const handler = api(routes.getAutomation, async ({ path, runtime }) => {
  const record = await clusterNamed(runtime, path.cluster ?? "");
  const store = storeOf(runtime);
  const policy = await readPolicy({ runtime, store, log: logOf(runtime, {}) }, record);
  const state = await automationOf(store, record.ref);
  return { status: 200, body: automationView(record.ref, policy, state, runtime.clock.now()) };
});
