import type { ClusterRef } from "../cluster-ref.ts";
import type { Lease, Operation, OperationEvent, OperationStatus } from "../operation/types.ts";

/** What Slipway knows of one cluster: its desired state and who wrote it. */
export interface ClusterRecord {
  readonly ref: ClusterRef;
  /** The desired state as parsed ClusterConfig JSON. */
  readonly config: unknown;
  /** Its AutomationPolicy as parsed JSON; absent means the default policy. */
  readonly policy?: unknown;
  /** The config that was carried out last, while the present one is not yet; absent when it is. */
  readonly applied?: unknown;
  /** Raised by one at each change. */
  readonly generation: number;
  readonly updatedAt: string;
  readonly updatedBy: string;
  /** The last operation that changed it. */
  readonly lastOperationId?: string;
}

/** A probe event of `slipway doctor`, as it arrived. */
export interface Probe {
  readonly id: string;
  /** Account and region that it was put in. */
  readonly account: string;
  readonly region: string;
  readonly arrivedAt: string;
}

/** A small JSON document of one of the parts that need no indexes of their own: policies, windows, rollouts, drift, ... */
export interface StoredDocument {
  /** Unique in its collection; at most 900 characters. */
  readonly name: string;
  readonly value: unknown;
  /** 1 at first, raised by one at each change: optimistic lock. */
  readonly revision: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; absent on the last page. */
  readonly nextToken?: string;
}

/** The event as its writer gives it; the store adds the sequence number. */
export type NewOperationEvent = Omit<OperationEvent, "seq">;

/**
 * Slipway's own state. Implemented over one DynamoDB table (adapters/store); every method is one or two calls,
 * and conditional writes make each of them safe to repeat.
 */
export interface Store {
  getCluster(ref: ClusterRef): Promise<ClusterRecord | undefined>;
  /** Clusters with this name in any account and region. */
  findClusters(name: string): Promise<readonly ClusterRecord[]>;
  listClusters(page: { readonly limit: number; readonly nextToken?: string }): Promise<Page<ClusterRecord>>;
  /** Writes when the stored generation is `record.generation - 1` (0: none). Throws RetryableError `GenerationConflict`. */
  putCluster(record: ClusterRecord): Promise<void>;
  deleteCluster(ref: ClusterRef): Promise<void>;

  /** Creates; a second creation with the same id throws TerminalError `OperationExists`. */
  createOperation(operation: Operation): Promise<void>;
  getOperation(id: string): Promise<Operation | undefined>;
  /**
   * Reads, changes and writes with the revision as optimistic lock, again when another writer was first.
   * `change` returns undefined to leave the record as it is. Throws TerminalError `OperationNotFound`.
   */
  updateOperation(id: string, change: (current: Operation) => Operation | undefined): Promise<Operation>;
  /** Newest first. */
  listOperations(query: {
    readonly cluster?: ClusterRef;
    readonly status?: OperationStatus;
    readonly limit: number;
    readonly nextToken?: string;
  }): Promise<Page<Operation>>;

  /** Appends to the contiguous log of an operation; returns the stored event. */
  appendEvent(operationId: string, event: NewOperationEvent): Promise<OperationEvent>;
  /** Events with `seq > after`, oldest first. */
  listEvents(operationId: string, after: number, limit: number): Promise<readonly OperationEvent[]>;

  /**
   * Takes the lock of a cluster for an operation. Holding it already is success; held by another operation is
   * TerminalError `ClusterBusy` with that operation's id in `detail.operationId`.
   */
  acquireLease(ref: ClusterRef, lease: Lease): Promise<void>;
  getLease(ref: ClusterRef): Promise<Lease | undefined>;
  /** Releases the lock if this operation holds it; otherwise does nothing. */
  releaseLease(ref: ClusterRef, operationId: string): Promise<void>;
  listLeases(): Promise<readonly { readonly ref: ClusterRef; readonly lease: Lease }[]>;

  /**
   * Remembers a task token of a paused operation (encrypted at rest, never leaves the backend). An operation whose
   * node groups rotate in parallel waits at several gates at once: each has its own token.
   */
  putTaskToken(operationId: string, token: string): Promise<void>;
  /** Takes every remembered token; each is given to one taker only. */
  takeTaskTokens(operationId: string): Promise<readonly string[]>;

  /** First use of an idempotency key returns undefined and stores `operationId`; later ones return the stored id. */
  rememberRequest(key: string, operationId: string, expiresAt: number): Promise<string | undefined>;

  /**
   * Documents by collection (`policies`, `drift/account:region:name`) and name. Readers parse the value with their
   * own schema. A collection is one partition of the table: up to some thousand small documents.
   */
  getDocument(collection: string, name: string): Promise<StoredDocument | undefined>;
  /**
   * Reads, changes and writes, again when another writer was first; creates where `current` is undefined.
   * `change` returns undefined to leave it as it is. With `expiresAt` (ms) it may be gone after that time.
   */
  updateDocument(
    collection: string,
    name: string,
    change: (current: unknown) => { readonly value: unknown; readonly expiresAt?: number } | undefined,
  ): Promise<StoredDocument | undefined>;
  deleteDocument(collection: string, name: string): Promise<void>;
  /** In order of their names. */
  listDocuments(
    collection: string,
    page: { readonly limit: number; readonly nextToken?: string },
  ): Promise<Page<StoredDocument>>;
  /**
   * True for the first taker of a key only: at-least-once deliveries become once. Forgotten
   * some time after `expiresAt` (ms). A taker that fails afterwards must have another way to its work (a sweep).
   */
  claim(key: string, expiresAt: number): Promise<boolean>;

  /** Notes that a probe event arrived; for an hour, then it may be gone. Noting it again changes nothing. */
  putProbe(probe: Probe, expiresAt: number): Promise<void>;
  getProbe(id: string): Promise<Probe | undefined>;
}
