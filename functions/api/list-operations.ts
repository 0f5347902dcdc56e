import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { InvalidInputError } from "../../core/errors.ts";
import { isOperationStatus } from "../../core/operation/types.ts";
import { clusterNamed } from "../lib/api/clusters.ts";
import { api } from "../lib/api/http.ts";

/** `GET /v1/operations`. */
export const handler = api(routes.listOperations, async ({ query, runtime }) => {
  const { status } = query;
  if (status !== undefined && !isOperationStatus(status)) {
    throw new InvalidInputError(
      [{ field: "status", message: `${status} is not a status of operations` }],
      "query",
    );
  }
  const cluster = query.cluster ? (await clusterNamed(runtime, query.cluster)).ref : undefined;
  const page = await storeOf(runtime).listOperations({
    limit: query.limit ?? 50,
    ...(query.nextToken ? { nextToken: query.nextToken } : {}),
    ...(cluster ? { cluster } : {}),
    ...(status ? { status } : {}),
  });
  return { status: 200, body: page };
});
