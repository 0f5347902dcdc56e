import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { iso } from "../../core/clock.ts";
import { rolloutPlan } from "../../core/rollout/plan.ts";
import type { Member, RolloutRecord } from "../../core/rollout/record.ts";
import { toleratedOf, waveRecords } from "../../core/rollout/waves.ts";
import { api } from "../lib/api/http.ts";
import { planMembers, selectedClusters } from "../lib/rollout/prepare.ts";
import { createRollout, rolloutOf } from "../lib/rollout/records.ts";
import { startRollout } from "../lib/rollout/start.ts";
import { rolloutView } from "../lib/rollout/view.ts";

const DAY_MS = 86_400_000;

/** `POST /v1/rollouts`: who is in it is decided now; a cluster that comes later is not. */
export const handler = api(
  routes.startRollout,
  async ({ body: spec, query, runtime, requester, idempotencyKey }) => {
    const store = storeOf(runtime);
    const { waves, records } = await selectedClusters(store, spec);
    const stored = waveRecords(spec, waves);
    if (query.dryRun) {
      const members = await planMembers(runtime, spec, records);
      return { status: 200, body: rolloutPlan(spec, stored, members) };
    }
    const now = runtime.clock.now();
    const id = `ro-${runtime.ids.ulid()}`;
    const headers = (of: string) => ({ location: `/v1/rollouts/${of}` });
    if (idempotencyKey) {
      const known = await store.rememberRequest(`${requester} rollout ${idempotencyKey}`, id, now + DAY_MS);
      if (known)
        return { status: 202, body: rolloutView(await rolloutOf(store, known)), headers: headers(known) };
    }
    const { total } = spec.tolerate;
    const record: RolloutRecord = {
      id,
      spec,
      status: "Pending",
      requester,
      createdAt: iso(now),
      attempt: 1,
      members: records.length,
      ...(total === undefined ? {} : { toleratedTotal: toleratedOf(total, records.length) }),
      waves: stored,
      wave: 0,
      control: {},
      approvals: [],
      log: [],
      outbox: [],
    };
    const members = stored.flatMap(({ first, size }, wave): Member[] =>
      records.slice(first, first + size).map((each, offset) => ({
        index: first + offset,
        wave,
        ref: each.ref,
        status: "Pending",
        operations: [],
      })),
    );
    await createRollout(store, record, members);
    const started = await startRollout(runtime, record);
    return { status: 202, body: rolloutView(started), headers: headers(id) };
  },
);
