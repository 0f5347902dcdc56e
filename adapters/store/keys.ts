import { createHash } from "node:crypto";
import { type ClusterRef, clusterKey } from "../../core/cluster-ref.ts";
import { InvalidInputError } from "../../core/errors.ts";
import { ENDED, type OperationStatus } from "../../core/operation/types.ts";

/** Keys of the table; the layout stands in table.ts. */
export const clusterPartition = (ref: ClusterRef): string => `CLUSTER#${clusterKey(ref)}`;
export const operationPartition = (id: string): string => `OP#${id}`;
export const documentPartition = (collection: string): string => `DOC#${collection}`;
export const claimPartition = (key: string): string => `CLAIM#${key}`;
export const probePartition = (id: string): string => `PROBE#${id}`;

export const CLUSTER = "CLUSTER";
export const LEASE = "LEASE";
export const OPERATION = "OPERATION";
export const TOKEN = "TOKEN#";
export const REQUEST = "REQUEST";
export const PROBE = "PROBE";
export const CLAIM = "CLAIM";
export const CLUSTERS = "CLUSTERS";
export const LEASES = "LEASES";
export const ACTIVE_OPERATIONS = "OPS#ACTIVE";
export const ENDED_OPERATIONS = "OPS#ENDED";

/** Sequence numbers are padded so that text order is number order; ten digits outlast any operation. */
export const eventKey = (seq: number): string => `EVENT#${String(seq).padStart(10, "0")}`;

/** A token is longer than a sort key may be. */
export const tokenKey = (token: string): string =>
  `${TOKEN}${createHash("sha256").update(token).digest("hex").slice(0, 32)}`;

export const operationIndex = (status: OperationStatus): string =>
  ENDED.has(status) ? ENDED_OPERATIONS : ACTIVE_OPERATIONS;

/** Page cursors are opaque to callers: base64url of where the page ended. */
export const encodeCursor = (last: string): string => Buffer.from(last, "utf8").toString("base64url");

export function decodeCursor(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const text = Buffer.from(token, "base64url").toString("utf8");
  if (text === "" || encodeCursor(text) !== token)
    throw new InvalidInputError(
      [{ field: "nextToken", message: "is not a token that this API gave" }],
      "query",
    );
  return text;
}
