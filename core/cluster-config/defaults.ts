/** The defaults of eksctl, which people's files count on. */
export const DEFAULTS = {
  instanceType: "m5.large",
  amiFamily: "AmazonLinux2023",
  /** GiB. */
  volumeSize: 80,
  nodes: 2,
  vpcCidr: "192.168.0.0/16",
  natGateway: "Single",
} as const;

/** Sizes of a node group: 2 nodes where none is given, each bound from the others. */
export function sizesOf(group: {
  readonly minSize?: number | undefined;
  readonly maxSize?: number | undefined;
  readonly desiredCapacity?: number | undefined;
}): { minSize: number; maxSize: number; desiredSize: number } {
  const minSize =
    group.minSize ?? group.desiredCapacity ?? Math.min(DEFAULTS.nodes, group.maxSize ?? DEFAULTS.nodes);
  const desiredSize = group.desiredCapacity ?? minSize;
  // EKS wants a maximum of at least 1, also of a group that is empty now.
  return { minSize, desiredSize, maxSize: group.maxSize ?? Math.max(1, desiredSize) };
}
