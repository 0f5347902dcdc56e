import * as z from "zod";
import { eksOf } from "../../adapters/aws/eks.ts";
import { RetryableError } from "../../core/errors.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationOf } from "../lib/work.ts";

const input = taskInput.extend({
  addonName: z.string().optional(),
  /** The version that our update brings. */
  version: z.string(),
});

/** Updates that may be ours are among the newest; EKS lists the newest first. */
const LOOK_AT = 5;

/**
 * After EKS refused an update because one is in progress: is that one ours, from a call whose answer was lost?
 * `running` with its id: wait for it. `reached`: it has ended and did its work. `free`: nothing runs any more,
 * call again. Somebody else's update: RetryableError `UpdateInProgress`, the state tries again later.
 */
export const handler = task(
  "find-update",
  input,
  async ({ operationId, addonName, version }, { runtime, store }) => {
    const { cluster } = await operationOf(store, operationId);
    const eks = eksOf(runtime);
    const subject = addonName === undefined ? {} : { addonName };
    const updates = await eks.updates(cluster.name, subject, LOOK_AT);
    const wanted = addonName === undefined ? "Version" : "AddonVersion";
    const running = updates.find((update) => update.status === "InProgress");
    if (running) {
      const ours = running.params?.some((param) => param.type === wanted && param.value === version);
      if (ours && running.id) return { state: "running", updateId: running.id };
      throw new RetryableError(
        `update ${running.id} (${running.type}) of cluster ${cluster.name} is in progress`,
        {
          code: "UpdateInProgress",
          remedy: "Wait until that update has ended, then retry the operation.",
        },
      );
    }
    const now =
      addonName === undefined
        ? (await eks.cluster(cluster.name))?.version
        : (await eks.addon(cluster.name, addonName))?.addonVersion;
    return now === version ? { state: "reached" } : { state: "free" };
  },
);
