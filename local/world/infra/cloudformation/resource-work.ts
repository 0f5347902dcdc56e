import { AwsError, type Scope } from "../../../aws/contract.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { Faults } from "../../faults.ts";
import { placeOf } from "../state.ts";
import { isAlreadyGone, isHeld } from "./account-resources.ts";
import { environmentOf } from "./environment.ts";
import { resolve } from "./intrinsics.ts";
import type { Provider, ProviderContext } from "./provider.ts";
import type { Records } from "./records.ts";
import type { JsonObject, StackDocument, StackResource, StackSource, StackState } from "./state.ts";
import { isObject, type Template } from "./template.ts";

const SECOND = 1000;
/** A deletion that something holds up is tried for five minutes. */
const HELD_RETRY_SECONDS = 15;
const HELD_TRIES = 20;

export const inProgress = (resource: StackResource): boolean => resource.status.endsWith("_IN_PROGRESS");

export const exists = (resource: StackResource | undefined): resource is StackResource =>
  resource !== undefined && resource.status !== "DELETE_COMPLETE" && resource.status !== "DELETE_SKIPPED";

/**
 * Work on one resource of a stack: beginning to make or change it, beginning to delete it, seeing it gone.
 *
 * Faults asked here, subject `stack/NAME resource/LOGICAL type/TYPE`: `StackFails` (creation) and
 * `StackDeleteFails`, with the reason in `args.message`.
 */
export function createResourceWork(parts: {
  readonly kernel: Kernel;
  readonly faults: Faults;
  readonly state: StackState;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly records: Records;
}) {
  const { kernel, faults, state, providers } = parts;
  const { touch, setResource } = parts.records;
  const { clock, ids } = kernel;

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
    const resolved = attempt(() =>
      resolve(definition.properties, environmentOf(state, stack, source, parsed, clock.now())),
    );
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

  /** A resource under deletion is gone for good. */
  const isGone = (stack: StackDocument, resource: StackResource): boolean =>
    providerOf(resource.type).gone?.(resource.physicalId ?? "", context(stack, resource.logicalId, "")) ??
    true;

  return { begin, remove, isGone };
}
