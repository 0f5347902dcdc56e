import * as z from "zod";
import { eksOf } from "../../adapters/aws/eks.ts";
import { clusterNotFound } from "../../adapters/snapshot.ts";
import { TerminalError } from "../../core/errors.ts";
import { physicalName } from "../../core/plan/green.ts";
import { nodeRoleOf, subnetsOf } from "../../core/provision/foundation.ts";
import { managedGroupTemplate, selfManagedGroupTemplate } from "../../core/provision/group-stack.ts";
import type { LiveCluster } from "../../core/provision/launch-template.ts";
import { groupTags } from "../../core/provision/requests.ts";
import {
  identityTemplate,
  partStackName,
  type StackPart,
  type Template,
} from "../../core/provision/stack.ts";
import { desiredConfig } from "../lib/desired.ts";
import { completedConfig, foundationFor } from "../lib/provisioning.ts";
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
    const config = await completedConfig(runtime, await desiredConfig(store, operation));
    const cluster = await eksOf(runtime).cluster(operation.cluster.name);
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

    const network = cluster.kubernetesNetworkConfig;
    const live: LiveCluster = {
      name: operation.cluster.name,
      endpoint: cluster.endpoint ?? "",
      certificateAuthority: cluster.certificateAuthority?.data ?? "",
      serviceCidr: network?.serviceIpv4Cidr ?? network?.serviceIpv6Cidr ?? "",
      ipv6: network?.ipFamily === "ipv6",
      version: cluster.version ?? "",
      vpcId: cluster.resourcesVpcConfig?.vpcId ?? "",
      clusterSecurityGroup: cluster.resourcesVpcConfig?.clusterSecurityGroupId ?? "",
      sharedSecurityGroup: config.vpc?.sharedNodeSecurityGroup,
    };
    const managed = config.managedNodeGroups?.find((group) => group.name === wanted);
    const index = config.nodeGroups?.findIndex((group) => group.name === wanted) ?? -1;
    const selfManaged = config.nodeGroups?.[index];
    const group = managed ?? selfManaged;
    if (!group)
      throw new TerminalError(`the file has no node group ${wanted}`, { code: "NodegroupNotFound" });
    const physical = physicalName(group.name, 1);
    const common = {
      group,
      managed: managed !== undefined,
      cluster: live,
      physicalName: physical,
      tags: groupTags(config, group, operationId),
    };
    // The launch template of a managed group serves all its generations.
    if (!selfManaged) return answer(`nodegroup/${group.name}`, managedGroupTemplate(common));
    const foundation = await foundationFor(runtime, operation.cluster, config);
    return answer(
      `nodegroup/${physical}`,
      selfManagedGroupTemplate({
        ...common,
        subnetIds: subnetsOf(config, foundation, selfManaged, `nodeGroups[${index}]`),
        nodeRole: nodeRoleOf(foundation, selfManaged),
      }),
    );
  },
);
