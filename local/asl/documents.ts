import type { Durable, DurableMap } from "../kernel/durable.ts";
import type { ProcessorPath } from "./definition/types.ts";
import type { Failure } from "./failure.ts";
import type { HistoryRecord } from "./history.ts";
import type { Json, JsonObject } from "./json.ts";

export type ExecutionStatus =
  | "RUNNING"
  | "SUCCEEDED"
  | "FAILED"
  | "TIMED_OUT"
  | "ABORTED"
  | "PENDING_REDRIVE";
export type MachineType = "STANDARD" | "EXPRESS";

export interface MachineDoc {
  readonly arn: string;
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly type: MachineType;
  readonly createdAt: number;
  roleArn: string;
  /** Key of the definition in the documents; changes with each update. */
  revision: string;
  updatedAt: number;
  status: "ACTIVE" | "DELETING";
  /** Numbers of published versions so far. */
  versions: number;
  settings: JsonObject;
  tags: Record<string, string>;
}

/** A published version, or an alias with its routing. */
export interface VersionDoc {
  readonly arn: string;
  readonly machine: string;
  readonly number: number;
  readonly revision: string;
  readonly roleArn: string;
  readonly description: string | null;
  readonly createdAt: number;
}

export interface AliasDoc {
  readonly arn: string;
  readonly machine: string;
  readonly name: string;
  description: string | null;
  routing: readonly { readonly version: string; readonly weight: number }[];
  readonly createdAt: number;
  updatedAt: number;
}

export interface DefinitionDoc {
  readonly text: string;
}

export interface ExecutionDoc {
  readonly arn: string;
  /** Short name of the execution in the keys of its documents. */
  readonly key: string;
  readonly name: string;
  readonly machine: string;
  readonly machineName: string;
  readonly account: string;
  readonly region: string;
  readonly type: MachineType;
  readonly roleArn: string;
  readonly revision: string;
  /** Which part of the definition runs: `[]`, or the processor of a distributed Map. */
  readonly path: ProcessorPath;
  readonly startedAt: number;
  /** Set on the executions of a distributed Map. */
  readonly mapRun: string | null;
  readonly version: string | null;
  readonly alias: string | null;
  readonly traceHeader: string | null;
  status: ExecutionStatus;
  output: string | null;
  failure: Failure;
  stoppedAt: number | null;
  /** Id of the last event of the history. */
  events: number;
  redrives: number;
  redrivenAt: number | null;
}

/**
 * What a branch is doing:
 * `enter` about to enter its state, `body` evaluating it, `retry` and `wait` until a timer, `call` a call is in
 * flight, `callback` a task token is out, `child` an execution it started runs, `poll` it asks again and again,
 * `children` branches, iterations or a map run are under way.
 */
export type Phase =
  | "enter"
  | "body"
  | "retry"
  | "wait"
  | "call"
  | "callback"
  | "child"
  | "poll"
  | "children"
  | "done"
  | "failed"
  | "aborted";

export interface CallDoc {
  readonly parameters: Json;
  readonly roleArn: string | null;
  readonly heartbeatSeconds: number | null;
  readonly token: string | null;
  started: boolean;
  /** The call is made again after a restart. */
  repeated?: boolean;
  /** The execution it waits for, or how often it has polled. */
  child?: string;
  polls?: number;
  /** What the request answered, of calls that wait for more. */
  submitted?: Json;
  /** How the task has ended, until its state is left. */
  answer?: AnswerDoc;
}

export type AnswerDoc =
  | { readonly kind: "output"; readonly output: Json; recorded: boolean }
  | { readonly kind: "failure"; readonly failure: Failure }
  | { readonly kind: "timeout"; readonly heartbeat: boolean };

export interface ChildrenDoc {
  readonly total: number;
  readonly concurrency: number;
  /** Number of the attempt: part of the children's keys. */
  readonly round: number;
  started: number;
  succeeded: number;
  failed: number;
  /** All have succeeded and the history says so; the state is about to be left. */
  closed: boolean;
  /** The map run that carries the items out, of a distributed Map. */
  readonly mapRun: string | null;
}

export interface BranchDoc {
  readonly key: string;
  readonly execution: string;
  readonly parent: string | null;
  readonly index: number;
  readonly path: ProcessorPath;
  /** Set in an iteration of a Map. */
  readonly item: { readonly index: number; readonly value: Json } | null;
  state: string;
  phase: Phase;
  input: Json;
  variables: Record<string, Json>;
  /** Id of the event that the next one of this branch follows. */
  last: number;
  entered: { event: number; previous: number; at: number };
  /** Attempts each retrier of the state has used up. */
  retries: number[];
  retryCount: number;
  /** Changes whenever what is in flight no longer counts: a result or timer of an earlier run is dropped. */
  run: number;
  rounds: number;
  call?: CallDoc;
  children?: ChildrenDoc;
  failure?: Failure;
  /** The catcher that is about to take the state's failure. */
  caught?: { readonly index: number; readonly failure: Failure };
  output?: Json;
}

export interface MapRunDoc {
  readonly arn: string;
  readonly execution: string;
  /** The branch that waits for it. */
  readonly branch: string;
  readonly machine: string;
  readonly label: string;
  readonly startedAt: number;
  readonly maxConcurrency: number;
  toleratedCount: number;
  toleratedPercentage: number;
  readonly itemCounts: readonly number[];
  status: "RUNNING" | "SUCCEEDED" | "FAILED" | "ABORTED";
  stoppedAt: number | null;
  redrives: number;
  redrivenAt: number | null;
  /** The child execution of each batch that has begun, in order. */
  children: string[];
  succeeded: number;
  failed: number;
  failedItems: number;
  aborted: number;
}

/** Every document of the engine. */
export interface Documents {
  readonly machines: DurableMap<MachineDoc>;
  readonly versions: DurableMap<VersionDoc>;
  readonly aliases: DurableMap<AliasDoc>;
  readonly definitions: DurableMap<DefinitionDoc>;
  readonly executions: DurableMap<ExecutionDoc>;
  readonly branches: DurableMap<BranchDoc>;
  /** Items of Maps under way, by the key of their branch. */
  readonly items: DurableMap<readonly Json[]>;
  /** One document an event: `<execution key>/<id>`. */
  readonly history: DurableMap<HistoryRecord>;
  readonly mapRuns: DurableMap<MapRunDoc>;
  /** Branches that wait for the end of an execution, by its ARN. */
  readonly waiters: DurableMap<string[]>;
}

/** The JSON text an execution was started with: kept once, in the first event of its history. */
export const inputOf = (documents: Documents, execution: ExecutionDoc): string =>
  documents.history.get(`${execution.key}/1`)?.executionStartedEventDetails?.input ?? "{}";

export const openDocuments = (durable: Durable): Documents => ({
  machines: durable.map("asl/machines"),
  versions: durable.map("asl/versions"),
  aliases: durable.map("asl/aliases"),
  definitions: durable.map("asl/definitions"),
  executions: durable.map("asl/executions"),
  branches: durable.map("asl/branches"),
  items: durable.map("asl/items"),
  history: durable.map("asl/history"),
  mapRuns: durable.map("asl/map-runs"),
  waiters: durable.map("asl/waiters"),
});
