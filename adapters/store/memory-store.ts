import { type ClusterRef, clusterKey } from "../../core/cluster-ref.ts";
import { copyPlain } from "../../core/copy.ts";
import type { Lease, Operation, OperationEvent } from "../../core/operation/types.ts";
import type {
  ClusterRecord,
  NewOperationEvent,
  Page,
  Probe,
  Store,
  StoredDocument,
} from "../../core/ports/store.ts";
import { clusterBusy, generationConflict, operationExists, operationNotFound } from "./conflicts.ts";
import { decodeCursor, encodeCursor } from "./keys.ts";

/** The store in memory, for unit tests; it passes the same contract suite as the DynamoDB one. */
export class MemoryStore implements Store {
  readonly #clusters = new Map<string, ClusterRecord>();
  readonly #operations = new Map<string, Operation>();
  readonly #events = new Map<string, OperationEvent[]>();
  readonly #leases = new Map<string, { ref: ClusterRef; lease: Lease }>();
  readonly #tokens = new Map<string, Set<string>>();
  readonly #requests = new Map<string, string>();
  readonly #documents = new Map<string, Map<string, StoredDocument>>();
  readonly #claims = new Set<string>();
  readonly #probes = new Map<string, Probe>();

  async getCluster(ref: ClusterRef): Promise<ClusterRecord | undefined> {
    return copyPlain(this.#clusters.get(clusterKey(ref)));
  }

  async findClusters(name: string): Promise<readonly ClusterRecord[]> {
    return this.#sortedClusters().filter((record) => record.ref.name === name);
  }

  async listClusters(page: { limit: number; nextToken?: string }): Promise<Page<ClusterRecord>> {
    const after = decodeCursor(page.nextToken) ?? "";
    const rest = this.#sortedClusters().filter((record) => position(record) > after);
    return toPage(rest, page.limit, position);
  }

  async putCluster(record: ClusterRecord): Promise<void> {
    const stored = this.#clusters.get(clusterKey(record.ref));
    if ((stored?.generation ?? 0) !== record.generation - 1) {
      if (stored?.generation === record.generation && stored.updatedAt === record.updatedAt) return;
      throw generationConflict(record.ref, record.generation);
    }
    this.#clusters.set(clusterKey(record.ref), copyPlain(record));
  }

  async deleteCluster(ref: ClusterRef): Promise<void> {
    this.#clusters.delete(clusterKey(ref));
  }

  async createOperation(operation: Operation): Promise<void> {
    if (this.#operations.has(operation.id)) throw operationExists(operation.id);
    this.#operations.set(operation.id, copyPlain(operation));
  }

  async getOperation(id: string): Promise<Operation | undefined> {
    return copyPlain(this.#operations.get(id));
  }

  async updateOperation(
    id: string,
    change: (current: Operation) => Operation | undefined,
  ): Promise<Operation> {
    const current = this.#operations.get(id);
    if (!current) throw operationNotFound(id);
    const changed = change(copyPlain(current));
    if (!changed) return copyPlain(current);
    const next = copyPlain({ ...changed, revision: current.revision + 1 });
    this.#operations.set(id, next);
    return copyPlain(next);
  }

  async listOperations(query: Parameters<Store["listOperations"]>[0]): Promise<Page<Operation>> {
    const before = decodeCursor(query.nextToken);
    const { cluster, status } = query;
    const found = [...this.#operations.values()]
      .filter((o) => !cluster || clusterKey(o.cluster) === clusterKey(cluster))
      .filter((o) => !status || o.status === status)
      .filter((o) => before === undefined || o.id < before)
      .sort((a, b) => (a.id < b.id ? 1 : -1));
    return toPage(found, query.limit, (operation) => operation.id);
  }

  async appendEvent(operationId: string, event: NewOperationEvent): Promise<OperationEvent> {
    const log = this.#events.get(operationId) ?? [];
    const stored: OperationEvent = copyPlain({ ...event, seq: log.length + 1 });
    log.push(stored);
    this.#events.set(operationId, log);
    return copyPlain(stored);
  }

  async listEvents(operationId: string, after: number, limit: number): Promise<readonly OperationEvent[]> {
    return copyPlain((this.#events.get(operationId) ?? []).slice(after, after + limit));
  }

  async acquireLease(ref: ClusterRef, lease: Lease): Promise<void> {
    const held = this.#leases.get(clusterKey(ref))?.lease;
    if (held && held.operationId !== lease.operationId) throw clusterBusy(ref, held);
    this.#leases.set(clusterKey(ref), copyPlain({ ref, lease }));
  }

  async getLease(ref: ClusterRef): Promise<Lease | undefined> {
    return copyPlain(this.#leases.get(clusterKey(ref))?.lease);
  }

  async releaseLease(ref: ClusterRef, operationId: string): Promise<void> {
    if (this.#leases.get(clusterKey(ref))?.lease.operationId === operationId)
      this.#leases.delete(clusterKey(ref));
  }

  async listLeases(): Promise<readonly { readonly ref: ClusterRef; readonly lease: Lease }[]> {
    return copyPlain(
      [...this.#leases.values()].sort((a, b) => (clusterKey(a.ref) < clusterKey(b.ref) ? -1 : 1)),
    );
  }

  async putTaskToken(operationId: string, token: string): Promise<void> {
    this.#tokens.set(operationId, (this.#tokens.get(operationId) ?? new Set()).add(token));
  }

  async takeTaskTokens(operationId: string): Promise<readonly string[]> {
    const tokens = [...(this.#tokens.get(operationId) ?? [])];
    this.#tokens.delete(operationId);
    return tokens.sort();
  }

  async rememberRequest(key: string, operationId: string): Promise<string | undefined> {
    const stored = this.#requests.get(key);
    if (stored === undefined) this.#requests.set(key, operationId);
    return stored;
  }

  async getDocument(collection: string, name: string): Promise<StoredDocument | undefined> {
    return copyPlain(this.#documents.get(collection)?.get(name));
  }

  async updateDocument(
    collection: string,
    name: string,
    change: Parameters<Store["updateDocument"]>[2],
  ): Promise<StoredDocument | undefined> {
    const documents = this.#documents.get(collection) ?? new Map<string, StoredDocument>();
    const current = documents.get(name);
    const changed = change(copyPlain(current?.value));
    if (!changed) return copyPlain(current);
    const next = copyPlain({ name, value: changed.value, revision: (current?.revision ?? 0) + 1 });
    this.#documents.set(collection, documents.set(name, next));
    return copyPlain(next);
  }

  async deleteDocument(collection: string, name: string): Promise<void> {
    this.#documents.get(collection)?.delete(name);
  }

  async listDocuments(
    collection: string,
    page: { limit: number; nextToken?: string },
  ): Promise<Page<StoredDocument>> {
    const after = decodeCursor(page.nextToken) ?? "";
    const rest = [...(this.#documents.get(collection)?.values() ?? [])]
      .filter(({ name }) => name > after)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return toPage(rest, page.limit, ({ name }) => name);
  }

  async claim(key: string): Promise<boolean> {
    const first = !this.#claims.has(key);
    this.#claims.add(key);
    return first;
  }

  async putProbe(probe: Probe): Promise<void> {
    this.#probes.set(probe.id, copyPlain(probe));
  }

  async getProbe(id: string): Promise<Probe | undefined> {
    return copyPlain(this.#probes.get(id));
  }

  #sortedClusters(): ClusterRecord[] {
    return copyPlain([...this.#clusters.values()].sort((a, b) => (position(a) < position(b) ? -1 : 1)));
  }
}

const position = (record: ClusterRecord): string => `${record.ref.name}#${clusterKey(record.ref)}`;

function toPage<T>(items: readonly T[], limit: number, cursor: (item: T) => string): Page<T> {
  const shown = copyPlain(items.slice(0, limit));
  const last = shown.at(-1);
  return {
    items: shown,
    ...(items.length > limit && last !== undefined ? { nextToken: encodeCursor(cursor(last)) } : {}),
  };
}
