import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { RetryableError } from "../../core/errors.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationOf } from "../lib/work.ts";

const input = taskInput.extend({
  /** Without one of these the cluster's own update is meant. */
  addonName: z.string().optional(),
  nodegroup: z.string().optional(),
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
  async ({ operationId, addonName, nodegroup, version }, { runtime, store }) => {
    const { cluster } = await operationOf(store, operationId);
    const eks = eksOf(await runtimeIn(runtime, cluster));
    const subject = {
      ...(addonName === undefined ? {} : { addonName }),
      ...(nodegroup === undefined ? {} : { nodegroupName: nodegroup }),
    };
    const updates = await eks.updates(cluster.name, subject, LOOK_AT);
    const wanted = addonName === undefined ? "Version" : "AddonVersion";
    const running = updates.find((update) => update.status === "InProgress");
    if (running) {
      const ours = running.params?.some((param) => param.type === wanted && param.value === version);
      if (ours && running.id) return { state: "running", updateId: running.id };
      throw new RetryableError(
        `update ${running.id} (${running.type}) of ${addonName ?? nodegroup ?? "the control plane"} of cluster ${cluster.name} is in progress`,
        {
          code: "UpdateInProgress",
          remedy: "Wait until that update has ended, then retry the operation.",
        },
      );
    }
    const now =
      addonName !== undefined
        ? (await eks.addon(cluster.name, addonName))?.addonVersion
        : nodegroup !== undefined
          ? (await eks.nodegroup(cluster.name, nodegroup))?.version
          : (await eks.cluster(cluster.name))?.version;
    return now === version ? { state: "reached" } : { state: "free" };
  },
);
