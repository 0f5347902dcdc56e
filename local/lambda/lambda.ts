import type { FunctionConfiguration, InvokeCommand } from "@aws-sdk/client-lambda";
import { Uint8ArrayBlobAdapter } from "@smithy/core/serde";
import type { Runtime } from "../../adapters/runtime.ts";
import type { FunctionDeclaration } from "../../core/declaration.ts";
import {
  type AwsEndpoint,
  AwsError,
  type InputOf,
  type OutputOf,
  type Scope,
  type ServiceHandlers,
} from "../aws/contract.ts";
import { DEFAULT_ACCOUNT, DEFAULT_REGION } from "../aws/identify.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { createAsyncInvocations, type DeadLetter } from "./async-invocations.ts";
import { contextOf, type Invocation } from "./context.ts";
import { ASYNC_LIMIT, errorOutcome, type Outcome, resultOutcome, SYNC_LIMIT, timedOut } from "./outcome.ts";

/** A loaded module of a function. */
export interface FunctionModule {
  readonly handler: (event: unknown, context: object) => Promise<unknown>;
}

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

interface RegisteredFunction {
  readonly declaration: FunctionDeclaration;
  readonly functionName: string;
  readonly arn: string;
  readonly load: () => Promise<FunctionModule>;
  readonly runtimeFor: (invocation: Invocation) => Runtime;
  module: FunctionModule | undefined;
}

type InvokeInput = InputOf<typeof InvokeCommand>;
type InvokeOutput = OutputOf<typeof InvokeCommand>;

const utf8 = new TextDecoder();

export function createLambda(options: LambdaOptions): Lambda {
  const { kernel } = options;
  const { clock } = kernel;
  const account = options.account ?? DEFAULT_ACCOUNT;
  const region = options.region ?? DEFAULT_REGION;
  const functionName = options.functionName ?? ((declaration) => `slipway-local-${declaration.name}`);
  const functions = new Map<string, RegisteredFunction>();
  const invocations = new Map<string, number>();
  const deadLetterListeners: ((letter: DeadLetter) => void)[] = [];

  const arnFor = (name: string): string => `arn:aws:lambda:${region}:${account}:function:${name}`;

  /** By name, ARN or partial ARN, with or without a qualifier, as the API takes it. */
  function find(nameOrArn: string): RegisteredFunction {
    const parts = nameOrArn.split(":");
    const at = parts.lastIndexOf("function");
    const name = parts[at === -1 ? (parts.length > 1 && /^\d{12}$/.test(parts[0] ?? "") ? 1 : 0) : at + 1];
    const found = name === undefined ? undefined : functions.get(name);
    if (found) return found;
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

  const configuration = ({ declaration, functionName: name, arn }: RegisteredFunction) =>
    ({
      FunctionName: name,
      FunctionArn: arn,
      Description: declaration.purpose,
      Runtime: "nodejs24.x",
      Handler: "index.handler",
      Role: `arn:aws:iam::${account}:role/${name}`,
      Timeout: declaration.timeoutSeconds,
      MemorySize: declaration.memoryMB,
      PackageType: "Zip",
      Architectures: ["arm64"],
      Version: "$LATEST",
      State: "Active",
      LastUpdateStatus: "Successful",
    }) satisfies FunctionConfiguration;

  async function invokeHandler(input: InvokeInput, scope: Scope): Promise<InvokeOutput> {
    const fn = find(input.FunctionName ?? "");
    const kind = input.InvocationType ?? "RequestResponse";
    if (kind === "DryRun") return { StatusCode: 204 };
    // The endpoint hands blobs over as bytes; the SDK's type allows more.
    const bytes = input.Payload instanceof Uint8Array ? input.Payload : new Uint8Array();
    const limit = kind === "Event" ? ASYNC_LIMIT : SYNC_LIMIT;
    if (bytes.byteLength > limit)
      throw new AwsError(
        "RequestTooLargeException",
        `${bytes.byteLength} byte payload is too large for the ${kind} invocation type (limit ${limit} bytes)`,
        { status: 413, members: { Type: "User" } },
      );
    const text = bytes.byteLength === 0 ? "{}" : utf8.decode(bytes);
    const event = parsePayload(text);
    if (kind === "Event") {
      queue.accept({ requestId: scope.requestId, functionArn: fn.arn, payload: text });
      return { StatusCode: 202 };
    }
    const outcome = await execute(fn, event, scope.requestId);
    return {
      StatusCode: 200,
      ExecutedVersion: "$LATEST",
      Payload: Uint8ArrayBlobAdapter.fromString(outcome.payload),
      ...(outcome.functionError ? { FunctionError: outcome.functionError } : {}),
    };
  }

  const handlers: Lambda["handlers"] = {
    Invoke: (input, scope) => invokeHandler(input, scope),
    GetFunctionConfiguration: (input) => configuration(find(input.FunctionName ?? "")),
    GetFunction: (input) => {
      const fn = find(input.FunctionName ?? "");
      return {
        Configuration: configuration(fn),
        Code: { RepositoryType: "S3", Location: fn.declaration.module },
        Tags: { "slipway.dev/function": fn.declaration.name },
      };
    },
    ListFunctions: (input) => {
      const all = [...functions.values()].sort((a, b) => (a.functionName < b.functionName ? -1 : 1));
      const from = input.Marker === undefined ? 0 : Number(input.Marker);
      const to = from + Math.min(input.MaxItems ?? 50, 50);
      return {
        Functions: all.slice(from, to).map(configuration),
        ...(to < all.length ? { NextMarker: String(to) } : {}),
      };
    },
  };
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

function parsePayload(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AwsError(
      "InvalidRequestContentException",
      `Could not parse request body into json: ${error instanceof Error ? error.message : String(error)}`,
      { status: 400, members: { Type: "User" } },
    );
  }
}
