import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { iso } from "../../core/clock.ts";
import { SlipwayError } from "../../core/errors.ts";
import { Calendar } from "../../core/windows/windows.ts";
import { clusterNamed } from "../lib/api/clusters.ts";
import { api } from "../lib/api/http.ts";
import { policyOfCluster, sourceOfPolicy } from "../lib/policies.ts";
import { nextOpenings, stateView } from "../lib/windows.ts";

const NEXT = 5;

/** `GET /v1/clusters/{cluster}/window`: whether work that disrupts it may begin, when next, and why. */
export const handler = api(routes.getClusterWindow, async ({ path, runtime }) => {
  const record = await clusterNamed(runtime, path.cluster ?? "");
  const store = storeOf(runtime);
  const now = runtime.clock.now();
  const about = { cluster: record.ref, now: iso(now), policy: await sourceOfPolicy(store, record) };
  try {
    const { windows } = await policyOfCluster(store, record);
    const state = stateView(new Calendar(windows).at(now));
    return { status: 200, body: { ...about, state, next: nextOpenings(windows, now, NEXT) } };
  } catch (error) {
    // What cannot be read is closed, and why is the answer.
    if (!(error instanceof SlipwayError) || error.retryable) throw error;
    return { status: 200, body: { ...about, state: { open: false, reason: error.message }, next: [] } };
  }
});
