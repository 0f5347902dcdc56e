import type { Kernel } from "../../kernel/kernel.ts";
import type { Faults } from "../faults.ts";
import type { InfraExtras, InfraWorld, Place } from "../infra-contract.ts";
import { createActivities } from "./activities.ts";
import { createAddresses, holds } from "./addresses.ts";
import { autoScalingHandlers } from "./auto-scaling/api.ts";
import { iamResources, otherResources } from "./cloudformation/account-resources.ts";
import { cloudformationHandlers } from "./cloudformation/api.ts";
import { networkResources } from "./cloudformation/network-resources.ts";
import type { Provider } from "./cloudformation/provider.ts";
import { createStackEngine } from "./cloudformation/stack-engine.ts";
import { openStackState } from "./cloudformation/state.ts";
import { ensureDefaultVpc } from "./default-vpc.ts";
import { describeImages } from "./ec2/describe-images.ts";
import { describeNetwork } from "./ec2/describe-network.ts";
import { instanceHandlers } from "./ec2/instances.ts";
import { launchTemplates } from "./ec2/launch-templates.ts";
import { natHandlers } from "./ec2/nat-gateways.ts";
import { routingHandlers } from "./ec2/routing.ts";
import { securityGroupHandlers } from "./ec2/security-groups.ts";
import { tagHandlers } from "./ec2/tags.ts";
import { vpcHandlers } from "./ec2/vpcs.ts";
import { bringIn, type ExistingThings } from "./existing.ts";
import { createGroups } from "./groups.ts";
import { createIam } from "./iam/iam.ts";
import { createInstances, type Kubelets } from "./instances.ts";
import { keyOf, openState, type ScheduledMaintenance, subnetRecord } from "./state.ts";

/**
 * The EC2 side of the simulated world with its APIs. Everything lives in documents and durable timers of the
 * kernel, and the timers' handlers are registered here: create it before `kernel.timers.start()`.
 */
export function createInfra(parts: {
  readonly kernel: Kernel;
  readonly kubernetes: Kubelets;
  readonly faults: Faults;
  /** Resource types of stacks that other parts of the platform make (rules of the bus). */
  readonly resources?: Readonly<Record<string, Provider>>;
}) {
  const { kernel, kubernetes, faults } = parts;
  const state = openState(kernel.durable);
  const addresses = createAddresses(state, faults);
  const activities = createActivities(kernel, state);
  const instances = createInstances({ kernel, state, addresses, kubernetes, faults });
  const groups = createGroups({ kernel, state, addresses, instances, activities, faults });
  const iam = createIam({ kernel, faults });
  const templates = launchTemplates(kernel, state, faults);
  const ec2 = {
    ...describeImages(kernel),
    ...describeNetwork({ state, addresses, faults }),
    ...vpcHandlers(kernel, state),
    ...routingHandlers(kernel, state),
    ...natHandlers(kernel, state, addresses),
    ...securityGroupHandlers(kernel, state),
    ...templates.handlers,
    ...instanceHandlers(instances),
    ...tagHandlers(state),
  };
  const autoScaling = autoScalingHandlers({
    state,
    groups,
    instances,
    activities,
    launchTemplate: templates.launchTemplate,
    clock: kernel.clock,
    profileRole: iam.profileRole,
  });
  const stacks = openStackState(kernel.durable);
  const providers = new Map(
    Object.entries({
      ...networkResources(ec2, kernel),
      ...iamResources(iam.handlers),
      ...otherResources(autoScaling, stacks),
      ...parts.resources,
    }),
  );
  const engine = createStackEngine({ kernel, faults, state: stacks, providers });

  const world: InfraWorld & InfraExtras = {
    subnet(place, subnetId) {
      ensureDefaultVpc(state, place);
      const subnet = state.subnets.get(keyOf(place, subnetId));
      if (!subnet || holds(faults, "SubnetGone", `subnet/${subnetId} zone/${subnet.zone}`)) return undefined;
      return subnetRecord(subnet, addresses.free(subnet));
    },
    securityGroupExists(place, groupId) {
      ensureDefaultVpc(state, place);
      return (
        state.securityGroups.has(keyOf(place, groupId)) &&
        !holds(faults, "SecurityGroupGone", `security-group/${groupId}`)
      );
    },
    roleExists: iam.roleExists,
    createAsg: groups.create,
    asg: groups.get,
    resizeAsg: groups.resize,
    setLaunch: groups.setLaunch,
    deleteAsg: (place, name, options = {}) => groups.delete(place, name, options.force ?? false),
    instancesOf: instances.ofGroup,
    instance: instances.get,
    terminate(place, instanceId, { decrement }) {
      const instance = instances.get(place, instanceId);
      if (instance) groups.remove(instance, { decrement, graceful: false });
    },
    onInstance: instances.onChange,
    onLaunchFailure: groups.onLaunchFailure,
    onAsgDeleted: groups.onDeleted,
    reserveIps(place, subnetId, count) {
      ensureDefaultVpc(state, place);
      const subnet = state.subnets.get(keyOf(place, subnetId));
      if (!subnet || addresses.free(subnet) < count) return false;
      addresses.take(subnet, count);
      return true;
    },
    releaseIps: (place, subnetId, count) => addresses.release(place, subnetId, count),
    openSecurityGroup({ account, region }, group) {
      state.securityGroups.set(keyOf({ account, region }, group.groupId), {
        account,
        region,
        ...group,
        ingress: [{ protocol: "-1", groupId: group.groupId }],
        egress: [{ protocol: "-1", cidr: "0.0.0.0/0" }],
        tags: {},
      });
    },
    closeSecurityGroup: (place, groupId) => void state.securityGroups.delete(keyOf(place, groupId)),
    launchTemplate: templates.launchTemplate,
    onDrainRequest: groups.onDrainRequest,
    drained: groups.drained,
    admitBy: instances.admitBy,
  };
  return {
    ...world,
    ec2,
    autoScaling,
    iam: iam.handlers,
    /** What was in an account before the simulation began (local/furnish.ts). */
    bringIn: (place: Place, things: ExistingThings): string[] =>
      bringIn(state, place, things, kernel.clock.now()),
    /** Maintenance that AWS plans for a machine. */
    schedule(place: Place, instanceId: string, maintenance: ScheduledMaintenance) {
      const instance = instances.get(place, instanceId);
      if (!instance) return undefined;
      instance.scheduled = maintenance;
      state.instances.touch(keyOf(place, instanceId));
      return instance;
    },
    trusts: iam.trusts,
    cloudformation: cloudformationHandlers({ kernel, state: stacks, engine }),
  };
}

export type Infra = ReturnType<typeof createInfra>;
