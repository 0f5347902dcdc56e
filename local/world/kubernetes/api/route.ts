import { noProcesses, noSuchPath } from "../errors.ts";
import { findResource, NAMESPACES, PODS, type Resource } from "../resources.ts";

/** What a path of the API means. */
export type Route =
  | { readonly kind: "document"; readonly path: string }
  | {
      readonly kind: "resource";
      readonly resource: Resource;
      readonly namespace?: string;
      readonly name?: string;
      readonly subresource?: string;
      /** Served under another group and version than it is stored in. */
      readonly as?: "events.k8s.io/v1";
    };

/** @throws {ApiError} 404 for a resource that is not served, 501 for what needs a running container, 400 for bad percent-encoding. */
export function routeOf(path: string): Route {
  const parts = path
    .split("/")
    .filter((p) => p !== "")
    .map(decode);
  const core = parts[0] === "api";
  const rest = core ? parts.slice(2) : parts.slice(3);
  if (!(core || parts[0] === "apis") || rest.length === 0)
    return { kind: "document", path: `/${parts.join("/")}` };
  const group = core ? "" : (parts[1] ?? "");
  const version = (core ? parts[1] : parts[2]) ?? "";
  return resourceRoute(group, version, rest);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw noSuchPath();
  }
}

function resourceRoute(group: string, version: string, parts: readonly string[]): Route {
  const [first = "", second, third, fourth, fifth] = parts;
  const isNamespaceItself =
    first === "namespaces" &&
    group === "" &&
    (third === undefined || ((third === "status" || third === "finalize") && fourth === undefined));
  if (isNamespaceItself) return found(NAMESPACES, undefined, second, third);
  if (parts.length > 5) throw noSuchPath();
  if (first === "namespaces") return lookUp(group, version, third ?? "", second, fourth, fifth);
  if (parts.length > 3) throw noSuchPath();
  return lookUp(group, version, first, undefined, second, third);
}

function lookUp(
  group: string,
  version: string,
  plural: string,
  namespace: string | undefined,
  name: string | undefined,
  subresource: string | undefined,
): Route {
  if (group === "events.k8s.io" && version === "v1" && plural === "events")
    return {
      ...found(findResource("", "v1", "events"), namespace, name, subresource),
      as: "events.k8s.io/v1",
    };
  return found(findResource(group, version, plural), namespace, name, subresource);
}

/** Subresources that reach into a running container. */
const INTO_PODS: ReadonlySet<string> = new Set([
  "attach",
  "exec",
  "ephemeralcontainers",
  "portforward",
  "proxy",
]);

function found(
  r: Resource | undefined,
  namespace: string | undefined,
  name: string | undefined,
  subresource: string | undefined,
): Extract<Route, { kind: "resource" }> {
  if (!r || (namespace !== undefined && !r.namespaced)) throw noSuchPath();
  if (name !== undefined && r.namespaced && namespace === undefined) throw noSuchPath();
  if (r === PODS && subresource !== undefined && INTO_PODS.has(subresource)) throw noProcesses(subresource);
  if (subresource !== undefined && !r.subresources.includes(subresource)) throw noSuchPath();
  return {
    kind: "resource",
    resource: r,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}
