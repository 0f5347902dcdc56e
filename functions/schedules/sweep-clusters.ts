import * as z from "zod";
import { type ClusterRef, clusterKey, parseClusterKey } from "../../core/cluster-ref.ts";
import {
  type Bucket,
  bucketSchema,
  type Candidate,
  chosen,
  expectedCalls,
  fullBucket,
  refilled,
  throttled,
} from "../../core/drift/sweep.ts";
import type { ClusterRecord } from "../../core/ports/store.ts";
import { LOOKS, parseLook, RATES, updateLook } from "../lib/drift/documents.ts";
import { lookOnce } from "../lib/drift/round.ts";
import { listener } from "../lib/listener.ts";
import type { TaskContext } from "../lib/task.ts";

/** As the schedule of functions/platform/drift.ts says. */
const EVERY_MS = 300_000;
/** The list of clusters is long and changes seldom. */
const LIST_EVERY_MS = 600_000;
/** No look is begun after this: the function has 240 s, and a look at a slow cluster takes some. */
const BEGIN_WITHIN_MS = 150_000;
/** Looks beside one another. Each makes at most some five calls at once. */
const AT_ONCE = 4;
const PAGE = 100;

/**
 * Looks at the clusters that no event told of: each once an hour, those that are due first, and within what EKS may
 * be asked in each account and region.
 */
export const handler = listener("sweep-clusters", z.unknown(), async (_, context) => {
  const { runtime, log } = context;
  const started = runtime.clock.now();
  await listClusters(context);
  const candidates = await candidatesOf(context);
  const queue = chosen(candidates, { now: started, everyMs: EVERY_MS });
  const budgets = new Budgets(context);
  const done = { looked: 0, putOff: 0 };
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const ref = parseClusterKey(next.key);
      if (!ref) continue;
      const late = runtime.clock.now() - started > BEGIN_WITHIN_MS;
      if (late || !(await budgets.take(next))) {
        done.putOff++;
        continue;
      }
      const round = await lookOnce(context, ref, true);
      if (round.throttled) await budgets.throttle(next.place);
      done.looked++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  log.info("clusters swept", { ...done, clusters: candidates.length });
});

/** What may be asked of EKS in each account and region, shared by runs through the store. */
class Budgets {
  readonly #context: TaskContext;
  constructor(context: TaskContext) {
    this.#context = context;
  }

  /** Takes what a look is expected to need; false when it is not there. */
  async take({ place, state }: Candidate): Promise<boolean> {
    let taken = false;
    const calls = expectedCalls(state);
    await this.#update(place, (bucket) => {
      taken = bucket.tokens >= calls;
      return taken ? { ...bucket, tokens: bucket.tokens - calls } : bucket;
    });
    return taken;
  }

  async throttle(place: string): Promise<void> {
    await this.#update(place, throttled);
    this.#context.log.warn("EKS throttles, so that clusters are looked at more slowly", { place });
  }

  async #update(place: string, change: (bucket: Bucket) => Bucket): Promise<void> {
    const { store, runtime } = this.#context;
    await store.updateDocument(RATES, place, (current) => {
      const now = runtime.clock.now();
      const parsed = bucketSchema.safeParse(current);
      return { value: change(parsed.success ? refilled(parsed.data, now) : fullBucket(now)) };
    });
  }
}

/** Makes sure that every managed cluster has its document, so that a run reads only those. */
async function listClusters(context: TaskContext): Promise<void> {
  const { store, runtime } = context;
  const now = runtime.clock.now();
  const stored = await store.getDocument(RATES, "clusters-listed");
  const at = z.object({ at: z.number() }).safeParse(stored?.value);
  if (at.success && now - at.data.at < LIST_EVERY_MS) return;
  for (const ref of await managed(context)) await updateLook(store, ref, (current) => current);
  await store.updateDocument(RATES, "clusters-listed", () => ({ value: { at: now } }));
}

async function managed({ store }: TaskContext): Promise<ClusterRef[]> {
  const records: ClusterRecord[] = [];
  let nextToken: string | undefined;
  do {
    const page = await store.listClusters({ limit: PAGE, ...(nextToken ? { nextToken } : {}) });
    records.push(...page.items);
    nextToken = page.nextToken;
  } while (nextToken);
  return records.map(({ ref }) => ref);
}

async function candidatesOf({ store }: TaskContext): Promise<Candidate[]> {
  const found: Candidate[] = [];
  let nextToken: string | undefined;
  do {
    const page = await store.listDocuments(LOOKS, { limit: PAGE, ...(nextToken ? { nextToken } : {}) });
    for (const { name, value } of page.items) {
      const ref = parseClusterKey(name);
      if (!ref) continue;
      const place = `${ref.account}:${ref.region}`;
      found.push({ key: clusterKey(ref), place, state: parseLook(value) });
    }
    nextToken = page.nextToken;
  } while (nextToken);
  return found;
}
