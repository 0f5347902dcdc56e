import type { InstanceRecord, NodeLaunch } from "../infra-contract.ts";
import type { NodeSpec } from "../kubernetes-contract.ts";
import type { InstanceType } from "./instance-types.ts";
import { fixedId, zoneId } from "./zones.ts";

/** Private DNS name of an address: us-east-1 alone has the short form. */
export const privateDnsName = (ip: string, region: string): string =>
  `ip-${ip.replaceAll(".", "-")}.${region === "us-east-1" ? "ec2.internal" : `${region}.compute.internal`}`;

/** The image that a release of the EKS images has; the same for the same release everywhere in a region. */
export const imageId = (launch: NodeLaunch, region: string): string =>
  fixedId("ami", { account: "amazon", region }, `${launch.amiType}/${launch.releaseVersion}`);

function osImage(launch: NodeLaunch): string {
  const date = /-(\d{8})$/.exec(launch.releaseVersion)?.[1] ?? "20260901";
  if (launch.amiType.startsWith("BOTTLEROCKET")) {
    const minor = /^v?(\d+\.\d+)/.exec(launch.kubeletVersion)?.[1] ?? "1.33";
    return `Bottlerocket OS ${launch.releaseVersion} (aws-k8s-${minor})`;
  }
  if (launch.amiType.startsWith("WINDOWS")) return "Windows Server 2022 Datacenter";
  if (launch.amiType.startsWith("AL2_")) return "Amazon Linux 2";
  return `Amazon Linux 2023.9.${date}`;
}

/** Labels that EC2's cloud provider and, for a managed node group, EKS put on a node. */
function labels(instance: InstanceRecord, type: InstanceType): Record<string, string> {
  const { launch } = instance;
  const managed: Record<string, string> = launch.nodegroupName
    ? {
        "eks.amazonaws.com/nodegroup": launch.nodegroupName,
        "eks.amazonaws.com/nodegroup-image": imageId(launch, instance.region),
        "eks.amazonaws.com/capacityType": launch.capacityType,
      }
    : {};
  return {
    "beta.kubernetes.io/arch": type.architecture,
    "beta.kubernetes.io/instance-type": type.name,
    "beta.kubernetes.io/os": launch.amiType.startsWith("WINDOWS") ? "windows" : "linux",
    "failure-domain.beta.kubernetes.io/region": instance.region,
    "failure-domain.beta.kubernetes.io/zone": instance.zone,
    "k8s.io/cloud-provider-aws": fixedId("cp", instance, launch.clusterName).slice(3),
    "kubernetes.io/arch": type.architecture,
    "kubernetes.io/hostname": instance.nodeName,
    "kubernetes.io/os": launch.amiType.startsWith("WINDOWS") ? "windows" : "linux",
    "node.kubernetes.io/instance-type": type.name,
    "topology.k8s.aws/zone-id": zoneId(instance.zone),
    "topology.kubernetes.io/region": instance.region,
    "topology.kubernetes.io/zone": instance.zone,
    ...managed,
    ...launch.labels,
  };
}

/** The machine as its kubelet reports it when it registers. */
export function nodeSpec(instance: InstanceRecord, type: InstanceType): NodeSpec {
  return {
    name: instance.nodeName,
    instanceId: instance.instanceId,
    instanceType: type.name,
    region: instance.region,
    zone: instance.zone,
    labels: labels(instance, type),
    taints: instance.launch.taints,
    kubeletVersion: instance.launch.kubeletVersion,
    osImage: osImage(instance.launch),
    architecture: type.architecture,
    cpu: type.vcpus,
    memoryMiB: type.memoryMiB,
    maxPods: type.maxPods,
    internalIp: instance.privateIp,
  };
}
