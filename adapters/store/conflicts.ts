import { type ClusterRef, clusterKey } from "../../core/cluster-ref.ts";
import { RetryableError, TerminalError } from "../../core/errors.ts";
import type { Lease } from "../../core/operation/types.ts";

/** What a store throws, the same from each implementation. */
export const generationConflict = (ref: ClusterRef, generation: number): RetryableError =>
  new RetryableError(
    `${clusterKey(ref)} was changed by somebody else: generation ${generation} is not next`,
    {
      code: "GenerationConflict",
      remedy: "Read the cluster again and apply the change to what it is now.",
    },
  );

export const operationExists = (id: string): TerminalError =>
  new TerminalError(`operation ${id} exists already`, { code: "OperationExists" });

export const operationNotFound = (id: string): TerminalError =>
  new TerminalError(`there is no operation ${id}`, {
    code: "OperationNotFound",
    remedy: "List the operations and use an id from there.",
  });

export const clusterBusy = (ref: ClusterRef, held: Lease): TerminalError =>
  new TerminalError(`cluster ${ref.name} is being changed by ${held.operationType} ${held.operationId}`, {
    code: "ClusterBusy",
    remedy: `Wait until operation ${held.operationId} has ended, or cancel it.`,
    detail: { operationId: held.operationId, operationType: held.operationType, since: held.acquiredAt },
  });

export const revisionConflict = (id: string): RetryableError =>
  new RetryableError(`operation ${id} is being changed by too many writers`, { code: "RevisionConflict" });
