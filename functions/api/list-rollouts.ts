import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { InvalidInputError } from "../../core/errors.ts";
import { api } from "../lib/api/http.ts";
import { allRollouts } from "../lib/rollout/records.ts";
import { rolloutView } from "../lib/rollout/view.ts";

/** `GET /v1/rollouts`: newest first. The cursor is the id of the last one shown. */
export const handler = api(routes.listRollouts, async ({ query, runtime }) => {
  const after = query.nextToken;
  if (after !== undefined && !/^ro-[0-9A-Z]{26}$/.test(after))
    throw new InvalidInputError(
      [{ field: "nextToken", message: "is not a token that this API gave" }],
      "query",
    );
  const all = await allRollouts(storeOf(runtime));
  const rest = after === undefined ? all : all.filter(({ id }) => id < after);
  const items = rest.slice(0, query.limit ?? 50);
  const last = items.at(-1);
  return {
    status: 200,
    body: {
      items: items.map(rolloutView),
      ...(rest.length > items.length && last ? { nextToken: last.id } : {}),
    },
  };
});
