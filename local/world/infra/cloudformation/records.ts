import type { Kernel } from "../../../kernel/kernel.ts";
import { placeOf } from "../state.ts";
import type { StackDocument, StackResource, StackState } from "./state.ts";

/** Writes statuses of stacks and resources, each with its event. */
export function createRecords(kernel: Kernel, state: StackState) {
  const { clock, ids } = kernel;
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

  return { touch, setStatus, setResource };
}

export type Records = ReturnType<typeof createRecords>;
