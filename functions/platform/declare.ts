import * as permissions from "../../adapters/permissions.ts";
import type { FunctionDeclaration, Grant } from "../../core/declaration.ts";

/** A task of the workflows, `functions/tasks/<name>.ts`. */
export const task = (
  name: string,
  purpose: string,
  grants: readonly Grant[],
  options: {
    readonly kubernetes?: boolean;
    readonly memoryMB?: number;
    readonly timeoutSeconds?: number;
    /** What it does with the store; reading an operation and its log and writing both unless told otherwise. */
    readonly store?: readonly Grant[];
  } = {},
): FunctionDeclaration => ({
  name,
  module: `functions/tasks/${name}.ts`,
  purpose,
  // The states that call a task give it 300 s (workflows/fragments/states.ts): it must know its end before them.
  timeoutSeconds: options.timeoutSeconds ?? (options.kubernetes ? 240 : 60),
  memoryMB: options.memoryMB ?? 512,
  kubernetes: options.kubernetes ?? false,
  grants: permissions.inAnyAccount(
    [...(options.store ?? permissions.operationLog), ...grants],
    options.kubernetes,
  ),
});

/** A function that a rule or a schedule starts: `functions/events/<name>.ts` or `functions/schedules/<name>.ts`. */
export const listener = (
  folder: "events" | "schedules",
  name: string,
  purpose: string,
  grants: readonly Grant[],
  options: {
    readonly kubernetes?: boolean;
    readonly memoryMB?: number;
    readonly timeoutSeconds?: number;
  } = {},
): FunctionDeclaration => ({
  name,
  module: `functions/${folder}/${name}.ts`,
  purpose,
  timeoutSeconds: options.timeoutSeconds ?? 60,
  memoryMB: options.memoryMB ?? 256,
  kubernetes: options.kubernetes ?? false,
  grants: permissions.inAnyAccount(grants, options.kubernetes),
});
