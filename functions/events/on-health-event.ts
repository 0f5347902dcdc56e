import type { z } from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { iso } from "../../core/clock.ts";
import { clusterKey } from "../../core/cluster-ref.ts";
import { clusterInArn, eventTime, instancesIn } from "../../core/nodes/signals.ts";
import type { ClusterRecord } from "../../core/ports/store.ts";
import { listener } from "../lib/listener.ts";
import { healthEvent } from "../lib/nodes/events.ts";
import { lookForEvent } from "../lib/nodes/look.ts";
import { placeMachine } from "../lib/nodes/place.ts";
import { quoted, tell } from "../lib/nodes/tell.ts";
import type { TaskContext } from "../lib/task.ts";

type HealthEvent = z.output<typeof healthEvent>;

/** The same event comes again with a new communicationId; it is told once for each entity (aws-facts 4.3). */
const REMEMBERED_MS = 120 * 86_400_000;

/**
 * AWS Health: maintenance of instances, which EC2 is asked about (DescribeInstanceStatus says what is planned and
 * when), and the end of support of Kubernetes versions. Pages of one event are events of their own.
 */
export const handler = listener("on-health-event", healthEvent, async (event, context) => {
  const { detail } = event;
  if (detail.service === "EC2" && detail.eventTypeCategory === "scheduledChange")
    await maintenance(event, context);
  if (detail.eventTypeCode === "AWS_EKS_PLANNED_LIFECYCLE_EVENT") await endOfSupport(event, context);
});

async function maintenance(event: HealthEvent, context: TaskContext): Promise<void> {
  const { detail } = event;
  const { store, runtime } = context;
  const clusters = new Map<string, ClusterRecord>();
  for (const id of instancesIn(detail.affectedEntities.map((entity) => entity.entityValue))) {
    const placed = await placeMachine(context, event, id);
    if (!placed || placed.machine.state === "terminated") continue;
    clusters.set(clusterKey(placed.record.ref), placed.record);
    const at = eventTime(detail.startTime);
    if (await store.claim(`health ${detail.eventArn} ${id}`, runtime.clock.now() + REMEMBERED_MS))
      await tell(context, "Maintenance Scheduled", placed.record.ref, {
        nodes: [placed.machine.nodeName],
        message: `AWS has planned ${quoted(detail.eventTypeCode)} for ${placed.machine.nodeName}${at === undefined ? "" : ` at ${iso(at)}`}`,
      });
  }
  for (const record of clusters.values())
    await lookForEvent(context, record, { cause: `AWS Health ${quoted(detail.eventTypeCode, 80)}` });
}

async function endOfSupport(event: HealthEvent, context: TaskContext): Promise<void> {
  const { detail } = event;
  const { store, runtime } = context;
  for (const { entityValue, status } of detail.affectedEntities) {
    const named = clusterInArn(entityValue);
    if (named?.kind !== "cluster" || status === "RESOLVED") continue;
    // The event is the account's own: it says nothing of clusters of others.
    if (named.account !== event.account) continue;
    const record = await store.getCluster({ account: named.account, region: named.region, name: named.name });
    if (!record) continue;
    const there = await runtimeIn(runtime, record.ref);
    const live = await eksOf(there).cluster(record.ref.name);
    const at = eventTime(detail.startTime);
    const affected = /(\d+\.\d+)/.exec(detail.eventMetadata?.deprecated_versions ?? "")?.[1];
    // Upgraded meanwhile: the entity lags by up to three days.
    if (!live || (affected !== undefined && live.version !== affected)) continue;
    if (!(await store.claim(`health ${detail.eventArn} ${entityValue}`, runtime.clock.now() + REMEMBERED_MS)))
      continue;
    await tell(context, "End Of Support Announced", record.ref, {
      version: live.version,
      ...(at === undefined ? {} : { at: iso(at) }),
      message: `The support of Kubernetes ${live.version} in EKS changes${at === undefined ? "" : ` on ${iso(at).slice(0, 10)}`}: upgrade ${record.ref.name} before`,
    });
  }
}
