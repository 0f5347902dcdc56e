import { clusterKey } from "../../core/cluster-ref.ts";
import { judge, ownPrincipals, trailEvent } from "../../core/drift/event.ts";
import { requestLook } from "../lib/drift/request.ts";
import { listener } from "../lib/listener.ts";

/**
 * Somebody called EKS (`AWS API Call via CloudTrail`). Who, from where and when is noted; what it did to the cluster
 * is looked at a moment later, for the event says what was asked for and not what came of it.
 */
export const handler = listener("on-cluster-change", trailEvent, async (event, context) => {
  const { runtime, store, log } = context;
  const { detail, account } = event;
  const judged = judge(event, ownPrincipals(runtime.config, account));
  if ("ignored" in judged) {
    log.debug("event ignored", { eventId: detail.eventID, why: judged.ignored });
    return;
  }
  const { ref, change } = judged;
  const cluster = clusterKey(ref);
  if (!(await store.getCluster(ref))) {
    log.debug("event ignored", {
      eventId: change.id,
      why: "a cluster that Slipway does not manage",
      cluster,
    });
    return;
  }
  const asked = await requestLook(context, ref, change);
  log.info(asked === "asked" ? "a look was asked for" : "event seen before", {
    eventId: change.id,
    cluster,
    call: change.call,
    actor: change.actor,
  });
});
