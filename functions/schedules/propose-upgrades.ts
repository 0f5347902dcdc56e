import * as z from "zod";
import { isDue } from "../../core/channel/proposal.ts";
import { type ClusterRef, clusterKey } from "../../core/cluster-ref.ts";
import { sha256 } from "../../core/plan/sha256.ts";
import { lookAtChannel } from "../lib/channel/look.ts";
import { memoryOf } from "../lib/channel/memory.ts";
import { listener } from "../lib/listener.ts";

/** What is not looked at by then is due in the next hour. */
const BUDGET_MS = 180_000;
/** EKS throttles bursts and publishes no rates. */
const AT_ONCE = 5;

/** Where in the day a cluster has its hour: the same each day, and spread evenly over a fleet. */
const spreadOf = (ref: ClusterRef): number =>
  Number.parseInt(sha256(clusterKey(ref)).slice(0, 8), 16) / 2 ** 32;

/**
 * Every hour the clusters whose time of day it is: support that ends, and what their channels want. Each cluster
 * once a day; one that fails does not keep the others from it.
 */
export const handler = listener("propose-upgrades", z.unknown(), async (_, context) => {
  const { store, runtime, log } = context;
  const until = runtime.clock.now() + BUDGET_MS;
  const errors: unknown[] = [];
  let nextToken: string | undefined;
  do {
    const page = await store.listClusters({ limit: 100, ...(nextToken ? { nextToken } : {}) });
    for (let i = 0; i < page.items.length && runtime.clock.now() < until; i += AT_ONCE)
      await Promise.all(
        page.items.slice(i, i + AT_ONCE).map(async (record) => {
          try {
            const { lookedAt } = await memoryOf(store, record.ref);
            const last = lookedAt === undefined ? undefined : Date.parse(lookedAt);
            if (isDue(last, spreadOf(record.ref), runtime.clock.now())) await lookAtChannel(context, record);
          } catch (error) {
            log.warn("a cluster could not be looked at", { cluster: clusterKey(record.ref), error });
            errors.push(error);
          }
        }),
      );
    nextToken = page.nextToken;
  } while (nextToken && runtime.clock.now() < until);
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} clusters could not be looked at`);
});
