import { parse } from "yaml";
import type { AddonData, AddonReleaseData } from "../catalogue/addon-data.ts";
import { addonSchema, schemaProblems } from "../catalogue/addon-schemas.ts";
import { defaultRelease, findAddon, findRelease, supportsMinor } from "../catalogue/addons.ts";
import { minorNumber } from "../catalogue/versions.ts";
import type { ClusterDoc } from "./documents.ts";
import { invalidParameter } from "./errors.ts";

/** What CreateAddon and UpdateAddon ask for, checked against the catalogue. */

export function checkAddon(cluster: ClusterDoc, name: string): AddonData {
  const addon = findAddon(name);
  if (!addon)
    throw invalidParameter("Addon specified is not supported", {
      clusterName: cluster.name,
      addonName: name,
    });
  return addon;
}

/** The release asked for when it supports the cluster's version; EKS's default without one. */
export function checkAddonVersion(
  cluster: ClusterDoc,
  addon: AddonData,
  version: string | undefined,
): AddonReleaseData {
  const members = { clusterName: cluster.name, addonName: addon.name };
  const release =
    version === undefined ? defaultRelease(addon, cluster.body.version) : findRelease(addon, version);
  if (!release || !supportsMinor(release, minorNumber(cluster.body.version)))
    throw invalidParameter(
      version === undefined
        ? `Addon ${addon.name} is not supported in ${cluster.body.version} kubernetes version`
        : "Addon version specified is not supported",
      members,
    );
  return release;
}

/** The configuration values as an object; refused when they are no YAML or JSON, or do not fit the schema. */
export function parseValues(addonName: string, values: string | undefined): Record<string, unknown> {
  if (values === undefined || values.trim() === "") return {};
  let parsed: unknown;
  try {
    parsed = parse(values, { maxAliasCount: 10 });
  } catch {
    throw invalidParameter(
      "ConfigurationValue provided in request is not supported: it is neither valid JSON nor valid YAML",
      { addonName },
    );
  }
  const problems = schemaProblems(addonSchema(addonName), parsed ?? {});
  if (problems.length > 0)
    throw invalidParameter(
      `ConfigurationValue provided in request is not supported: Json schema validation failed with error: [${problems.join(", ")}]`,
      { addonName },
    );
  return (parsed ?? {}) as Record<string, unknown>;
}
