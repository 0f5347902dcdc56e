import { runtimeIn } from "../../../adapters/accounts.ts";
import { eksOf } from "../../../adapters/aws/eks.ts";
import type { Runtime } from "../../../adapters/runtime.ts";
import { clusterNotFound } from "../../../adapters/snapshot.ts";
import { planRemediation } from "../../../core/nodes/plan.ts";
import type { Plan } from "../../../core/operation/types.ts";
import type { AutomationPolicy } from "../../../core/policy/schema.ts";
import type { ClusterRecord } from "../../../core/ports/store.ts";
import { targetsOfRequest } from "./remediation.ts";

/** The plan of a remediation that somebody retries: the nodes of its request. Throws TerminalError `ClusterNotFound`. */
export async function remediationAgain(
  runtime: Runtime,
  record: ClusterRecord,
  request: Readonly<Record<string, unknown>>,
  policy: AutomationPolicy,
): Promise<Plan> {
  const cluster = await eksOf(await runtimeIn(runtime, record.ref)).cluster(record.ref.name);
  if (!cluster) throw clusterNotFound(record.ref);
  return planRemediation({
    cluster: record.ref,
    version: cluster.version ?? "",
    targets: targetsOfRequest(request),
    policy: policy.nodes,
  });
}
