import { addonObjects } from "../catalogue/manifests.ts";
import type { KubeObject } from "../kubernetes-contract.ts";
import { parseValues } from "./addon-settings.ts";
import { type EksContext, placeOf } from "./context.ts";
import type { AddonDoc } from "./documents.ts";

/** The add-on's side of the Kubernetes API: install, compare, remove, look at readiness. */

const isWorkload = (object: KubeObject): boolean =>
  object.kind === "Deployment" || object.kind === "DaemonSet";

export const objectsOf = (addon: AddonDoc, version: string, configurationValues?: string): KubeObject[] =>
  addonObjects(
    addon.name,
    version,
    placeOf(addon.cluster).region,
    parseValues(addon.name, configurationValues),
  );

const imagesOf = (object: KubeObject): string => {
  const template = object.spec?.template as { spec?: { containers?: { image?: string }[] } } | undefined;
  return (template?.spec?.containers ?? []).map((container) => container.image).join(" ");
};

/** Fields that somebody else has set otherwise than `expected` says, as the field manager reports them. */
export function conflictsWith(ctx: EksContext, cluster: string, expected: readonly KubeObject[]): string[] {
  return expected.filter(isWorkload).flatMap((object) => {
    const { name, namespace } = object.metadata;
    const live = ctx.kubernetes.get(cluster, object.kind, namespace, name);
    if (!live) return [];
    const fields: string[] = [];
    if (imagesOf(live) !== imagesOf(object)) fields.push(".spec.template.spec.containers[*].image");
    if (object.kind === "Deployment" && live.spec?.replicas !== object.spec?.replicas)
      fields.push(".spec.replicas");
    return fields.map((field) => `${object.kind}.apps ${namespace}/${name} - ${field}`);
  });
}

/** Applies the objects; with `preserve` the replicas that somebody else has set stay. */
export function install(
  ctx: EksContext,
  cluster: string,
  objects: readonly KubeObject[],
  preserve: boolean,
): void {
  for (const object of objects) {
    const live = preserve
      ? ctx.kubernetes.get(cluster, object.kind, object.metadata.namespace, object.metadata.name)
      : undefined;
    const replicas = live?.kind === "Deployment" ? live.spec?.replicas : undefined;
    ctx.kubernetes.apply(
      cluster,
      replicas === undefined ? object : { ...object, spec: { ...object.spec, replicas } },
    );
  }
}

export function uninstall(ctx: EksContext, cluster: string, objects: readonly KubeObject[]): void {
  for (const object of [...objects].reverse())
    if (object.kind !== "Namespace")
      ctx.kubernetes.delete(cluster, object.kind, object.metadata.namespace, object.metadata.name);
}

/** `Deployment/kube-system/coredns` of the deployments that want replicas and have none ready. */
export function deploymentsWithoutReplicas(ctx: EksContext, addon: AddonDoc): string[] {
  const objects = objectsOf(addon, addon.body.addonVersion, addon.body.configurationValues);
  return objects
    .filter((object) => object.kind === "Deployment")
    .filter(({ metadata: { namespace = "default", name } }) => {
      if (!ctx.kubernetes.get(addon.cluster, "Deployment", namespace, name)) return true;
      const { desired, ready } = ctx.kubernetes.readiness(addon.cluster, "Deployment", namespace, name);
      return desired > 0 && ready === 0;
    })
    .map((object) => `${object.kind}/${object.metadata.namespace}/${object.metadata.name}`);
}

export const hasReadyNode = (ctx: EksContext, cluster: string): boolean =>
  ctx.kubernetes.nodeNames(cluster).some((name) => ctx.kubernetes.isNodeReady(cluster, name));
