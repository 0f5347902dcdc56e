import * as z from "zod";
import { iso } from "../../core/clock.ts";
import { listener } from "../lib/listener.ts";

/** A probe is of no use after this time. */
const KEPT_MS = 3_600_000;

const event = z.object({
  account: z.string(),
  region: z.string(),
  detail: z.object({ probe: z.string().min(1).max(64) }),
});

/** A probe event arrived, from this account or forwarded from a managed one: the doctor looks for it in the store. */
export const handler = listener("on-doctor-probe", event, async ({ account, region, detail }, context) => {
  const now = context.runtime.clock.now();
  await context.store.putProbe({ id: detail.probe, account, region, arrivedAt: iso(now) }, now + KEPT_MS);
});
