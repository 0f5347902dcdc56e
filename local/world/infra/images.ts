import type { DurableMap } from "../../kernel/durable.ts";
import { latestNodeRelease, type NodeRelease, nodeReleases } from "../catalogue/node-releases.ts";
import { kubernetesVersions } from "../catalogue/versions.ts";
import type { Place } from "../infra-contract.ts";
import { keyOf } from "./state.ts";
import { fixedId } from "./zones.ts";

/** What an image makes of a machine. */
export interface Image {
  readonly amiType: string;
  readonly release: NodeRelease;
}

/** An image of somebody's own. */
export interface ImageDocument extends Place {
  readonly imageId: string;
  readonly amiType: string;
  /** Kubernetes minor of its kubelet. */
  readonly minor: string;
}

/** The id of EKS's image of a release; the same for the same release everywhere in a region. */
export const eksImageId = (region: string, amiType: string, releaseVersion: string): string =>
  fixedId("ami", { account: "amazon", region }, `${amiType}/${releaseVersion}`);

const AMI_TYPES = [
  "AL2_x86_64",
  "AL2_x86_64_GPU",
  "AL2_ARM_64",
  "AL2023_x86_64_STANDARD",
  "AL2023_ARM_64_STANDARD",
  "AL2023_x86_64_NVIDIA",
  "AL2023_ARM_64_NVIDIA",
  "AL2023_x86_64_NEURON",
  "BOTTLEROCKET_x86_64",
  "BOTTLEROCKET_ARM_64",
  "BOTTLEROCKET_x86_64_NVIDIA",
  "BOTTLEROCKET_ARM_64_NVIDIA",
  "BOTTLEROCKET_x86_64_FIPS",
  "BOTTLEROCKET_ARM_64_FIPS",
  "WINDOWS_CORE_2019_x86_64",
  "WINDOWS_FULL_2019_x86_64",
  "WINDOWS_CORE_2022_x86_64",
  "WINDOWS_FULL_2022_x86_64",
  "WINDOWS_CORE_2025_x86_64",
  "WINDOWS_FULL_2025_x86_64",
] as const;

const ofRegion = new Map<string, ReadonlyMap<string, Image>>();

/** EKS's images of a region by id. */
function eksImages(region: string): ReadonlyMap<string, Image> {
  const known = ofRegion.get(region);
  if (known) return known;
  const images = new Map<string, Image>();
  for (const { version: minor } of kubernetesVersions)
    for (const release of nodeReleases(minor, Number.MAX_SAFE_INTEGER))
      for (const amiType of AMI_TYPES)
        images.set(eksImageId(region, amiType, release.releaseVersion), { amiType, release });
  ofRegion.set(region, images);
  return images;
}

/** The image behind an id: EKS's own, or one that an account has. */
export function findImage(
  documents: DurableMap<ImageDocument>,
  place: Place,
  imageId: string,
  now: number,
): Image | undefined {
  const document = documents.get(keyOf(place, imageId));
  if (!document) return eksImages(place.region).get(imageId);
  const release = latestNodeRelease(document.minor, now);
  return release && { amiType: document.amiType, release };
}

const EKS = /^\/aws\/service\/eks\/optimized-ami\/(\d+\.\d+)\/(.+)\/recommended\/image_id$/;
const BOTTLEROCKET =
  /^\/aws\/service\/bottlerocket\/aws-k8s-(\d+\.\d+)(-nvidia)?(-fips)?\/(x86_64|arm64)\/latest\/image_id$/;
const WINDOWS =
  /^\/aws\/service\/ami-windows-latest\/Windows_Server-(\d{4})-English-(Full|Core)-EKS_Optimized-(\d+\.\d+)\/image_id$/;

/** Version and AMI type that a public parameter stands for. */
function meaning(parameter: string): { readonly minor: string; readonly amiType: string } | undefined {
  const [, bottlerocket, nvidia, fips, processor] = BOTTLEROCKET.exec(parameter) ?? [];
  if (bottlerocket)
    return {
      minor: bottlerocket,
      amiType: `BOTTLEROCKET_${processor === "arm64" ? "ARM_64" : "x86_64"}${nvidia ? "_NVIDIA" : ""}${fips ? "_FIPS" : ""}`,
    };
  const [, year, edition = "", windows] = WINDOWS.exec(parameter) ?? [];
  if (windows) return { minor: windows, amiType: `WINDOWS_${edition.toUpperCase()}_${year}_x86_64` };
  const [, minor, path = ""] = EKS.exec(parameter) ?? [];
  if (!minor) return undefined;
  const al2 = {
    "amazon-linux-2": "AL2_x86_64",
    "amazon-linux-2-gpu": "AL2_x86_64_GPU",
    "amazon-linux-2-arm64": "AL2_ARM_64",
  };
  if (Object.hasOwn(al2, path)) return { minor, amiType: al2[path as keyof typeof al2] };
  const [, cpu, kind = ""] = /^amazon-linux-2023\/(x86_64|arm64)\/(standard|nvidia|neuron)$/.exec(path) ?? [];
  return cpu
    ? { minor, amiType: `AL2023_${cpu === "arm64" ? "ARM_64" : "x86_64"}_${kind.toUpperCase()}` }
    : undefined;
}

/** The value of a public parameter of Systems Manager; undefined when there is none of that name. */
export function publicParameter(region: string, parameter: string, now: number): string | undefined {
  const image = meaning(parameter);
  const release = image && latestNodeRelease(image.minor, now);
  if (!image || !release || !AMI_TYPES.some((type) => type === image.amiType)) return undefined;
  // The last images of Amazon Linux 2 are those of 1.32.
  if (image.amiType.startsWith("AL2_") && Number(image.minor.split(".")[1]) > 32) return undefined;
  return eksImageId(region, image.amiType, release.releaseVersion);
}
