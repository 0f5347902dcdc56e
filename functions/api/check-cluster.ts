import { routes } from "../../core/api/routes.ts";
import { blocking } from "../../core/checks/gate.ts";
import { clusterNamed } from "../lib/api/clusters.ts";
import { api } from "../lib/api/http.ts";
import { findingsFor } from "../lib/api/plans.ts";

/** `POST /v1/clusters/{cluster}/checks`: what a change would meet; changes nothing. */
export const handler = api(routes.checkCluster, async ({ path, body, runtime }) => {
  const record = await clusterNamed(runtime, path.cluster ?? "");
  const findings = await findingsFor(runtime, record, body.to);
  return {
    status: 200,
    body: {
      cluster: record.ref,
      ...(body.to ? { to: body.to } : {}),
      findings,
      blocked: blocking(findings).length > 0,
    },
  };
});
