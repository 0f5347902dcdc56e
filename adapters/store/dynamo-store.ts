import { type ClusterRef, parseClusterKey } from "../../core/cluster-ref.ts";
import { RetryableError } from "../../core/errors.ts";
import type { Lease, Operation, OperationEvent } from "../../core/operation/types.ts";
import type {
  ClusterRecord,
  NewOperationEvent,
  Page,
  Probe,
  Store,
  StoredDocument,
} from "../../core/ports/store.ts";
import { createSend, type Send } from "../aws/operations/client.ts";
import { perRuntime } from "../system-runtime.ts";
import {
  clusterBusy,
  generationConflict,
  operationExists,
  operationNotFound,
  revisionConflict,
} from "./conflicts.ts";
import * as keys from "./keys.ts";
import { type Item, Table } from "./table-access.ts";

const toDocument = (item: Item): StoredDocument => ({
  name: item.SK as string,
  value: item.record,
  revision: item.revision as number,
});

type OperationQuery = Parameters<Store["listOperations"]>[0];

/** Writers of one record or log that may be first before we give up: each try loses to one that succeeded. */
const MAX_TRIES = 25;
/** DynamoDB's limit of keys per BatchGetItem. */
const BATCH = 100;

/** Slipway's store, one per runtime: over its DynamoDB table unless the runtime brings another. */
export const storeOf = perRuntime((runtime): Store => {
  if (runtime.store) return runtime.store;
  return new DynamoStore(createSend(runtime.aws), runtime.config.table);
});

export class DynamoStore implements Store {
  readonly #table: Table;
  /** The last sequence number seen per operation: saves the query before most appends. */
  readonly #lastSeq = new Map<string, number>();

  constructor(send: Send, table: string) {
    this.#table = new Table(send, table);
  }

  async getCluster(ref: ClusterRef): Promise<ClusterRecord | undefined> {
    return (await this.#table.get(keys.clusterPartition(ref), keys.CLUSTER))?.record as
      | ClusterRecord
      | undefined;
  }

  async findClusters(name: string): Promise<readonly ClusterRecord[]> {
    const items = await this.#table.queryAll({
      IndexName: "GSI1",
      KeyConditionExpression: "GSI1PK = :pk AND begins_with(GSI1SK, :name)",
      ExpressionAttributeValues: { ":pk": keys.CLUSTERS, ":name": `${name}#` },
    });
    return items.map((item) => item.record as ClusterRecord);
  }

  async listClusters(page: { limit: number; nextToken?: string }): Promise<Page<ClusterRecord>> {
    const after = keys.decodeCursor(page.nextToken);
    const items = await this.#table.queryUpTo(page.limit + 1, {
      IndexName: "GSI1",
      KeyConditionExpression: after === undefined ? "GSI1PK = :pk" : "GSI1PK = :pk AND GSI1SK > :after",
      ExpressionAttributeValues: {
        ":pk": keys.CLUSTERS,
        ...(after === undefined ? {} : { ":after": after }),
      },
    });
    return toPage(
      items,
      page.limit,
      (item) => item.record as ClusterRecord,
      (item) => item.GSI1SK as string,
    );
  }

  async putCluster(record: ClusterRecord): Promise<void> {
    const previous = record.generation - 1;
    const written = await this.#table.put(
      {
        PK: keys.clusterPartition(record.ref),
        SK: keys.CLUSTER,
        GSI1PK: keys.CLUSTERS,
        GSI1SK: `${record.ref.name}#${keys.clusterPartition(record.ref)}`,
        generation: record.generation,
        record,
      },
      previous === 0
        ? { ConditionExpression: "attribute_not_exists(PK)" }
        : {
            ConditionExpression: "generation = :previous",
            ExpressionAttributeValues: { ":previous": previous },
          },
    );
    if (written) return;
    // A repeat after a lost answer meets its own write: that is success, not a conflict.
    const stored = await this.getCluster(record.ref);
    if (stored?.generation === record.generation && stored.updatedAt === record.updatedAt) return;
    throw generationConflict(record.ref, record.generation);
  }

  async deleteCluster(ref: ClusterRef): Promise<void> {
    await this.#table.delete(keys.clusterPartition(ref), keys.CLUSTER);
  }

  async createOperation(operation: Operation): Promise<void> {
    // The entry below the cluster first: one without its operation is skipped by readers, while an operation
    // without its entry would be missing from the cluster's list for ever.
    await this.#table.put({
      PK: keys.clusterPartition(operation.cluster),
      SK: keys.operationPartition(operation.id),
      operationId: operation.id,
    });
    const created = await this.#table.put(operationItem(operation), {
      ConditionExpression: "attribute_not_exists(PK)",
    });
    if (!created) throw operationExists(operation.id);
  }

  async getOperation(id: string): Promise<Operation | undefined> {
    return (await this.#table.get(keys.operationPartition(id), keys.OPERATION))?.record as
      | Operation
      | undefined;
  }

  async updateOperation(
    id: string,
    change: (current: Operation) => Operation | undefined,
  ): Promise<Operation> {
    // writer A   read r7 ─────────────── put if r7 ✓ (r8)
    // writer B         read r7 ─────────────── put if r7 ✗ ── read r8 ── change again ── put if r8 ✓
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const current = await this.getOperation(id);
      if (!current) throw operationNotFound(id);
      const changed = change(current);
      if (!changed) return current;
      const next = { ...changed, revision: current.revision + 1 };
      const written = await this.#table.put(operationItem(next), {
        ConditionExpression: "revision = :read",
        ExpressionAttributeValues: { ":read": current.revision },
      });
      if (written) return next;
    }
    throw revisionConflict(id);
  }

  async listOperations(query: OperationQuery): Promise<Page<Operation>> {
    const before = keys.decodeCursor(query.nextToken);
    const found = query.cluster
      ? await this.#operationsOf(query.cluster, query, before)
      : await this.#operationsOfAll(query, before);
    return toPage(
      found,
      query.limit,
      (operation) => operation,
      (operation) => operation.id,
    );
  }

  async appendEvent(operationId: string, event: NewOperationEvent): Promise<OperationEvent> {
    // The log is contiguous because an entry is written only at (last known + 1) and only if that is free:
    //
    //   task A   last = 4 ── put 5 if absent ✓
    //   task B   last = 4 ──────────── put 5 if absent ✗ ── last = 5 ── put 6 if absent ✓
    //
    // A remembered number may be behind (then the condition fails) but never ahead of the log.
    let last = this.#lastSeq.get(operationId) ?? (await this.#readLastSeq(operationId));
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const stored: OperationEvent = { ...event, seq: last + 1 };
      const written = await this.#table.put(
        { PK: keys.operationPartition(operationId), SK: keys.eventKey(stored.seq), record: stored },
        { ConditionExpression: "attribute_not_exists(PK)" },
      );
      if (written) {
        this.#remember(operationId, stored.seq);
        return stored;
      }
      last = Math.max(last + 1, await this.#readLastSeq(operationId));
    }
    throw new RetryableError(`the log of ${operationId} has too many writers`, { code: "EventLogConflict" });
  }

  async listEvents(operationId: string, after: number, limit: number): Promise<readonly OperationEvent[]> {
    const items = await this.#table.queryUpTo(limit, {
      KeyConditionExpression: "PK = :pk AND SK BETWEEN :first AND :last",
      ExpressionAttributeValues: {
        ":pk": keys.operationPartition(operationId),
        ":first": keys.eventKey(after + 1),
        ":last": keys.eventKey(9_999_999_999),
      },
      ConsistentRead: true,
    });
    return items.map((item) => item.record as OperationEvent);
  }

  async acquireLease(ref: ClusterRef, lease: Lease): Promise<void> {
    // first    put if free or mine ✓ ───────────────────────── release
    // second          put if free or mine ✗ ── read who holds it ── ClusterBusy
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const taken = await this.#table.put(
        {
          PK: keys.clusterPartition(ref),
          SK: keys.LEASE,
          GSI1PK: keys.LEASES,
          GSI1SK: keys.clusterPartition(ref),
          operationId: lease.operationId,
          record: lease,
        },
        {
          ConditionExpression: "attribute_not_exists(PK) OR operationId = :me",
          ExpressionAttributeValues: { ":me": lease.operationId },
        },
      );
      if (taken) return;
      const held = await this.getLease(ref);
      // Released between the two calls: try again.
      if (held && held.operationId !== lease.operationId) throw clusterBusy(ref, held);
    }
    throw revisionConflict(lease.operationId);
  }

  async getLease(ref: ClusterRef): Promise<Lease | undefined> {
    return (await this.#table.get(keys.clusterPartition(ref), keys.LEASE))?.record as Lease | undefined;
  }

  async releaseLease(ref: ClusterRef, operationId: string): Promise<void> {
    await this.#table.delete(keys.clusterPartition(ref), keys.LEASE, {
      ConditionExpression: "operationId = :me",
      ExpressionAttributeValues: { ":me": operationId },
    });
  }

  async listLeases(): Promise<readonly { readonly ref: ClusterRef; readonly lease: Lease }[]> {
    const items = await this.#table.queryAll({
      IndexName: "GSI1",
      KeyConditionExpression: "GSI1PK = :pk",
      ExpressionAttributeValues: { ":pk": keys.LEASES },
    });
    return items.flatMap((item) => {
      const ref = parseClusterKey(String(item.PK).slice("CLUSTER#".length));
      return ref ? [{ ref, lease: item.record as Lease }] : [];
    });
  }

  async putTaskToken(operationId: string, token: string): Promise<void> {
    await this.#table.put({ PK: keys.operationPartition(operationId), SK: keys.tokenKey(token), token });
  }

  async takeTaskTokens(operationId: string): Promise<readonly string[]> {
    const PK = keys.operationPartition(operationId);
    const items = await this.#table.queryAll({
      KeyConditionExpression: "PK = :pk AND begins_with(SK, :token)",
      ExpressionAttributeValues: { ":pk": PK, ":token": keys.TOKEN },
      ConsistentRead: true,
    });
    const tokens: string[] = [];
    for (const { SK } of items) {
      // Whoever deletes it has it; another taker gets nothing.
      const taken = await this.#table.delete(PK, SK as string);
      if (taken) tokens.push(taken.token as string);
    }
    return tokens.sort();
  }

  async rememberRequest(key: string, operationId: string, expiresAt: number): Promise<string | undefined> {
    const first = await this.#table.put(
      { PK: `REQUEST#${key}`, SK: keys.REQUEST, operationId, ttl: Math.ceil(expiresAt / 1000) },
      { ConditionExpression: "attribute_not_exists(PK)" },
    );
    if (first) return undefined;
    return (await this.#table.get(`REQUEST#${key}`, keys.REQUEST))?.operationId as string | undefined;
  }

  async getDocument(collection: string, name: string): Promise<StoredDocument | undefined> {
    const item = await this.#table.get(keys.documentPartition(collection), name);
    return item && toDocument(item);
  }

  async updateDocument(
    collection: string,
    name: string,
    change: Parameters<Store["updateDocument"]>[2],
  ): Promise<StoredDocument | undefined> {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const current = await this.getDocument(collection, name);
      const changed = change(current?.value);
      if (!changed) return current;
      const next = { name, value: changed.value, revision: (current?.revision ?? 0) + 1 };
      const written = await this.#table.put(
        {
          PK: keys.documentPartition(collection),
          SK: name,
          record: next.value,
          revision: next.revision,
          ...(changed.expiresAt === undefined ? {} : { ttl: Math.ceil(changed.expiresAt / 1000) }),
        },
        current
          ? {
              ConditionExpression: "revision = :read",
              ExpressionAttributeValues: { ":read": current.revision },
            }
          : { ConditionExpression: "attribute_not_exists(PK)" },
      );
      if (written) return next;
    }
    throw revisionConflict(`${collection}/${name}`);
  }

  async deleteDocument(collection: string, name: string): Promise<void> {
    await this.#table.delete(keys.documentPartition(collection), name);
  }

  async listDocuments(
    collection: string,
    page: { limit: number; nextToken?: string },
  ): Promise<Page<StoredDocument>> {
    const after = keys.decodeCursor(page.nextToken);
    const items = await this.#table.queryUpTo(page.limit + 1, {
      KeyConditionExpression: after === undefined ? "PK = :pk" : "PK = :pk AND SK > :after",
      ExpressionAttributeValues: {
        ":pk": keys.documentPartition(collection),
        ...(after === undefined ? {} : { ":after": after }),
      },
      ConsistentRead: true,
    });
    return toPage(items, page.limit, toDocument, (item) => item.SK as string);
  }

  claim(key: string, expiresAt: number): Promise<boolean> {
    return this.#table
      .put(
        { PK: keys.claimPartition(key), SK: keys.CLAIM, ttl: Math.ceil(expiresAt / 1000) },
        { ConditionExpression: "attribute_not_exists(PK)" },
      )
      .then(Boolean);
  }

  async putProbe(probe: Probe, expiresAt: number): Promise<void> {
    await this.#table.put({
      PK: keys.probePartition(probe.id),
      SK: keys.PROBE,
      record: probe,
      ttl: Math.ceil(expiresAt / 1000),
    });
  }

  async getProbe(id: string): Promise<Probe | undefined> {
    return (await this.#table.get(keys.probePartition(id), keys.PROBE))?.record as Probe | undefined;
  }

  async #operationsOf(ref: ClusterRef, query: OperationQuery, before: string | undefined) {
    const found: Operation[] = [];
    let cursor = before;
    while (found.length <= query.limit) {
      // BETWEEN includes its bounds: one more, so that a page is full without the entry of the cursor itself.
      const entries = await this.#table.queryUpTo(Math.min(BATCH, query.limit + 2), {
        KeyConditionExpression: "PK = :pk AND SK BETWEEN :first AND :before",
        ExpressionAttributeValues: {
          ":pk": keys.clusterPartition(ref),
          ":first": "OP#",
          ":before": keys.operationPartition(cursor ?? "~"),
        },
        ScanIndexForward: false,
        ConsistentRead: true,
      });
      const ids = entries.map((entry) => entry.operationId as string).filter((id) => id !== cursor);
      if (ids.length === 0) break;
      found.push(
        ...(await this.#operationsById(ids)).filter((o) => !query.status || o.status === query.status),
      );
      cursor = ids.at(-1);
    }
    return found;
  }

  async #operationsById(ids: readonly string[]): Promise<Operation[]> {
    const items = await this.#table.getMany(
      ids.map((id) => ({ PK: keys.operationPartition(id), SK: keys.OPERATION })),
    );
    const byId = new Map(items.map((item) => [(item.record as Operation).id, item.record as Operation]));
    return ids.flatMap((id) => byId.get(id) ?? []);
  }

  async #operationsOfAll(query: OperationQuery, before: string | undefined): Promise<Operation[]> {
    const partitions = query.status
      ? [keys.operationIndex(query.status)]
      : [keys.ACTIVE_OPERATIONS, keys.ENDED_OPERATIONS];
    const rows = await Promise.all(
      partitions.map((pk) =>
        this.#table.queryUpTo(query.limit + 1, {
          IndexName: "GSI1",
          KeyConditionExpression: before === undefined ? "GSI1PK = :pk" : "GSI1PK = :pk AND GSI1SK < :before",
          ExpressionAttributeValues: {
            ":pk": pk,
            ...(before === undefined ? {} : { ":before": before }),
            ...(query.status ? { ":status": query.status } : {}),
          },
          ...(query.status
            ? { FilterExpression: "#status = :status", ExpressionAttributeNames: { "#status": "status" } }
            : {}),
          ScanIndexForward: false,
        }),
      ),
    );
    return rows
      .flat()
      .map((item) => item.record as Operation)
      .sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  async #readLastSeq(operationId: string): Promise<number> {
    const [last] = await this.#table.queryUpTo(1, {
      KeyConditionExpression: "PK = :pk AND begins_with(SK, :event)",
      ExpressionAttributeValues: { ":pk": keys.operationPartition(operationId), ":event": "EVENT#" },
      ScanIndexForward: false,
      ConsistentRead: true,
    });
    return (last?.record as OperationEvent | undefined)?.seq ?? 0;
  }

  #remember(operationId: string, seq: number): void {
    // A warm function serves many operations over its life: keep the map from growing for ever.
    if (this.#lastSeq.size > 1000) this.#lastSeq.clear();
    this.#lastSeq.set(operationId, seq);
  }
}

const operationItem = (operation: Operation): Item => ({
  PK: keys.operationPartition(operation.id),
  SK: keys.OPERATION,
  GSI1PK: keys.operationIndex(operation.status),
  GSI1SK: operation.id,
  revision: operation.revision,
  status: operation.status,
  record: operation,
});

function toPage<T, R>(
  items: readonly T[],
  limit: number,
  value: (item: T) => R,
  cursor: (item: T) => string,
): Page<R> {
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(value),
    ...(items.length > limit && last !== undefined ? { nextToken: keys.encodeCursor(cursor(last)) } : {}),
  };
}
