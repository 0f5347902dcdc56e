import type { NodeLaunch, Place } from "../../infra-contract.ts";
import type { Tags } from "../state.ts";

/** Tag that says to which cluster a self-managed machine belongs. */
const CLUSTER_TAG = /^kubernetes\.io\/cluster\/(.+)$/;

/** `resolve:ssm:/aws/service/eks/optimized-ami/1.33/amazon-linux-2023/...`: the public parameter of an image. */
const IMAGE_PARAMETER = /\/eks\/optimized-ami\/(\d+\.\d+)\//;

/**
 * What machines of a group without EKS's management start as: its launch template, with the cluster from the
 * tag and the kubelet's version from the image's public parameter. Without a cluster or a version the machines
 * run and never register.
 */
export function selfManagedLaunch(
  place: Place,
  template: {
    readonly InstanceType?: string;
    readonly ImageId?: string;
    readonly InstanceMarketOptions?: object;
  },
  overrides: readonly string[],
  tags: Tags,
): NodeLaunch {
  const clusterName =
    Object.keys(tags)
      .map((key) => CLUSTER_TAG.exec(key)?.[1])
      .find((name) => name !== undefined) ?? "";
  const minor = IMAGE_PARAMETER.exec(template.ImageId ?? "")?.[1];
  const joins = clusterName !== "" && minor !== undefined;
  return {
    clusterArn: joins ? `arn:aws:eks:${place.region}:${place.account}:cluster/${clusterName}` : "",
    clusterName,
    nodegroupName: "",
    instanceTypes: overrides.length > 0 ? overrides : [template.InstanceType ?? "m5.large"],
    capacityType: template.InstanceMarketOptions === undefined ? "ON_DEMAND" : "SPOT",
    amiType: "CUSTOM",
    releaseVersion: minor === undefined ? (template.ImageId ?? "") : `${minor}.0`,
    kubeletVersion: minor === undefined ? "" : `v${minor}.0-eks-selfmanaged`,
    labels: {},
    taints: [],
  };
}
