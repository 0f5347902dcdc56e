import type { ClusterRef } from "../cluster-ref.ts";
import type { Plan } from "../operation/types.ts";
import { defaultPolicy } from "../policy/schema.ts";
import { SECONDS } from "./estimate.ts";
import { finishPlan, phase } from "./steps.ts";

/** Plans the access of Slipway's functions to a cluster that somebody else made; nothing else of it is changed. */
export function planAdopt(cluster: ClusterRef, version: string): Plan {
  return finishPlan(
    {
      type: "adopt-cluster",
      cluster,
      fromVersion: version,
      phases: [
        phase("adopt", version, [
          {
            id: "adopt/access",
            kind: "access",
            title: "Give Slipway's functions access to the Kubernetes API",
            expectedSeconds: SECONDS.roles,
          },
        ]),
      ],
      findings: [],
    },
    defaultPolicy,
    [],
  );
}
