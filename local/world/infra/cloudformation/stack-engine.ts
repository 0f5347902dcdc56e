import { AwsError, type Scope } from "../../../aws/contract.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { Faults } from "../../faults.ts";
import { placeOf } from "../state.ts";
import { zonesOf } from "../zones.ts";
import { isAlreadyGone, isHeld } from "./account-resources.ts";
import { conditionHolds, type Environment, resolve } from "./intrinsics.ts";
import type { Provider, ProviderContext } from "./provider.ts";
import type {
  JsonObject,
  OperationKind,
  StackDocument,
  StackResource,
  StackSource,
  StackState,
} from "./state.ts";
import { isObject, parseTemplate, type Template } from "./template.ts";

const TIMER = "infra.stack";
const SECOND = 1000;
/** A deletion that something holds up is tried for five minutes. */
const HELD_RETRY_SECONDS = 15;
const HELD_TRIES = 20;

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
  /** Parameters and resources as functions of a template see them. */
  environment(stack: StackDocument, source: StackSource, template: Template): Environment;
  record(stack: StackDocument, resource?: StackResource): void;
}

const inProgress = (resource: StackResource): boolean => resource.status.endsWith("_IN_PROGRESS");
const exists = (resource: StackResource | undefined): resource is StackResource =>
  resource !== undefined && resource.status !== "DELETE_COMPLETE" && resource.status !== "DELETE_SKIPPED";

export function createStackEngine(parts: {
  readonly kernel: Kernel;
  readonly faults: Faults;
  readonly state: StackState;
  readonly providers: ReadonlyMap<string, Provider>;
}): StackEngine {
  const { kernel, faults, state, providers } = parts;
  const { clock, timers, ids } = kernel;
  const types = new Set(providers.keys());
  const templates = new Map<string, Template>();

  function template(body: string): Template {
    let parsed = templates.get(body);
    if (!parsed) {
      parsed = parseTemplate(body, types);
      templates.set(body, parsed);
      if (templates.size > 50) templates.delete(templates.keys().next().value ?? "");
    }
    return parsed;
  }

  const touch = (stack: StackDocument): void => state.stacks.touch(stack.stackId);

  function record(stack: StackDocument, resource?: StackResource): void {
    const eventId = resource ? `${resource.logicalId}-${resource.status}-${ids.uuid()}` : ids.uuid();
    const token = stack.operation && stack.tokens[stack.operation.kind];
    const reason = resource ? resource.reason : stack.statusReason;
    state.events.set(eventId, {
      ...placeOf(stack),
      eventId,
      stackId: stack.stackId,
      stackName: stack.stackName,
      logicalId: resource?.logicalId ?? stack.stackName,
      physicalId: resource ? (resource.physicalId ?? "") : stack.stackId,
      type: resource?.type ?? "AWS::CloudFormation::Stack",
      status: resource?.status ?? stack.status,
      ...(reason === undefined ? {} : { reason }),
      ...(resource ? { properties: JSON.stringify(resource.properties) } : {}),
      at: clock.now(),
      ...(token === undefined ? {} : { token }),
    });
  }

  function setStatus(stack: StackDocument, status: string, reason?: string): void {
    stack.status = status;
    if (reason === undefined) delete stack.statusReason;
    else stack.statusReason = reason;
    touch(stack);
    record(stack);
  }

  function setResource(stack: StackDocument, resource: StackResource, status: string, reason?: string): void {
    resource.status = status;
    resource.at = clock.now();
    if (reason === undefined) delete resource.reason;
    else resource.reason = reason;
    touch(stack);
    record(stack, resource);
  }

  function environment(stack: StackDocument, source: StackSource, parsed: Template): Environment {
    const pseudo: Record<string, string> = {
      "AWS::AccountId": stack.account,
      "AWS::Region": stack.region,
      "AWS::StackName": stack.stackName,
      "AWS::StackId": stack.stackId,
      "AWS::Partition": "aws",
      "AWS::URLSuffix": "amazonaws.com",
    };
    return {
      ref(name) {
        const value = source.parameters[name];
        if (value === undefined) return pseudo[name] ?? stack.resources[name]?.physicalId;
        const type = parsed.parameters[name]?.type ?? "String";
        return type.startsWith("List<") || type === "CommaDelimitedList"
          ? value.split(",").map((v) => v.trim())
          : value;
      },
      getAtt: (logicalId, attribute) => stack.resources[logicalId]?.attributes[attribute],
      region: stack.region,
      zones: zonesOf,
      mappings: parsed.mappings,
      conditions: parsed.conditions,
      importValue: (name) =>
        [...state.stacks.values()]
          .filter((other) => other.account === stack.account && other.region === stack.region)
          .flatMap((other) => other.outputs)
          .find((output) => output.exportName === name)?.value,
    };
  }

  function context(stack: StackDocument, logicalId: string, suffix: string): ProviderContext {
    const scope: Scope = {
      ...placeOf(stack),
      principal: {
        type: "AWSService",
        arn: stack.caller,
        account: stack.account,
        accessKeyId: "",
        invokedBy: "cloudformation.amazonaws.com",
      },
      requestId: "",
      userAgent: "cloudformation.amazonaws.com",
      sourceIp: "cloudformation.amazonaws.com",
    };
    return {
      scope,
      kernel,
      stackName: stack.stackName,
      stackId: stack.stackId,
      logicalId,
      tags: {
        ...stack.tags,
        "aws:cloudformation:stack-name": stack.stackName,
        "aws:cloudformation:stack-id": stack.stackId,
        "aws:cloudformation:logical-id": logicalId,
      },
      generatedName: `${stack.stackName}-${logicalId}-${suffix}`,
    };
  }

  const providerOf = (type: string): Provider => {
    const provider = providers.get(type);
    if (!provider) throw new AwsError("ValidationError", `Unrecognized resource types: [${type}]`);
    return provider;
  };

  /** Runs what may fail for the resource's own reasons; other errors are ours and go up. */
  function attempt<T>(work: () => T): { readonly value: T } | { readonly reason: string } {
    try {
      return { value: work() };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const reason = `Resource handler returned message: "${error.message}" (RequestToken: ${ids.uuid()}, HandlerErrorCode: ${error.code})`;
      return { reason: error.code === "ValidationError" ? error.message : reason };
    }
  }

  /** Makes or changes one resource of the target. Returns why it failed. */
  function begin(
    stack: StackDocument,
    source: StackSource,
    parsed: Template,
    logicalId: string,
  ): string | undefined {
    const definition = parsed.resources[logicalId];
    if (!definition) return undefined;
    const provider = providerOf(definition.type);
    const existing = stack.resources[logicalId];
    const old = exists(existing) && existing.physicalId !== undefined ? existing : undefined;
    const resolved = attempt(() => resolve(definition.properties, environment(stack, source, parsed)));
    const properties: JsonObject = "value" in resolved && isObject(resolved.value) ? resolved.value : {};
    const needs = definition.needs.filter((name) => name in parsed.resources);
    const ready = clock.now() + Math.round(provider.seconds * SECOND * (0.8 + 0.4 * kernel.random()));

    const unchanged = (resource: StackResource): boolean =>
      resource.type === definition.type && JSON.stringify(resource.properties) === JSON.stringify(properties);
    const settle = (resource: StackResource): undefined => {
      Object.assign(resource, { needs, retain: definition.retain });
      stack.operation?.settled.push(logicalId);
      if (resource.status.endsWith("_FAILED")) setResource(stack, resource, "UPDATE_COMPLETE");
      return undefined;
    };

    // A replacement is undone by taking the resource back that it was to replace.
    const replaced = stack.leftovers.find((r) => r.logicalId === logicalId && unchanged(r));
    if (replaced) {
      stack.leftovers = stack.leftovers.filter((r) => r !== replaced);
      if (old) stack.leftovers.push(old);
      stack.resources[logicalId] = replaced;
      return settle(replaced);
    }
    if (old && "value" in resolved && old.type === definition.type) {
      if (unchanged(old)) return settle(old);
      const changed = attempt(() =>
        provider.update?.(old.physicalId ?? "", properties, old.properties, context(stack, logicalId, "")),
      );
      if ("reason" in changed) {
        setResource(stack, old, "UPDATE_IN_PROGRESS");
        setResource(stack, old, "UPDATE_FAILED", changed.reason);
        return changed.reason;
      }
      if (changed.value !== undefined) {
        Object.assign(old, { properties, needs, retain: definition.retain, doneAt: ready });
        Object.assign(old.attributes, changed.value);
        setResource(stack, old, "UPDATE_IN_PROGRESS");
        return undefined;
      }
    }
    // It is new, or replaces the old one, which is deleted in the clean-up.
    const resource: StackResource = {
      logicalId,
      type: definition.type,
      status: old ? "UPDATE_IN_PROGRESS" : "CREATE_IN_PROGRESS",
      attributes: {},
      properties,
      needs,
      retain: definition.retain,
      at: clock.now(),
      doneAt: ready,
    };
    if (old) stack.leftovers.push({ ...old, needs: [] });
    // A resource that is made again goes to the end: order of creation is the order of the listing.
    delete stack.resources[logicalId];
    stack.resources[logicalId] = resource;
    setResource(
      stack,
      resource,
      resource.status,
      old
        ? "Requested update requires the creation of a new physical resource; hence creating one."
        : undefined,
    );
    const fault = faults.hit(
      "StackFails",
      `stack/${stack.stackName} resource/${logicalId} type/${definition.type}`,
    );
    const missing = (provider.required ?? []).find((name) => properties[name] === undefined);
    const made = fault
      ? { reason: fault.args?.message ?? "Internal Failure" }
      : "reason" in resolved
        ? resolved
        : missing !== undefined
          ? {
              reason: `Properties validation failed for resource ${logicalId} with message: [#: required key [${missing}] not found]`,
            }
          : attempt(() => provider.create(properties, context(stack, logicalId, ids.hex(12).toUpperCase())));
    if ("reason" in made) {
      delete resource.doneAt;
      setResource(stack, resource, old ? "UPDATE_FAILED" : "CREATE_FAILED", made.reason);
      return made.reason;
    }
    resource.physicalId = made.value.physicalId;
    resource.attributes = made.value.attributes ?? {};
    setResource(stack, resource, resource.status, "Resource creation Initiated");
    return undefined;
  }

  /** The logical ids of the target whose condition holds. */
  function wanted(
    stack: StackDocument,
    source: StackSource | null,
  ): { readonly parsed?: Template; readonly names: string[] } {
    if (!source) return { names: [] };
    const parsed = template(source.body);
    const env = environment(stack, source, parsed);
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
        const { gone } = providerOf(resource.type);
        if (gone && !gone(resource.physicalId ?? "", context(stack, resource.logicalId, ""))) {
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

  /** One round of making. Returns why a resource failed, or whether all of the target is there. */
  function apply(stack: StackDocument): { readonly failed?: string; readonly done: boolean } {
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
    const failed: string[] = [];
    for (let progress = true; progress && failed.length === 0; ) {
      progress = false;
      for (const name of names) {
        if (settled(name) || running.has(name)) continue;
        if (!(parsed.resources[name]?.needs ?? []).every(settled)) continue;
        if (begin(stack, source, parsed, name) !== undefined) {
          failed.push(name);
          break;
        }
        // Unchanged ones are settled at once and let others begin in the same round.
        if (operation.settled.includes(name)) progress = true;
        else running.add(name);
      }
    }
    const [first] = failed;
    if (first !== undefined) {
      for (const other of Object.values(stack.resources)) {
        if (!inProgress(other)) continue;
        delete other.doneAt;
        const creating = other.status.startsWith("CREATE");
        setResource(
          stack,
          other,
          creating ? "CREATE_FAILED" : "UPDATE_FAILED",
          `Resource ${creating ? "creation" : "update"} cancelled`,
        );
      }
      const names = Object.values(stack.resources)
        .filter((r) => r.status.endsWith("_FAILED"))
        .map((r) => r.logicalId);
      return {
        failed: `The following resource(s) failed to ${operation.kind === "CREATE" ? "create" : "update"}: [${names.join(", ")}]. `,
        done: false,
      };
    }
    return { done: names.every((name) => operation.settled.includes(name)) };
  }

  /** One round of deleting what the target does not have. */
  function cleanup(stack: StackDocument): { readonly failed?: string; readonly done: boolean } {
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

  function remove(stack: StackDocument, resource: StackResource): void {
    if (resource.retain) {
      setResource(stack, resource, "DELETE_SKIPPED");
      return;
    }
    if (resource.status !== "DELETE_IN_PROGRESS") setResource(stack, resource, "DELETE_IN_PROGRESS");
    const { physicalId } = resource;
    if (physicalId === undefined) {
      setResource(stack, resource, "DELETE_COMPLETE");
      return;
    }
    const provider = providerOf(resource.type);
    const fault = faults.hit(
      "StackDeleteFails",
      `stack/${stack.stackName} resource/${resource.logicalId} type/${resource.type}`,
    );
    let reason = fault && (fault.args?.message ?? "Internal Failure");
    if (reason === undefined) {
      try {
        provider.delete(physicalId, resource.properties, context(stack, resource.logicalId, ""));
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        if (isHeld(error) && (resource.tries ?? 0) < HELD_TRIES) {
          resource.tries = (resource.tries ?? 0) + 1;
          resource.doneAt = clock.now() + HELD_RETRY_SECONDS * SECOND;
          touch(stack);
          return;
        }
        if (!isAlreadyGone(error)) reason = error.message;
      }
    }
    delete resource.tries;
    if (reason === undefined) {
      const seconds = provider.deleteSeconds ?? provider.seconds;
      resource.doneAt = clock.now() + Math.round(seconds * SECOND * (0.8 + 0.4 * kernel.random()));
      touch(stack);
    } else {
      delete resource.doneAt;
      setResource(stack, resource, "DELETE_FAILED", reason);
    }
  }

  function writeOutputs(stack: StackDocument): void {
    const { parsed } = wanted(stack, stack.source);
    if (!parsed) return;
    const env = environment(stack, stack.source, parsed);
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
    delete stack.previous;
    if (operation.kind === "DELETE") stack.deletedAt = clock.now();
    if (operation.kind === "DELETE" || operation.kind === "ROLLBACK") stack.outputs = [];
    else writeOutputs(stack);
    setStatus(stack, `${operation.kind}_COMPLETE`);
    delete stack.operation;
  }

  timers.on(TIMER, (stackId) => {
    const stack = state.stacks.get(stackId);
    if (!stack?.operation) return;
    const { operation } = stack;
    finishDue(stack);
    if (operation.phase === "apply") {
      const round = apply(stack);
      touch(stack);
      if (round.failed !== undefined) {
        fail(stack, round.failed);
        return;
      }
      if (round.done) {
        operation.phase = "cleanup";
        if (operation.kind !== "CREATE") setStatus(stack, `${operation.kind}_COMPLETE_CLEANUP_IN_PROGRESS`);
        timers.set(TIMER, stackId, clock.now() + SECOND);
        return;
      }
    } else {
      const round = cleanup(stack);
      touch(stack);
      // What cannot be deleted after an update stays behind, and the update has succeeded all the same.
      const tolerated = operation.kind === "UPDATE" || operation.kind === "UPDATE_ROLLBACK";
      if (round.failed !== undefined && !tolerated) {
        fail(stack, round.failed);
        return;
      }
      if (round.done || round.failed !== undefined) {
        succeed(stack);
        return;
      }
    }
    const next = Math.min(
      ...[...Object.values(stack.resources), ...stack.leftovers]
        .filter(inProgress)
        .map((resource) => resource.doneAt ?? Number.POSITIVE_INFINITY),
    );
    timers.set(
      TIMER,
      stackId,
      Number.isFinite(next) ? Math.max(next, clock.now() + 1) : clock.now() + SECOND,
    );
  });

  return { start, template, environment, record };
}
