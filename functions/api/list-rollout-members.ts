import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { InvalidInputError } from "../../core/errors.ts";
import { api } from "../lib/api/http.ts";
import { rolloutOf, waveMembersPage } from "../lib/rollout/records.ts";

/** `GET /v1/rollouts/{rollout}/waves/{wave}/members`; waves are counted from 1. */
export const handler = api(routes.listRolloutMembers, async ({ path, query, runtime }) => {
  const store = storeOf(runtime);
  const rollout = await rolloutOf(store, path.rollout ?? "");
  const wave = Number(path.wave) - 1;
  if (!Number.isInteger(wave) || !rollout.waves[wave])
    throw new InvalidInputError(
      [{ field: "wave", message: `expected a number from 1 to ${rollout.waves.length}` }],
      "path",
    );
  const page = await waveMembersPage(store, rollout.id, wave, {
    limit: query.limit ?? 100,
    ...(query.nextToken ? { nextToken: query.nextToken } : {}),
  });
  return { status: 200, body: page };
});
