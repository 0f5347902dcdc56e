import { readLive } from "../../adapters/live.ts";
import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { iso } from "../../core/clock.ts";
import { parseClusterConfig } from "../../core/cluster-config/parse.ts";
import { accepted } from "../../core/drift/accept.ts";
import { closed } from "../../core/drift/advance.ts";
import { withoutField } from "../../core/drift/baseline.ts";
import { CLOSED } from "../../core/drift/types.ts";
import { TerminalError } from "../../core/errors.ts";
import { clusterNamed } from "../lib/api/clusters.ts";
import { api } from "../lib/api/http.ts";
import { earlierConfig, ownRoleTest } from "../lib/comparison.ts";
import { readBaseline, readRecords, updateRecord, writeBaseline } from "../lib/drift/documents.ts";
import { announce } from "../lib/drift/events.ts";
import { requestLook } from "../lib/drift/request.ts";

/**
 * `POST /v1/clusters/{cluster}/drift/{field}/accept`: the desired state takes the actual value, with the name of who
 * said so. What is accepted is what the cluster has now, read afresh.
 */
export const handler = api(routes.acceptDrift, async ({ path, body, requester, runtime }) => {
  const stored = await clusterNamed(runtime, path.cluster ?? "");
  const { ref } = stored;
  const store = storeOf(runtime);
  const named = path.field ?? "";
  const records = [...(await readRecords(store, ref)).values()];
  const record = records.find(({ id, field }) => id === named || field === named);
  if (!record || CLOSED.has(record.resolution.state))
    throw new TerminalError(`${named} of ${ref.name} is not in drift`, {
      code: "DriftNotFound",
      remedy: `List what is: slipway drift ${ref.name}`,
    });
  const lease = await store.getLease(ref);
  if (lease)
    throw new TerminalError(`${ref.name} is held by operation ${lease.operationId}`, {
      code: "ClusterBusy",
      remedy: `Accept it when the operation has ended: slipway watch ${lease.operationId}`,
      detail: { operationId: lease.operationId },
    });
  const { field } = record;
  const live = await readLive(runtime, ref);
  const at = iso(runtime.clock.now());
  const baseline = await readBaseline(store, ref);
  if (baseline)
    await writeBaseline(store, ref, {
      ...withoutField(baseline, field),
      ...(field === "deletionProtection" ? { deletionProtection: live.cluster.deletionProtection } : {}),
    });
  // No file can say it.
  if (field !== "deletionProtection") {
    const isOwnRole = ownRoleTest(runtime, ref.name);
    const config = accepted(parseClusterConfig(stored.config), field, live, isOwnRole);
    const applied = earlierConfig(stored.applied);
    await store.putCluster({
      ...stored,
      config,
      ...(applied ? { applied: accepted(applied, field, live, isOwnRole) } : {}),
      generation: stored.generation + 1,
      updatedAt: at,
      updatedBy: requester,
    });
  }
  const next = closed(record, { state: "accepted", at, by: requester, reason: body.reason });
  await updateRecord(store, ref, record, (current) =>
    current && !CLOSED.has(current.resolution.state)
      ? closed(current, { state: "accepted", at, by: requester, reason: body.reason })
      : undefined,
  );
  await announce({ runtime }, ref, next, ["Drift Accepted"]);
  // Others may have come with it: what is left is looked at.
  await requestLook({ runtime, store }, ref);
  return { status: 200, body: { ...next, history: [...next.history] } };
});
