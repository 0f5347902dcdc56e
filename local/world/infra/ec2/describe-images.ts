import type { ServiceHandlers } from "../../../aws/contract.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import { nodeReleases } from "../../catalogue/node-releases.ts";
import { kubernetesVersions } from "../../catalogue/versions.ts";
import { eksImageId } from "../images.ts";
import type { Tags } from "../state.ts";
import { filtered } from "./listing.ts";

/** The account that publishes EKS's images of Amazon Linux; in every region it answers to `amazon` too. */
const EKS_OWNER = "602401143452";

/** How EKS names its images of Amazon Linux 2023, by AMI type. */
const NAMES = {
  AL2023_x86_64_STANDARD: "amazon-eks-node-al2023-x86_64-standard",
  AL2023_ARM_64_STANDARD: "amazon-eks-node-al2023-arm64-standard",
  AL2023_x86_64_NVIDIA: "amazon-eks-node-al2023-x86_64-nvidia",
  AL2023_ARM_64_NVIDIA: "amazon-eks-node-al2023-arm64-nvidia",
  AL2023_x86_64_NEURON: "amazon-eks-node-al2023-x86_64-neuron",
} as const;

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly releasedAt: string;
  readonly tags?: Tags;
}

/** DescribeImages, of the images that EKS publishes for Amazon Linux 2023. */
export function describeImages(kernel: Kernel) {
  const images = (region: string): Listed[] =>
    kubernetesVersions.flatMap(({ version }) =>
      nodeReleases(version, kernel.clock.now()).flatMap(({ releaseVersion, releasedAt }) =>
        Object.entries(NAMES).map(([amiType, name]) => ({
          id: eksImageId(region, amiType, releaseVersion),
          name: `${name}-${version}-v${releaseVersion.split("-")[1] ?? ""}`,
          releasedAt,
        })),
      ),
    );
  return {
    DescribeImages(input, { region }) {
      const ours = (input.Owners ?? []).every((owner) => owner === "amazon" || owner === EKS_OWNER);
      const found = ours ? images(region) : [];
      const named = found.filter(({ id }) => input.ImageIds === undefined || input.ImageIds.includes(id));
      const kept = filtered(named, input.Filters, {
        name: (image) => [image.name],
        "image-id": (image) => [image.id],
        state: () => ["available"],
        "owner-id": () => [EKS_OWNER],
      });
      return {
        Images: kept.map(({ id, name, releasedAt }) => ({
          ImageId: id,
          Name: name,
          CreationDate: `${releasedAt}T00:00:00.000Z`,
          OwnerId: EKS_OWNER,
          State: "available",
        })),
      };
    },
  } satisfies ServiceHandlers<typeof import("@aws-sdk/client-ec2")>;
}
