import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { maintenanceWindowSchema } from "../../core/policy/windows.ts";
import { notFound } from "../lib/api/documents.ts";
import { api } from "../lib/api/http.ts";
import { WINDOWS } from "../lib/policies.ts";
import { windowView } from "../lib/windows.ts";

/** `GET /v1/windows/{window}`: the document, and whether it is open. */
export const handler = api(routes.getWindow, async ({ path, runtime }) => {
  const name = path.window ?? "";
  const stored = await storeOf(runtime).getDocument(WINDOWS, name);
  if (!stored) throw notFound("window", name);
  const window = maintenanceWindowSchema.parse(stored.value);
  return { status: 200, body: windowView(window, stored.revision, runtime.clock.now()) };
});
