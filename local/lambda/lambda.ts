import type { Runtime } from "../../adapters/runtime.ts";
import type { FunctionDeclaration } from "../../core/declaration.ts";
import { type AwsEndpoint, AwsError, type ServiceHandlers } from "../aws/contract.ts";
import { DEFAULT_ACCOUNT, DEFAULT_REGION } from "../aws/identify.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { createLambdaApi, type FunctionModule, type RegisteredFunction } from "./api.ts";
import { createAsyncInvocations, type DeadLetter } from "./async-invocations.ts";
import { contextOf, type Invocation } from "./context.ts";
import { errorOutcome, type Outcome, resultOutcome, timedOut } from "./outcome.ts";

export type { FunctionModule };

/** Lambda, in this process. */
export interface Lambda {
  /**
   * Adds a function. The module is loaded by {@link Lambda.ready}; the runtime (one for all, or made for each
   * invocation) is put into the context.
   */
  register(
    declaration: FunctionDeclaration,
    load: () => Promise<FunctionModule>,
    runtime: Runtime | ((invocation: Invocation) => Runtime),
  ): void;
  /** Loads every module and takes up what a stopped process left. Call before timers and time start. */
  ready(): Promise<void>;
  /** From now on every function is there in this region too. */
  deployIn(region: string): void;
  /** ARN of a registered function, by the declaration's name. */
  arnOf(name: string): string;
  /** Runs a function and waits for it; `event` goes through JSON. Rejects with AwsError when there is none. */
  invoke(nameOrArn: string, event: unknown, requestId?: string): Promise<Outcome>;
  /** Accepts an asynchronous invocation: retried twice, then given to the dead-letter listeners. */
  invokeAsync(nameOrArn: string, event: unknown, requestId?: string): void;
  onDeadLetter(listener: (letter: DeadLetter) => void): void;
  /** Invocations begun, retries included, by the declaration's name. */
  readonly invocations: ReadonlyMap<string, number>;
  readonly handlers: ServiceHandlers<typeof import("@aws-sdk/client-lambda")>;
}

export interface LambdaOptions {
  readonly kernel: Kernel;
  /** Lambda's API is mounted here. */
  readonly endpoint: AwsEndpoint;
  readonly account?: string;
  readonly region?: string;
  /** Deployed name of a function; `slipway-local-NAME` unless told otherwise. */
  readonly functionName?: (declaration: FunctionDeclaration) => string;
}

export function createLambda(options: LambdaOptions): Lambda {
  const { kernel } = options;
  const { clock } = kernel;
  const account = options.account ?? DEFAULT_ACCOUNT;
  const region = options.region ?? DEFAULT_REGION;
  const functionName = options.functionName ?? ((declaration) => `slipway-local-${declaration.name}`);
  const functions = new Map<string, RegisteredFunction>();
  const invocations = new Map<string, number>();
  const deadLetterListeners: ((letter: DeadLetter) => void)[] = [];

  const regions = new Set([region]);
  const arnFor = (name: string): string => `arn:aws:lambda:${region}:${account}:function:${name}`;

  /** By name, ARN or partial ARN, with or without a qualifier, as the API takes it. */
  function find(nameOrArn: string): RegisteredFunction {
    const parts = nameOrArn.split(":");
    const at = parts.lastIndexOf("function");
    const name = parts[at === -1 ? (parts.length > 1 && /^\d{12}$/.test(parts[0] ?? "") ? 1 : 0) : at + 1];
    const found = name === undefined ? undefined : functions.get(name);
    // A function is reached in its own region only.
    const there = parts[0] !== "arn" || regions.has(parts[3] ?? "");
    if (found && there) return found;
    throw new AwsError("ResourceNotFoundException", `Function not found: ${arnFor(name ?? nameOrArn)}`, {
      status: 404,
      members: { Type: "User" },
    });
  }

  async function execute(fn: RegisteredFunction, event: unknown, requestId: string): Promise<Outcome> {
    const { declaration, functionName: name, arn, module } = fn;
    if (!module) throw new Error(`function ${declaration.name} is not loaded: await lambda.ready() first`);
    invocations.set(declaration.name, (invocations.get(declaration.name) ?? 0) + 1);
    const deadline = clock.now() + declaration.timeoutSeconds * 1000;
    const invocation: Invocation = {
      name: declaration.name,
      functionName: name,
      functionArn: arn,
      account,
      region,
      requestId,
    };
    const context = contextOf(invocation, fn.runtimeFor(invocation), {
      memoryMB: declaration.memoryMB,
      deadline,
      now: () => clock.now(),
    });
    return new Promise((resolve) => {
      const timer = clock.at(deadline, () => resolve(timedOut(requestId, declaration.timeoutSeconds)));
      const end = (outcome: Outcome): void => {
        timer.cancel();
        resolve(outcome);
      };
      // A handler that throws before its first await must not escape.
      void new Promise((settle) => settle(module.handler(event, context))).then(
        (result) => end(resultOutcome(result)),
        (error: unknown) => end(errorOutcome(error)),
      );
    });
  }

  const queue = createAsyncInvocations(
    kernel,
    async ({ functionArn, payload, requestId }) => execute(find(functionArn), JSON.parse(payload), requestId),
    (letter) => {
      for (const listener of deadLetterListeners) listener(letter);
    },
  );

  const handlers = createLambdaApi({
    account,
    find,
    all: () => [...functions.values()],
    run: execute,
    accept: ({ arn }, payload, requestId) => queue.accept({ requestId, functionArn: arn, payload }),
  });
  options.endpoint.serve("lambda", handlers);

  return {
    register(declaration, load, runtime) {
      const name = functionName(declaration);
      if (functions.has(name)) throw new Error(`function ${name} is registered twice`);
      functions.set(name, {
        declaration,
        functionName: name,
        arn: arnFor(name),
        load,
        runtimeFor: typeof runtime === "function" ? runtime : () => runtime,
        module: undefined,
      });
    },
    deployIn: (added) => void regions.add(added),
    async ready() {
      const unloaded = [...functions.values()].filter((fn) => !fn.module);
      const modules = await clock.track(Promise.all(unloaded.map((fn) => fn.load())));
      for (const [index, fn] of unloaded.entries()) fn.module = modules[index];
      queue.resume();
    },
    arnOf(name) {
      const fn = [...functions.values()].find(({ declaration }) => declaration.name === name);
      if (!fn) throw new Error(`no function ${name} is registered`);
      return fn.arn;
    },
    invoke: async (nameOrArn, event, requestId) =>
      execute(find(nameOrArn), JSON.parse(JSON.stringify(event)), requestId ?? kernel.ids.uuid()),
    invokeAsync(nameOrArn, event, requestId) {
      const { arn } = find(nameOrArn);
      queue.accept({
        requestId: requestId ?? kernel.ids.uuid(),
        functionArn: arn,
        payload: JSON.stringify(event),
      });
    },
    onDeadLetter: (listener) => void deadLetterListeners.push(listener),
    invocations,
    handlers,
  };
}
