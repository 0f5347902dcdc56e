import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { TerminalError } from "../../core/errors.ts";
import { clusterNamed } from "../lib/api/clusters.ts";
import { type ApiReply, api } from "../lib/api/http.ts";
import { logOf } from "../lib/logger.ts";
import { considerCluster } from "../lib/nodes/consider.ts";

/**
 * `POST /v1/clusters/{cluster}/nodes/{node}/remediations`: a person decides about mode, patience, cool-down and
 * breaker; every other guardrail holds, above all that a healthy node is left alone.
 */
export const handler = api(routes.remediateNode, async (call): Promise<ApiReply> => {
  const { path, body, query, runtime, requester, idempotencyKey } = call;
  const record = await clusterNamed(runtime, path.cluster ?? "");
  const node = path.node ?? "";
  const store = storeOf(runtime);
  const context = { runtime, store, log: logOf(runtime, { route: routes.remediateNode.id }) };
  const considered = await considerCluster(context, record, {
    cause: "request",
    dryRun: query.dryRun ?? false,
    asked: {
      node,
      by: requester,
      reason: body.reason ?? `${requester} asked for it`,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    },
  });
  const verdict = considered?.decision.verdicts.find((candidate) => candidate.node === node);
  if (!verdict)
    throw new TerminalError(`${record.ref.name} has no node ${node}`, {
      code: "NodeNotFound",
      remedy: `List its nodes with: slipway nodes ${record.ref.name}`,
    });
  if (query.dryRun && considered?.plan) return { status: 200, body: considered.plan };
  const { operation } = considered ?? {};
  if (operation)
    return { status: 202, body: operation, headers: { location: `/v1/operations/${operation.id}` } };
  throw new TerminalError(`${node} is not remediated: ${verdict.text}`, {
    code: "RemediationRefused",
    remedy:
      verdict.code === "healthy"
        ? "Rotate its node group to replace healthy nodes."
        : "Settle what is said, then ask again.",
    detail: { verdict: verdict.code },
  });
});
