import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { iso } from "../../core/clock.ts";
import { TerminalError } from "../../core/errors.ts";
import { decideRemediation } from "../../core/nodes/decide.ts";
import { clusterNamed } from "../lib/api/clusters.ts";
import { api } from "../lib/api/http.ts";
import { logOf } from "../lib/logger.ts";
import { automationOf } from "../lib/nodes/automation.ts";
import { readPolicy } from "../lib/nodes/consider.ts";
import { observeCluster } from "../lib/nodes/observe.ts";
import { automationView } from "../lib/nodes/view.ts";

/** `GET /v1/clusters/{cluster}/nodes`: as they are now, and what would be decided about each now. */
export const handler = api(routes.listNodes, async ({ path, runtime }) => {
  const record = await clusterNamed(runtime, path.cluster ?? "");
  const store = storeOf(runtime);
  const context = { runtime, store, log: logOf(runtime, { route: routes.listNodes.id }) };
  const policy = await readPolicy(context, record);
  const observed = await observeCluster(context, record, { policy });
  if (!observed)
    throw new TerminalError(`cluster ${record.ref.name} is not up`, {
      code: "ClusterNotFound",
      remedy: `Look at it with: slipway describe cluster ${record.ref.name}`,
    });
  const state = await automationOf(store, record.ref);
  const now = runtime.clock.now();
  const { verdicts } = decideRemediation(observed, policy?.nodes, state, now);
  const groups = new Map(observed.groups.map((group) => [group.name, group.logicalName]));
  const byName = new Map(observed.nodes.map((node) => [node.name, node]));
  const nodes = verdicts.map(({ node: name, code, text, health, retryAt }) => {
    const node = byName.get(name);
    const sick = health.state === "sick";
    return {
      name,
      zone: node?.zone ?? "",
      health: health.state,
      problems: sick ? health.problems.map((problem) => problem.text) : [],
      cordoned: node?.cordoned ?? false,
      verdict: { code, text, ...(retryAt === undefined ? {} : { retryAt: iso(retryAt) }) },
      ...(sick ? { since: iso(health.since) } : {}),
      ...(node?.instanceId === undefined ? {} : { instanceId: node.instanceId }),
      ...(node?.nodegroup === undefined ? {} : { nodegroup: groups.get(node.nodegroup) ?? node.nodegroup }),
    };
  });
  return { status: 200, body: { automation: automationView(record.ref, policy, state, now), nodes } };
});
