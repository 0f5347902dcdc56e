import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { clusterNotFound } from "../../adapters/snapshot.ts";
import { TerminalError } from "../../core/errors.ts";
import { physicalName } from "../../core/plan/green.ts";
import { managedGroupTemplate } from "../../core/provision/group-stack.ts";
import { groupTags } from "../../core/provision/requests.ts";
import {
  identityTemplate,
  partStackName,
  type StackPart,
  type Template,
} from "../../core/provision/stack.ts";
import { desiredConfig } from "../lib/desired.ts";
import { groupStack, liveCluster } from "../lib/group-stack.ts";
import { completedConfig } from "../lib/provisioning.ts";
import { stackRequest } from "../lib/stack-request.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, record, stepById } from "../lib/work.ts";

const input = taskInput.extend({
  /** `identity` or `nodegroup`. */
  kind: z.enum(["identity", "nodegroup"]),
  /** Logical name of the node group. */
  group: z.string().default(""),
  /** The step that begins with it; empty for none. */
  begins: z.string().default(""),
});

/** The CreateStack request of a part that needs to know the cluster: its issuer, its endpoint, its certificate. */
export const handler = task(
  "plan-stack",
  input,
  async ({ operationId, kind, group: wanted, begins }, context) => {
    const { runtime, store } = context;
    const operation = await operationAtGate(context, operationId);
    const config = await completedConfig(runtime, operation.cluster, await desiredConfig(store, operation));
    const there = await runtimeIn(runtime, operation.cluster);
    const cluster = await eksOf(there).cluster(operation.cluster.name);
    if (!cluster) throw clusterNotFound(operation.cluster);
    if (begins !== "")
      await record(context, operationId, {
        kind: "StepStarted",
        step: begins,
        message: stepById(operation, begins).title,
      });
    const answer = (part: StackPart, template: Template) => {
      const name = partStackName(operation.cluster.name, part);
      return { stackName: name, request: stackRequest({ runtime, operation, name, template }) };
    };
    if (kind === "identity")
      return answer("identity", identityTemplate(config, cluster.identity?.oidc?.issuer ?? ""));

    const managed = config.managedNodeGroups?.find((group) => group.name === wanted);
    const selfManaged = config.nodeGroups?.find((group) => group.name === wanted);
    const group = managed ?? selfManaged;
    if (!group)
      throw new TerminalError(`the file has no node group ${wanted}`, { code: "NodegroupNotFound" });
    if (selfManaged) {
      const { stackName, request } = await groupStack({
        runtime,
        operation,
        config,
        cluster,
        group: selfManaged,
        generation: 1,
      });
      return { stackName, request };
    }
    // The launch template of a managed group serves all its generations.
    return answer(
      `nodegroup/${group.name}`,
      managedGroupTemplate({
        group,
        managed: true,
        cluster: liveCluster(cluster, config),
        physicalName: physicalName(group.name, 1),
        tags: groupTags(config, group, operationId),
      }),
    );
  },
);
