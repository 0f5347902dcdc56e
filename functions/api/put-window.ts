import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { refuseOtherName } from "../lib/api/documents.ts";
import { api } from "../lib/api/http.ts";
import { WINDOWS } from "../lib/policies.ts";
import { windowView } from "../lib/windows.ts";

/**
 * `PUT /v1/windows/{window}`. It counts at once for every policy that names it; what waits for it is looked at
 * again by the sweep.
 */
export const handler = api(routes.putWindow, async ({ path, body, runtime }) => {
  const name = path.window ?? "";
  refuseOtherName(name, body.metadata.name);
  const stored = await storeOf(runtime).updateDocument(WINDOWS, name, () => ({ value: body }));
  return { status: 200, body: windowView(body, stored?.revision ?? 1, runtime.clock.now()) };
});
