import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { RetryableError, TerminalError } from "../../core/errors.ts";
import { clusterNamed } from "../lib/api/clusters.ts";
import { type ApiReply, api } from "../lib/api/http.ts";
import { readRecords } from "../lib/drift/documents.ts";
import { type Asked, lookAt } from "../lib/drift/look.ts";
import { noteLook } from "../lib/drift/round.ts";
import { driftView } from "../lib/drift/view.ts";
import { logOf } from "../lib/logger.ts";

/**
 * `POST /v1/clusters/{cluster}/reconciliations`: looks at the cluster now. With `remediate` what can be brought back
 * is, whatever the policy's mode and whatever stopped it before: a person asks.
 */
export const handler = api(routes.reconcileCluster, async (call): Promise<ApiReply> => {
  const { path, body, query, runtime, requester, idempotencyKey } = call;
  const { ref } = await clusterNamed(runtime, path.cluster ?? "");
  const store = storeOf(runtime);
  const context = { runtime, store, log: logOf(runtime, { route: routes.reconcileCluster.id }) };
  const fields = body.fields && (await fieldsNamed(body.fields));
  const asked: Asked | undefined =
    body.remediate || query.dryRun
      ? { by: requester, reason: body.reason, fields, idempotencyKey, dryRun: query.dryRun }
      : undefined;
  const result = await lookAt(context, ref, asked);
  await noteLook(context, ref, result);
  if (result.state === "planned" && result.plan) return { status: 200, body: result.plan };
  if (result.state === "started" && asked)
    return {
      status: 202,
      body: result.operation,
      headers: { location: `/v1/operations/${result.operation.id}` },
    };
  if (result.state === "busy" && asked)
    throw new TerminalError(`${ref.name} is held by operation ${result.operation}`, {
      code: "ClusterBusy",
      remedy: `Follow it with: slipway watch ${result.operation}`,
      detail: { operationId: result.operation },
    });
  if (result.state === "settling" && asked)
    throw new RetryableError(`EKS is at work on ${ref.name}: ${result.why}`, {
      code: "UpdateInProgress",
      remedy: "Ask again when it has ended; the cluster is looked at then anyway.",
    });
  return { status: 200, body: await driftView(store, ref, false) };

  /** People name fields by their ids, too. */
  async function fieldsNamed(names: readonly string[]): Promise<ReadonlySet<string>> {
    const records = [...(await readRecords(store, ref)).values()];
    return new Set(names.map((name) => records.find(({ id }) => id === name)?.field ?? name));
  }
});
