import type { V1Pod } from "@kubernetes/client-node";
import type { z } from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { kubernetesOf } from "../../adapters/kubernetes/access.ts";
import { iso } from "../../core/clock.ts";
import { clusterInArn, eventTime } from "../../core/nodes/signals.ts";
import { listener } from "../lib/listener.ts";
import { eksEvent } from "../lib/nodes/events.ts";
import { quoted, tell } from "../lib/nodes/tell.ts";
import type { TaskContext } from "../lib/task.ts";

type EksEvent = z.output<typeof eksEvent>;

const WEEK_MS = 7 * 86_400_000;
const NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

/**
 * What EKS tells by itself: pods on Fargate that it is going to end, and add-ons. The content of an add-on's event
 * is not documented, and the events are best effort: they are a reason to describe the add-on, no more.
 */
export const handler = listener("on-eks-event", eksEvent, (event, context) =>
  event["detail-type"] === "EKS Fargate Pod Scheduled Termination"
    ? fargate(event, context)
    : addon(event, context),
);

async function fargate(event: EksEvent, context: TaskContext): Promise<void> {
  const { account, region, detail } = event;
  const { clusterName: name = "", podName = "", podNamespace = "" } = detail;
  const record = name === "" ? undefined : await context.store.getCluster({ account, region, name });
  if (!record || !NAME.test(podName) || !NAME.test(podNamespace)) return;
  const there = await runtimeIn(context.runtime, record.ref);
  const cluster = await eksOf(there).cluster(name);
  if (!cluster?.endpoint) return;
  const pod = await kubernetesOf(there, cluster).get<V1Pod>(
    `/api/v1/namespaces/${podNamespace}/pods/${podName}`,
  );
  // It has moved meanwhile.
  if (!pod) return;
  const at = eventTime(detail.scheduledTerminationTime);
  const key = `fargate ${name} ${podNamespace}/${podName} ${pod.metadata?.uid ?? ""}`;
  if (!(await context.store.claim(key, context.runtime.clock.now() + WEEK_MS))) return;
  await tell(context, "Fargate Pod Termination Scheduled", record.ref, {
    pod: `${podNamespace}/${podName}`,
    ...(at === undefined ? {} : { at: iso(at) }),
    message: `EKS ends pod ${podNamespace}/${podName} on Fargate${at === undefined ? "" : ` at ${iso(at)}`} whatever its budget says: ${quoted(detail.evictErrorMessage)}`,
  });
}

const UNWELL = new Set(["DEGRADED", "CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED"]);

async function addon(event: EksEvent, context: TaskContext): Promise<void> {
  const named = event.resources.map(clusterInArn).find((found) => found?.kind === "addon");
  const [addonName] = named?.rest ?? [];
  if (!named || addonName === undefined || named.account !== event.account) return;
  const record = await context.store.getCluster({
    account: named.account,
    region: named.region,
    name: named.name,
  });
  if (!record) return;
  const there = await runtimeIn(context.runtime, record.ref);
  const live = await eksOf(there).addon(record.ref.name, addonName);
  if (!live || !UNWELL.has(live.status ?? "")) return;
  const now = context.runtime.clock.now();
  const key = `addon ${record.ref.name} ${addonName} ${live.status} ${live.modifiedAt?.getTime() ?? 0}`;
  if (!(await context.store.claim(key, now + WEEK_MS))) return;
  const issues = (live.health?.issues ?? []).map(({ code, message }) => `${code}: ${quoted(message)}`);
  await tell(context, "Addon Unhealthy", record.ref, {
    addon: addonName,
    status: live.status,
    message: `Add-on ${addonName} is ${live.status}${issues.length > 0 ? `: ${issues.join("; ")}` : ""}`,
  });
}
