import type { WireRequest, WireResponse } from "../../../aws/contract.ts";
import type { Cluster } from "../cluster.ts";
import {
  AGGREGATED,
  aggregated,
  coreVersions,
  group,
  groupList,
  resourceList,
  wantsAggregated,
} from "./discovery.ts";
import { openApiDocument, openApiIndex } from "./openapi.ts";
import { json } from "./respond.ts";

const plain = (body: string): WireResponse => ({
  status: 200,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: new TextEncoder().encode(body),
});

/** `/version`. EKS marks its builds: `v1.33.5-eks-3abbec1`, minor `33+`. */
export function versionInfo(version: string): object {
  const [major = "1", minor = "0"] = version.split(".");
  return {
    major,
    minor: `${minor}+`,
    emulationMajor: major,
    emulationMinor: minor,
    gitVersion: `v${major}.${minor}.4-eks-3abbec1`,
    gitCommit: "0000000000000000000000000000000000000000",
    gitTreeState: "clean",
    buildDate: "2026-10-01T00:00:00Z",
    goVersion: "go1.25.3",
    compiler: "gc",
    platform: "linux/amd64",
  };
}

/** What the API server answers outside of its resources; undefined for a path that it does not know. */
export function documentAt(cluster: Cluster, path: string, request: WireRequest): WireResponse | undefined {
  const accept = request.headers.accept ?? "";
  switch (path) {
    case "/version":
      return json(200, versionInfo(cluster.document.version));
    case "/healthz":
    case "/livez":
    case "/readyz":
      return plain("ok");
    case "/api":
    case "/apis":
      if (wantsAggregated(accept)) return json(200, aggregated(path), { "content-type": AGGREGATED });
      return json(200, path === "/api" ? coreVersions() : groupList());
    case "/openapi/v3":
      return json(200, openApiIndex());
    default:
      return deeper(path);
  }
}

function deeper(path: string): WireResponse | undefined {
  const parts = path.split("/").slice(1);
  const [first, second = "", third, fourth, fifth] = parts;
  const found =
    first === "api" && parts.length === 2
      ? resourceList(second)
      : first === "apis" && parts.length === 2
        ? group(second)
        : first === "apis" && parts.length === 3
          ? resourceList(`${second}/${third ?? ""}`)
          : first === "openapi" && second === "v3" && third === "api" && fourth && parts.length === 4
            ? openApiDocument(fourth)
            : first === "openapi" && second === "v3" && third === "apis" && parts.length === 5
              ? openApiDocument(`${fourth ?? ""}/${fifth ?? ""}`)
              : undefined;
  return found ? json(200, found) : undefined;
}
