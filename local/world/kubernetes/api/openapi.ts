import { apiVersionOf, RESOURCES, type Resource } from "../resources.ts";
import { groupVersionNames } from "./discovery.ts";

const pathOf = (groupVersion: string): string => (groupVersion === "v1" ? "api/v1" : `apis/${groupVersion}`);

/** `/openapi/v3`: where each version's document is. */
export const openApiIndex = (): object => ({
  paths: Object.fromEntries(
    groupVersionNames().map((gv) => [pathOf(gv), { serverRelativeURL: `/openapi/v3/${pathOf(gv)}?hash=1` }]),
  ),
});

const gvk = (r: Resource) => ({ group: r.group, version: r.version, kind: r.kind });

/**
 * The least document that clients need: which operations know `fieldValidation` and `dryRun` (kubectl asks
 * before it leaves validation to the server), and schemas that allow everything.
 */
export function openApiDocument(groupVersion: string): object | undefined {
  const kinds = RESOURCES.filter((r) => apiVersionOf(r) === groupVersion);
  if (kinds.length === 0) return undefined;
  const parameter = (name: string) => ({ name, in: "query", schema: { type: "string", uniqueItems: true } });
  const item = (r: Resource): [string, object] => {
    const space = r.namespaced ? "namespaces/{namespace}/" : "";
    return [
      `/${pathOf(groupVersion)}/${space}${r.plural}/{name}`,
      {
        patch: {
          operationId: `patch${r.kind}`,
          parameters: ["dryRun", "fieldManager", "fieldValidation", "force"].map(parameter),
          "x-kubernetes-action": "patch",
          "x-kubernetes-group-version-kind": gvk(r),
          responses: { 200: { description: "OK" } },
        },
      },
    ];
  };
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "unversioned" },
    paths: Object.fromEntries(kinds.map(item)),
    components: {
      schemas: Object.fromEntries(
        kinds.map((r) => [
          `io.slipway.${r.kind}`,
          {
            type: "object",
            "x-kubernetes-group-version-kind": [gvk(r)],
            "x-kubernetes-preserve-unknown-fields": true,
          },
        ]),
      ),
    },
  };
}
