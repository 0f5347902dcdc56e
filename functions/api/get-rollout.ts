import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { ROLLOUT_ENDED } from "../../core/rollout/record.ts";
import { api } from "../lib/api/http.ts";
import { rolloutOf } from "../lib/rollout/records.ts";
import { countedView } from "../lib/rollout/view.ts";

/** `GET /v1/rollouts/{rollout}`: as it is now, or with `wait` as it is after so many seconds. */
export const handler = api(routes.getRollout, async ({ path, query, runtime }) => {
  const store = storeOf(runtime);
  const id = path.rollout ?? "";
  let rollout = await rolloutOf(store, id);
  if (query.wait && !ROLLOUT_ENDED.has(rollout.status)) {
    await runtime.clock.sleep(query.wait * 1000);
    rollout = await rolloutOf(store, id);
  }
  return { status: 200, body: await countedView(store, rollout, runtime.clock.now()) };
});
