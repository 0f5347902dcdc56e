import type { Durable, DurableMap } from "../../../kernel/durable.ts";
import type { Place } from "../../infra-contract.ts";
import type { Tags } from "../state.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** What `record` itself has under `key`: names come from users, and `constructor` is one. */
export const own = <V>(record: Readonly<Record<string, V>>, key: string): V | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

/** A template with its parameters' values: what a stack converges to. */
export interface StackSource {
  readonly body: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface StackResource {
  readonly logicalId: string;
  readonly type: string;
  physicalId?: string;
  /** `CREATE_IN_PROGRESS`, `UPDATE_COMPLETE`, `DELETE_SKIPPED`, ... */
  status: string;
  reason?: string;
  /** Values of Fn::GetAtt. */
  attributes: Record<string, string>;
  /** Properties as they were resolved when it was made or changed last. */
  properties: JsonObject;
  /** Logical ids that it was made after. */
  needs: string[];
  retain: boolean;
  at: number;
  /** While in progress: when it ends. */
  doneAt?: number;
  /** Tries to delete it that met a dependency. */
  tries?: number;
}

export type OperationKind = "CREATE" | "ROLLBACK" | "UPDATE" | "UPDATE_ROLLBACK" | "DELETE";

/** What the stack is doing: make the resources of `target`, then delete the others. */
export interface StackOperation {
  readonly kind: OperationKind;
  readonly target: StackSource | null;
  phase: "apply" | "cleanup";
  /** Logical ids of the target that are done. */
  settled: string[];
  /** Why it failed; reported when the operation that undoes it has ended. */
  readonly because?: string;
}

export interface StackDocument extends Place {
  readonly stackName: string;
  readonly stackId: string;
  readonly createdAt: number;
  updatedAt?: number;
  deletedAt?: number;
  status: string;
  statusReason?: string;
  source: StackSource;
  /** What it was before a running update. */
  previous?: StackSource;
  operation?: StackOperation;
  resources: Record<string, StackResource>;
  /** Physical resources that a replacement has left to be deleted. */
  leftovers: StackResource[];
  outputs: {
    readonly key: string;
    readonly value: string;
    readonly description?: string;
    readonly exportName?: string;
  }[];
  readonly onFailure: "ROLLBACK" | "DELETE" | "DO_NOTHING";
  capabilities: string[];
  description?: string;
  tags: Tags;
  terminationProtection: boolean;
  /** Client request tokens by operation: the same one again starts nothing. */
  tokens: Record<string, string>;
  /** ARN of who made it. */
  readonly caller: string;
}

export interface StackEventDocument extends Place {
  readonly eventId: string;
  readonly stackId: string;
  readonly stackName: string;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly properties?: string;
  readonly at: number;
  readonly token?: string;
}

export interface StackState {
  /** By stack id. */
  readonly stacks: DurableMap<StackDocument>;
  readonly events: DurableMap<StackEventDocument>;
  readonly keys: DurableMap<{ readonly account: string; readonly arn: string; deleted: boolean }>;
}

export const openStackState = (durable: Durable): StackState => ({
  stacks: durable.map("infra.stacks"),
  events: durable.map("infra.stack-events"),
  keys: durable.map("infra.kms-keys"),
});
