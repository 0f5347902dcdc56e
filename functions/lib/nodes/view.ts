import type { Automation } from "../../../core/api/routes/nodes.ts";
import { iso } from "../../../core/clock.ts";
import type { ClusterRef } from "../../../core/cluster-ref.ts";
import {
  type AutomationState,
  activeOf,
  type Remediation,
  startedToday,
} from "../../../core/nodes/history.ts";
import type { AutomationPolicy } from "../../../core/policy/schema.ts";

/** The automation of a cluster as the API shows it. `policy` undefined: it does not parse. */
export function automationView(
  cluster: ClusterRef,
  policy: AutomationPolicy | undefined,
  state: AutomationState,
  now: number,
): Automation {
  const { breaker, reset } = state;
  return {
    cluster,
    mode: policy?.nodes.mode ?? "invalid",
    ...(policy ? { spot: policy.nodes.spot } : {}),
    ...(breaker ? { breaker: { openedAt: iso(breaker.openedAt), reason: breaker.reason } } : {}),
    ...(reset ? { reset: { at: iso(reset.at), by: reset.by, reason: reset.reason } } : {}),
    today: {
      started: startedToday(state, now).length,
      ...(policy ? { of: policy.nodes.breaker } : {}),
    },
    active: activeOf(state).map(remediationView),
    past: state.remediations
      .filter((entry) => entry.endedAt !== undefined)
      .map(remediationView)
      .reverse(),
  };
}

const remediationView = (entry: Remediation): Automation["active"][number] => ({
  operation: entry.operationId,
  node: entry.node,
  nodegroup: entry.logicalGroup,
  kind: entry.kind,
  action: entry.action,
  why: entry.why,
  startedAt: iso(entry.startedAt),
  ...(entry.endedAt === undefined ? {} : { endedAt: iso(entry.endedAt) }),
  ...(entry.outcome === undefined ? {} : { outcome: entry.outcome }),
  ...(entry.error === undefined ? {} : { error: entry.error }),
});
