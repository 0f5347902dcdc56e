import type { AddonInfo } from "@aws-sdk/client-eks";
import { type AddonData, addonData } from "../catalogue/addon-data.ts";
import { addonSchema } from "../catalogue/addon-schemas.ts";
import { defaultRelease, findAddon, findRelease, supportsMinor } from "../catalogue/addons.ts";
import { kubernetesVersions, minorNumber } from "../catalogue/versions.ts";
import { type EksHandlers, need } from "./context.ts";
import { invalidParameter, notFound } from "./errors.ts";
import { page } from "./paging.ts";

/** DescribeAddonVersions and DescribeAddonConfiguration: what the catalogue offers. */

function render(addon: AddonData, minors: readonly string[]): AddonInfo {
  const addonVersions = addon.releases.flatMap((release) => {
    const compatibilities = minors
      .filter((minor) => supportsMinor(release, minorNumber(minor)))
      .map((minor) => ({
        clusterVersion: minor,
        platformVersions: ["*"],
        defaultVersion: defaultRelease(addon, minor) === release,
      }));
    if (compatibilities.length === 0) return [];
    return [
      {
        addonVersion: release.version,
        architecture: [...addon.architecture],
        computeTypes: [...addon.computeTypes],
        compatibilities,
        requiresConfiguration: false,
        requiresIamPermissions: addon.requiresIamPermissions,
      },
    ];
  });
  return {
    addonName: addon.name,
    type: addon.type,
    addonVersions,
    publisher: "eks",
    owner: "aws",
    defaultNamespace: addon.namespace,
  };
}

const wants = (filter: readonly string[] | undefined, value: string): boolean =>
  !filter || filter.length === 0 || filter.includes(value);

export const addonCatalogueHandlers = {
  /** Versions newest first, cluster versions newest first within each. */
  DescribeAddonVersions(input) {
    const all = kubernetesVersions.map((entry) => entry.version).reverse();
    if (input.kubernetesVersion !== undefined && !all.includes(input.kubernetesVersion))
      throw invalidParameter(`unsupported Kubernetes version ${input.kubernetesVersion}`);
    const minors = input.kubernetesVersion === undefined ? all : [input.kubernetesVersion];
    if (input.addonName !== undefined && !findAddon(input.addonName))
      throw notFound(`No addon versions found for addon name: ${input.addonName}`, {
        addonName: input.addonName,
      });
    const found = addonData
      .filter((addon) => input.addonName === undefined || addon.name === input.addonName)
      .filter(
        (addon) =>
          wants(input.types, addon.type) && wants(input.publishers, "eks") && wants(input.owners, "aws"),
      )
      .map((addon) => render(addon, minors))
      .filter((info) => (info.addonVersions ?? []).length > 0);
    const { items, nextToken } = page(found, input);
    return { addons: items, nextToken };
  },

  DescribeAddonConfiguration(input) {
    const name = need(input.addonName, "addonName");
    const version = need(input.addonVersion, "addonVersion");
    const addon = findAddon(name);
    if (!addon || !findRelease(addon, version))
      throw notFound(`No addon configuration found for addon ${name} version ${version}`, {
        addonName: name,
      });
    return {
      addonName: name,
      addonVersion: version,
      configurationSchema: JSON.stringify(addonSchema(name)),
      ...(addon.podIdentity
        ? {
            podIdentityConfiguration: addon.podIdentity.map(({ serviceAccount, policies }) => ({
              serviceAccount,
              recommendedManagedPolicies: [...policies],
            })),
          }
        : {}),
    };
  },
} satisfies EksHandlers;
