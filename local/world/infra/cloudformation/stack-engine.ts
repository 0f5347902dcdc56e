import { AwsError } from "../../../aws/contract.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { Faults } from "../../faults.ts";
import { environmentOf } from "./environment.ts";
import { conditionHolds, resolve } from "./intrinsics.ts";
import type { Provider } from "./provider.ts";
import { createRecords } from "./records.ts";
import { createResourceWork, exists, inProgress } from "./resource-work.ts";
import type { OperationKind, StackDocument, StackSource, StackState } from "./state.ts";
import { parseTemplate, type Template } from "./template.ts";

const TIMER = "infra.stack";
const SECOND = 1000;
const PARSED_TEMPLATES = 50;

/** What one round came to: everything done, or why it failed. */
interface Round {
  readonly done: boolean;
  readonly failed?: string;
}

/**
 * Converges a stack: `apply` makes or changes the resources of the operation's target in order of their
 * needs, `cleanup` deletes what the target does not have, in the reverse order. A stack's creation is a
 * convergence from nothing, its deletion one to nothing, and a rollback one to what was there before.
 *
 *     CREATE --fails--> ROLLBACK          UPDATE --fails--> UPDATE_ROLLBACK
 *
 * All of it is in the stack's document; one durable timer per stack wakes it.
 */
export interface StackEngine {
  start(stack: StackDocument, kind: OperationKind, target: StackSource | null, because?: string): void;
  template(body: string): Template;
  /** Works the conditions out; throws ValidationError where that fails. Nothing else can fail before the start. */
  check(stack: StackDocument, source: StackSource): void;
}

export function createStackEngine(parts: {
  readonly kernel: Kernel;
  readonly faults: Faults;
  readonly state: StackState;
  readonly providers: ReadonlyMap<string, Provider>;
}): StackEngine {
  const { kernel, state, providers } = parts;
  const { clock, timers } = kernel;
  const records = createRecords(kernel, state);
  const { touch, setStatus, setResource } = records;
  const { begin, remove, isGone } = createResourceWork({ ...parts, records });
  const types = new Set(providers.keys());
  const templates = new Map<string, Template>();

  function template(body: string): Template {
    let parsed = templates.get(body);
    if (!parsed) {
      parsed = parseTemplate(body, types);
      templates.set(body, parsed);
      if (templates.size > PARSED_TEMPLATES) templates.delete(templates.keys().next().value ?? "");
    }
    return parsed;
  }

  /** The logical ids of the target whose condition holds. */
  function wanted(
    stack: StackDocument,
    source: StackSource | null,
  ): { readonly parsed?: Template; readonly names: string[] } {
    if (!source) return { names: [] };
    const parsed = template(source.body);
    const env = environmentOf(state, stack, source, parsed, clock.now());
    const names = Object.entries(parsed.resources)
      .filter(([, r]) => r.condition === undefined || conditionHolds(r.condition, env))
      .map(([name]) => name);
    return { parsed, names };
  }

  function finishDue(stack: StackDocument): void {
    const now = clock.now();
    for (const resource of [...Object.values(stack.resources), ...stack.leftovers]) {
      // One whose deletion is held up is tried again by the clean-up.
      if (resource.tries !== undefined) continue;
      if (!inProgress(resource) || resource.doneAt === undefined || resource.doneAt > now) continue;
      if (resource.status === "DELETE_IN_PROGRESS") {
        if (!isGone(stack, resource)) {
          resource.doneAt = now + 10 * SECOND;
          touch(stack);
          continue;
        }
      } else stack.operation?.settled.push(resource.logicalId);
      delete resource.doneAt;
      setResource(stack, resource, resource.status.replace("_IN_PROGRESS", "_COMPLETE"));
    }
    stack.leftovers = stack.leftovers.filter(
      (r) => r.status !== "DELETE_COMPLETE" && r.status !== "DELETE_SKIPPED",
    );
  }

  /** One has failed: what is in flight is given up. Returns the reason as CloudFormation words it. */
  function cancelOthers(stack: StackDocument, kind: OperationKind): string {
    for (const other of Object.values(stack.resources)) {
      if (!inProgress(other)) continue;
      delete other.doneAt;
      if (other.status.startsWith("CREATE"))
        setResource(stack, other, "CREATE_FAILED", "Resource creation cancelled");
      else setResource(stack, other, "UPDATE_FAILED", "Resource update cancelled");
    }
    const names = Object.values(stack.resources)
      .filter((r) => r.status.endsWith("_FAILED"))
      .map((r) => r.logicalId);
    return `The following resource(s) failed to ${kind === "CREATE" ? "create" : "update"}: [${names.join(", ")}]. `;
  }

  /** One round of making. Returns why a resource failed, or whether all of the target is there. */
  function apply(stack: StackDocument): Round {
    const operation = stack.operation;
    const source = operation?.target ?? null;
    const { parsed, names } = wanted(stack, source);
    if (!operation || !source || !parsed) return { done: true };
    const settled = (name: string): boolean => operation.settled.includes(name) || !names.includes(name);
    const running = new Set(
      Object.values(stack.resources)
        .filter(inProgress)
        .map((r) => r.logicalId),
    );
    let failed = false;
    for (let progress = true; progress && !failed; ) {
      progress = false;
      for (const name of names) {
        if (settled(name) || running.has(name)) continue;
        if (!(parsed.resources[name]?.needs ?? []).every(settled)) continue;
        failed = begin(stack, source, parsed, name) !== undefined;
        if (failed) break;
        // Unchanged ones are settled at once and let others begin in the same round.
        if (operation.settled.includes(name)) progress = true;
        else running.add(name);
      }
    }
    if (failed) return { done: false, failed: cancelOthers(stack, operation.kind) };
    return { done: names.every((name) => operation.settled.includes(name)) };
  }

  /** One round of deleting what the target does not have. */
  function cleanup(stack: StackDocument): Round {
    const keep = new Set(wanted(stack, stack.operation?.target ?? null).names);
    const doomed = [
      ...stack.leftovers,
      ...Object.values(stack.resources).filter((r) => !keep.has(r.logicalId)),
    ].filter(exists);
    const left = doomed.filter((r) => r.status !== "DELETE_FAILED");
    for (const resource of [...left].reverse()) {
      if (resource.status === "DELETE_IN_PROGRESS" && resource.tries === undefined) continue;
      if (resource.doneAt !== undefined && resource.doneAt > clock.now()) continue;
      if (
        doomed.some(
          (other) => other !== resource && exists(other) && other.needs.includes(resource.logicalId),
        )
      )
        continue;
      remove(stack, resource);
    }
    stack.leftovers = stack.leftovers.filter(exists);
    const stuck = doomed.filter((r) => r.status === "DELETE_FAILED").map((r) => r.logicalId);
    const busy = doomed.some((r) => exists(r) && inProgress(r));
    if (stuck.length > 0 && !busy)
      return { failed: `The following resource(s) failed to delete: [${stuck.join(", ")}]. `, done: false };
    return { done: doomed.every((r) => !exists(r)) };
  }

  function writeOutputs(stack: StackDocument): void {
    const { parsed } = wanted(stack, stack.source);
    if (!parsed) return;
    const env = environmentOf(state, stack, stack.source, parsed, clock.now());
    stack.outputs = Object.entries(parsed.outputs)
      .filter(([, output]) => output.condition === undefined || conditionHolds(output.condition, env))
      .map(([key, { value, description, exportName }]) => ({
        key,
        value: String(resolve(value, env)),
        ...(description === undefined ? {} : { description }),
        ...(exportName === undefined ? {} : { exportName: String(resolve(exportName, env)) }),
      }));
  }

  function start(
    stack: StackDocument,
    kind: OperationKind,
    target: StackSource | null,
    because?: string,
  ): void {
    stack.operation = {
      kind,
      target,
      phase: kind === "DELETE" || kind === "ROLLBACK" ? "cleanup" : "apply",
      settled: [],
      ...(because === undefined ? {} : { because }),
    };
    // A deletion that was tried and failed is tried again.
    for (const resource of Object.values(stack.resources)) delete resource.tries;
    setStatus(
      stack,
      `${kind}_IN_PROGRESS`,
      because ?? (kind === "CREATE" || kind === "DELETE" || kind === "UPDATE" ? "User Initiated" : undefined),
    );
    timers.set(TIMER, stack.stackId, clock.now() + SECOND);
  }

  function fail(stack: StackDocument, reason: string): void {
    const { operation } = stack;
    if (!operation) return;
    if (operation.kind === "CREATE" && stack.onFailure !== "DO_NOTHING") {
      start(
        stack,
        stack.onFailure === "DELETE" ? "DELETE" : "ROLLBACK",
        null,
        `${reason}${stack.onFailure === "DELETE" ? "Delete" : "Rollback"} requested by user.`,
      );
    } else if (operation.kind === "UPDATE") {
      start(stack, "UPDATE_ROLLBACK", stack.previous ?? null, reason);
    } else {
      delete stack.operation;
      setStatus(stack, `${operation.kind}_FAILED`, reason);
    }
  }

  function succeed(stack: StackDocument): void {
    const { operation } = stack;
    if (!operation) return;
    if (operation.kind === "UPDATE_ROLLBACK" && stack.previous) stack.source = stack.previous;
    if (operation.kind === "DELETE" || operation.kind === "ROLLBACK") stack.outputs = [];
    else {
      try {
        writeOutputs(stack);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        fail(stack, error.message);
        return;
      }
    }
    delete stack.previous;
    if (operation.kind === "UPDATE" || operation.kind === "UPDATE_ROLLBACK")
      for (const [logicalId, resource] of Object.entries(stack.resources))
        if (!exists(resource)) delete stack.resources[logicalId];
    if (operation.kind === "DELETE") stack.deletedAt = clock.now();
    setStatus(stack, `${operation.kind}_COMPLETE`);
    delete stack.operation;
  }

  /** The next look is when the first resource in progress is ready. */
  function wake(stack: StackDocument): void {
    const ready = [...Object.values(stack.resources), ...stack.leftovers]
      .filter(inProgress)
      .flatMap((resource) => resource.doneAt ?? []);
    const now = clock.now();
    timers.set(TIMER, stack.stackId, ready.length > 0 ? Math.max(Math.min(...ready), now + 1) : now + SECOND);
  }

  timers.on(TIMER, (stackId) => {
    const stack = state.stacks.get(stackId);
    if (!stack?.operation) return;
    const { operation } = stack;
    finishDue(stack);
    const round = operation.phase === "apply" ? apply(stack) : cleanup(stack);
    touch(stack);
    // What cannot be deleted after an update stays behind, and the update has succeeded all the same.
    const leftBehind =
      round.failed !== undefined &&
      operation.phase === "cleanup" &&
      (operation.kind === "UPDATE" || operation.kind === "UPDATE_ROLLBACK");
    if (round.failed !== undefined && !leftBehind) fail(stack, round.failed);
    else if (!round.done && !leftBehind) wake(stack);
    else if (operation.phase === "cleanup") succeed(stack);
    else {
      operation.phase = "cleanup";
      if (operation.kind !== "CREATE") setStatus(stack, `${operation.kind}_COMPLETE_CLEANUP_IN_PROGRESS`);
      timers.set(TIMER, stackId, clock.now() + SECOND);
    }
  });

  return { start, template, check: (stack, source) => void wanted(stack, source) };
}
