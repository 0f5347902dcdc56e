import { adoptedConfig } from "../adopt/config.ts";
import { parseClusterConfig } from "../cluster-config/parse.ts";
import type { ClusterConfig } from "../cluster-config/schema.ts";
import { InvalidInputError } from "../errors.ts";
import type { LiveState } from "../reconcile/live.ts";
import { put } from "./baseline.ts";

type Node = Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `managedNodeGroups[workers].labels.a.b/c`: list, name in it, and the rest. */
const IN_LIST = /^([\w.]+)\[([^\]]*)\](?:\.(.+))?$/;

/** Lists of a ClusterConfig: what an element is called in fields of differences. */
const NAME_OF: Readonly<Record<string, (element: Node) => string>> = {
  managedNodeGroups: ({ name }) => String(name),
  addons: ({ name }) => String(name),
  fargateProfiles: ({ name }) => String(name),
  capabilities: ({ name }) => String(name),
  "iam.podIdentityAssociations": ({ namespace, serviceAccountName }) => `${namespace}/${serviceAccountName}`,
  "accessConfig.accessEntries": ({ principalARN }) => String(principalARN).split(":").slice(5).join(":"),
};

const DEFAULT_ADDONS = ["vpc-cni", "kube-proxy", "coredns"];

const refused = (field: string, message: string): InvalidInputError =>
  new InvalidInputError(
    [{ field, message, remedy: "Change the file and apply it, or change the cluster back." }],
    "drift",
  );

/**
 * The desired state with the actual value of one field in it. The cluster is as EKS tells it now, so that what is
 * accepted is what is there. Throws InvalidInputError for a field that a ClusterConfig cannot take over, and when
 * the file would not be a valid one with it.
 */
export function accepted(
  config: ClusterConfig,
  field: string,
  live: LiveState,
  isOwnRole: (arn: string) => boolean,
): ClusterConfig {
  const actual = adoptedConfig({ live, isOwnRole }).config as unknown as Node;
  const file = config as unknown as Node;
  return parseClusterConfig(
    IN_LIST.test(field) ? element(file, actual, field, live) : setting(file, actual, field, live),
  );
}

const get = (node: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (isNode(value) ? value[key] : undefined), node);

/** The file with a value, or without the member where there is none. */
function set(node: Node, path: readonly string[], value: unknown): Node {
  if (value !== undefined) return put(node, path, value);
  const [key = "", ...rest] = path;
  if (rest.length > 0) {
    const child = node[key];
    return isNode(child) ? { ...node, [key]: set(child, rest, undefined) } : node;
  }
  const { [key]: _, ...others } = node;
  return others;
}

/** Maps whose keys may have dots in them. */
const MAPS = /^(metadata\.tags|tags|labels)\.(.+)$/;
const pathOf = (field: string): string[] => {
  const [, map, key] = MAPS.exec(field) ?? [];
  return map && key ? [...map.split("."), key] : field.split(".");
};

function setting(file: Node, actual: Node, field: string, live: LiveState): Node {
  if (field === "metadata.version") return set(file, ["metadata", "version"], live.cluster.version);
  const path = pathOf(field);
  const value = get(actual, path);
  const [section = ""] = path;
  if (value === undefined && section !== "metadata" && actual[section] === undefined)
    throw refused(field, "cannot be said in a ClusterConfig as it is now");
  return set(file, path, value);
}

function element(file: Node, actual: Node, field: string, live: LiveState): Node {
  const [, list = "", name = "", rest] = IN_LIST.exec(field) ?? [];
  const nameOf = NAME_OF[list];
  if (!nameOf) throw refused(field, "cannot be taken over into the file");
  const path = list.split(".");
  const elements = (get(file, path) ?? []) as readonly Node[];
  const mine = elements.find((each) => nameOf(each) === name);
  const found = ((get(actual, path) ?? []) as readonly Node[]).find((each) => nameOf(each) === name);
  // What the file leaves open it goes on leaving open: the baseline follows.
  if (list === "addons" && ((!mine && !found) || (rest === "version" && mine?.version === undefined)))
    return file;
  if (rest === undefined || !found || !mine) {
    if (mine && !found) return without(file, path, elements, mine, live);
    if (!found) throw refused(field, "is not there any more");
    if (rest === undefined || !mine)
      return put(file, path, [...elements.filter((each) => each !== mine), found]);
  }
  if (rest === undefined || rest === "status") throw refused(field, "is a state, not a setting");
  const changed =
    list === "addons" && rest === "version" ? addonVersion(mine, name, live) : member(mine, found, rest);
  return put(
    file,
    path,
    elements.map((each) => (each === mine ? changed : each)),
  );
}

function addonVersion(addon: Node, name: string, live: LiveState): Node {
  return { ...addon, version: live.addons.find((each) => each.name === name)?.version };
}

/** Gone from the cluster, so gone from the file; an add-on that comes by default must be turned off. */
function without(
  file: Node,
  path: readonly string[],
  elements: readonly Node[],
  mine: Node,
  live: LiveState,
): Node {
  const left = put(
    file,
    path,
    elements.filter((each) => each !== mine),
  );
  return path[0] === "addons" && DEFAULT_ADDONS.includes(String(mine.name)) ? noDefaults(left, live) : left;
}

function noDefaults(file: Node, live: LiveState): Node {
  const listed = (file.addons ?? []) as readonly Node[];
  const others = live.addons
    .filter(({ name }) => DEFAULT_ADDONS.includes(name) && !listed.some((addon) => addon.name === name))
    .map(({ name }) => ({ name }));
  return put({ ...file, addons: [...listed, ...others] }, ["addonsConfig", "disableDefaultAddons"], true);
}

const BOUNDS = new Set(["minSize", "maxSize", "desiredCapacity"]);
/** Members of which the file has one or the other. */
const INSTEAD: Readonly<Record<string, string>> = {
  instanceTypes: "instanceType",
  instanceType: "instanceTypes",
};

function member(mine: Node, found: Node, rest: string): Node {
  const path = pathOf(rest);
  const [first = ""] = path;
  // `accessPolicies[...]`: the list as it is.
  const key = first.replace(/\[.*$/s, "");
  const full = path.length === 2 && MAPS.test(rest) ? path : [key];
  const source = INSTEAD[key] && found[key] === undefined ? [INSTEAD[key]] : full;
  const changed = set(mine, source, get(found, source));
  const { [INSTEAD[source[0] ?? ""] ?? ""]: _, ...clean } = changed;
  if (!BOUNDS.has(key) || typeof mine.desiredCapacity !== "number") return clean;
  const low = typeof clean.minSize === "number" ? clean.minSize : mine.desiredCapacity;
  const high = typeof clean.maxSize === "number" ? clean.maxSize : mine.desiredCapacity;
  // Bounds that leave the size of the file outside take it with them.
  return { ...clean, desiredCapacity: Math.min(Math.max(Number(clean.desiredCapacity), low), high) };
}
