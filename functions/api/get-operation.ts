import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { foldSteps } from "../../core/operation/lifecycle.ts";
import { api } from "../lib/api/http.ts";
import { allEvents } from "../lib/api/operation-log.ts";
import { operationNamed } from "../lib/api/operations.ts";

/** `GET /v1/operations/{operation}`: the record and its steps, folded from the log. */
export const handler = api(routes.getOperation, async ({ path, runtime }) => {
  const operation = await operationNamed(runtime, path.operation ?? "");
  const events = await allEvents(storeOf(runtime), operation.id);
  return { status: 200, body: { ...operation, steps: foldSteps(operation.plan, events) } };
});
