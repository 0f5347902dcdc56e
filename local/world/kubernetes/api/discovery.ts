import { apiVersionOf, RESOURCES, type Resource } from "../resources.ts";

const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

interface SubresourceForm {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly verbs: readonly string[];
}

/** Kind and verbs of what is served below an object. */
function subresourceForm(r: Resource, name: string): SubresourceForm {
  const own = { kind: r.kind, group: r.group, version: r.version };
  switch (name) {
    case "eviction":
      return { kind: "Eviction", group: "policy", version: "v1", verbs: ["create"] };
    case "scale":
      return { kind: "Scale", group: "autoscaling", version: "v1", verbs: ["get", "patch", "update"] };
    case "binding":
      return { kind: "Binding", group: "", version: "v1", verbs: ["create"] };
    case "token":
      return { kind: "TokenRequest", group: "authentication.k8s.io", version: "v1", verbs: ["create"] };
    case "log":
      return { ...own, verbs: ["get"] };
    case "finalize":
      return { ...own, verbs: ["update"] };
    default:
      return { ...own, verbs: ["get", "patch", "update"] };
  }
}

const groupVersions = (): Map<string, Resource[]> => {
  const map = new Map<string, Resource[]>();
  for (const r of RESOURCES) map.set(apiVersionOf(r), [...(map.get(apiVersionOf(r)) ?? []), r]);
  return map;
};

const BY_VERSION = groupVersions();

/** Events are stored once and served under both groups. */
const EVENTS_V1 = "events.k8s.io/v1";

const kindsOf = (groupVersion: string): readonly Resource[] =>
  groupVersion === EVENTS_V1
    ? [{ ...RESOURCES.find((r) => r.id === "events"), group: "events.k8s.io" } as Resource]
    : (BY_VERSION.get(groupVersion) ?? []);

export const groupVersionNames = (): string[] => [...BY_VERSION.keys(), EVENTS_V1];

const groupNames = (): string[] => groupVersionNames().filter((gv) => gv !== "v1");

/** `/api/v1`, `/apis/apps/v1`: the resources of one version; undefined when it is not served. */
export function resourceList(groupVersion: string): object | undefined {
  const kinds = kindsOf(groupVersion);
  if (kinds.length === 0) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion,
    resources: kinds.flatMap((r) => [
      {
        name: r.plural,
        singularName: r.kind.toLowerCase(),
        namespaced: r.namespaced,
        kind: r.kind,
        verbs: VERBS,
        ...(r.shortNames.length > 0 ? { shortNames: r.shortNames } : {}),
        ...(r.categories.length > 0 ? { categories: r.categories } : {}),
      },
      ...r.subresources.map((name) => {
        const form = subresourceForm(r, name);
        const other = form.group !== r.group || form.version !== r.version;
        return {
          name: `${r.plural}/${name}`,
          singularName: "",
          namespaced: r.namespaced,
          ...(other ? { group: form.group, version: form.version } : {}),
          kind: form.kind,
          verbs: form.verbs,
        };
      }),
    ]),
  };
}

/** `/api`. */
export const coreVersions = (): object => ({
  kind: "APIVersions",
  versions: ["v1"],
  serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: "127.0.0.1:443" }],
});

const groupOf = (groupVersion: string): object => {
  const [name = "", version = ""] = groupVersion.split("/");
  const entry = { groupVersion, version };
  return { name, versions: [entry], preferredVersion: entry };
};

/** `/apis`. */
export const groupList = (): object => ({
  kind: "APIGroupList",
  apiVersion: "v1",
  groups: groupNames().map(groupOf),
});

/** `/apis/apps`. */
export function group(name: string): object | undefined {
  const groupVersion = groupNames().find((gv) => gv.startsWith(`${name}/`));
  return groupVersion ? { kind: "APIGroup", apiVersion: "v1", ...groupOf(groupVersion) } : undefined;
}

export const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

export const wantsAggregated = (accept: string): boolean =>
  accept.includes("as=APIGroupDiscoveryList") &&
  accept.includes("v=v2;") &&
  accept.includes("apidiscovery.k8s.io");

/** Everything below `/api` or `/apis` in one answer. */
export function aggregated(root: "/api" | "/apis"): object {
  const versions = root === "/api" ? ["v1"] : groupNames();
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: versions.map((groupVersion) => {
      const [first = "", second] = groupVersion.split("/");
      return {
        metadata: second === undefined ? {} : { name: first },
        versions: [
          {
            version: second ?? first,
            freshness: "Current",
            resources: kindsOf(groupVersion).map(discovered),
          },
        ],
      };
    }),
  };
}

function discovered(r: Resource): object {
  const scope = r.namespaced ? "Namespaced" : "Cluster";
  const kind = (k: string, g: string, v: string) => ({ group: g, version: v, kind: k });
  return {
    resource: r.plural,
    responseKind: kind(r.kind, r.group, r.version),
    scope,
    singularResource: r.kind.toLowerCase(),
    verbs: VERBS,
    ...(r.shortNames.length > 0 ? { shortNames: r.shortNames } : {}),
    ...(r.categories.length > 0 ? { categories: r.categories } : {}),
    ...(r.subresources.length > 0
      ? {
          subresources: r.subresources.map((name) => {
            const form = subresourceForm(r, name);
            return {
              subresource: name,
              responseKind: kind(form.kind, form.group, form.version),
              verbs: form.verbs,
            };
          }),
        }
      : {}),
  };
}
