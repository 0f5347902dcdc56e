import type { NodeRelease } from "../../core/channel/old-nodes.ts";
import type { Runtime } from "../runtime.ts";
import { aws } from "./errors.ts";
import { createSend } from "./operations/client.ts";
import { describeImages } from "./operations/operations.ts";

/** AMI types by how EKS names their images (EKS user guide, "Amazon Linux AMI versions"). */
const NAMES: Readonly<Record<string, string>> = {
  "x86_64-standard": "AL2023_x86_64_STANDARD",
  "arm64-standard": "AL2023_ARM_64_STANDARD",
  "x86_64-nvidia": "AL2023_x86_64_NVIDIA",
  "arm64-nvidia": "AL2023_ARM_64_NVIDIA",
  "x86_64-neuron": "AL2023_x86_64_NEURON",
};

/**
 * The newest images of Amazon Linux 2023 that EKS has published for a Kubernetes version, by AMI type. From their
 * names (`amazon-eks-node-al2023-x86_64-standard-1.34-v20261108`): EC2 answers for all types in one call.
 */
export async function newestNodeReleases(runtime: Runtime, version: string): Promise<NodeRelease[]> {
  const send = createSend(runtime.aws);
  const newest = new Map<string, string>();
  let NextToken: string | undefined;
  do {
    const reply = await aws("ec2 DescribeImages", () =>
      send(describeImages, {
        Owners: ["amazon"],
        Filters: [{ Name: "name", Values: [`amazon-eks-node-al2023-*-${version}-v*`] }],
        MaxResults: 1000,
        ...(NextToken === undefined ? {} : { NextToken }),
      }),
    );
    for (const { Name = "" } of reply.Images ?? []) {
      const [, kind = "", of, date = ""] =
        /^amazon-eks-node-al2023-([a-z0-9_]+-[a-z]+)-(\d+\.\d+)-v(\d{8})$/.exec(Name) ?? [];
      const amiType = NAMES[kind];
      if (of === version && amiType && date > (newest.get(amiType) ?? "")) newest.set(amiType, date);
    }
    NextToken = reply.NextToken;
  } while (NextToken);
  return [...newest].map(([amiType, date]) => ({ amiType, date }));
}
