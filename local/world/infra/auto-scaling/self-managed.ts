import { AwsError } from "../../../aws/contract.ts";
import type { NodeLaunch, Place } from "../../infra-contract.ts";
import type { Image } from "../images.ts";
import type { Tags } from "../state.ts";
import { readUserData } from "./user-data.ts";

/** Tag that says to which cluster a self-managed machine belongs. */
const CLUSTER_TAG = /^kubernetes\.io\/cluster\/(.+)$/;

/** `resolve:ssm:PARAMETER`: EC2 looks the image up when it starts a machine. */
const PARAMETER = /^resolve:ssm:(.+)$/;

interface Template {
  readonly InstanceType?: string;
  readonly ImageId?: string;
  readonly UserData?: string;
  readonly InstanceMarketOptions?: object;
  readonly IamInstanceProfile?: { readonly Arn?: string; readonly Name?: string };
}

/**
 * What machines of a group without EKS's management start as: the image of its launch template, and the cluster,
 * labels and taints of its user data. Without user data the tag of the cluster counts. A machine that no user
 * data makes join runs and never registers. Throws ValidationError for an image that does not exist.
 */
export function selfManagedLaunch(
  place: Place,
  template: Template,
  overrides: readonly string[],
  tags: Tags,
  look: {
    image(id: string): Image | undefined;
    parameter(name: string): string | undefined;
    /** ARN of the role in an instance profile. */
    role(profile: { readonly Arn?: string; readonly Name?: string }): string | undefined;
  },
): NodeLaunch {
  const [, parameter] = PARAMETER.exec(template.ImageId ?? "") ?? [];
  const imageId = parameter === undefined ? template.ImageId : look.parameter(parameter);
  const image = imageId === undefined ? undefined : look.image(imageId);
  if (!image && template.ImageId?.startsWith("ami-"))
    throw new AwsError(
      "ValidationError",
      `You must use a valid fully-formed launch template. The image id '[${template.ImageId}]' does not exist`,
    );
  const bootstrap = readUserData(template.UserData);
  const tagged = Object.keys(tags)
    .map((key) => CLUSTER_TAG.exec(key)?.[1])
    .find((name) => name !== undefined);
  // The cloud provider of Kubernetes takes machines with the cluster's tag only.
  const clusterName =
    template.UserData === undefined ? tagged : bootstrap?.cluster === tagged ? tagged : undefined;
  const joins = clusterName !== undefined && image !== undefined;
  const role = template.IamInstanceProfile && look.role(template.IamInstanceProfile);
  return {
    clusterArn: joins ? `arn:aws:eks:${place.region}:${place.account}:cluster/${clusterName}` : "",
    clusterName: clusterName ?? "",
    nodegroupName: "",
    instanceTypes: overrides.length > 0 ? overrides : [template.InstanceType ?? "m5.large"],
    capacityType: template.InstanceMarketOptions === undefined ? "ON_DEMAND" : "SPOT",
    amiType: image?.amiType ?? "CUSTOM",
    releaseVersion: image?.release.releaseVersion ?? template.ImageId ?? "",
    kubeletVersion: image?.release.kubeletVersion ?? "",
    labels: bootstrap?.labels ?? {},
    taints: bootstrap?.taints ?? [],
    ...(role === undefined ? {} : { nodeRole: role }),
  };
}
