import type { KubeObject } from "../../kubernetes-contract.ts";
import type { Resource } from "../resources.ts";
import { type Column, columnsOf } from "./columns.ts";

/** `Accept: application/json;as=Table;v=v1;g=meta.k8s.io`: kubectl prints what the server lays out. */
export const wantsTable = (accept: string): boolean =>
  accept.includes("as=Table") && accept.includes("v=v1;");

export interface TableOptions {
  /** What comes with each row: its metadata (the default), the whole object, or nothing. */
  readonly include: string;
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
}

function rowOf(columns: readonly Column[], object: KubeObject, options: TableOptions): object {
  return {
    cells: columns.map((c) => c.cell(object, options.now)),
    ...(options.include === "None"
      ? {}
      : { object: options.include === "Object" ? object : partial(object) }),
  };
}

const partial = (object: KubeObject): object => ({
  kind: "PartialObjectMetadata",
  apiVersion: "meta.k8s.io/v1",
  metadata: object.metadata,
});

export function tableOf(
  r: Resource,
  objects: readonly KubeObject[],
  metadata: object,
  options: TableOptions,
): object {
  const columns = columnsOf(r);
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: columns.map((c) => ({
      name: c.name,
      type: c.type ?? "string",
      format: c.name === "Name" ? "name" : "",
      description: c.name,
      priority: c.wide ? 1 : 0,
    })),
    rows: objects.map((o) => rowOf(columns, o, options)),
  };
}
