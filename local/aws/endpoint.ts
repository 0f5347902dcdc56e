import type { Kernel } from "../kernel/kernel.ts";
import { copyInput, copyOutput, memberCopier } from "./codec/members.ts";
import { type Problem, type Representation, walk } from "./codec/walk.ts";
import {
  type AnyHandlers,
  type AwsEndpoint,
  AwsError,
  type CallRecord,
  type Scope,
  type ServiceName,
  type WireRequest,
  type WireResponse,
} from "./contract.ts";
import { internalFailure, invalidRequest, notImplemented } from "./errors.ts";
import { foreignService } from "./foreign-service.ts";
import { createIdentify, credentialScope, DEFAULT_ACCOUNT, DEFAULT_REGION, serviceOf } from "./identify.ts";
import { memo } from "./memo.ts";
import { memberCheck } from "./model/enums.ts";
import { modelOf, type Operation, type ServiceModel } from "./model/service-model.ts";
import { awsJsonCodec, rawJsonAnswer } from "./protocol/aws-json.ts";
import { bodyText, conform, type ProtocolCodec } from "./protocol/protocol.ts";
import { ec2Codec, queryCodec } from "./protocol/query.ts";
import { restJsonCodec } from "./protocol/rest-json.ts";
import { callRaw, type RawHandler, rawBody, rawHandler, readRaw } from "./raw.ts";
import type { Protocol } from "./services.ts";

const CODECS: Readonly<Record<Protocol, ProtocolCodec>> = {
  restJson: restJsonCodec,
  "awsJson1.0": awsJsonCodec,
  "awsJson1.1": awsJsonCodec,
  query: queryCodec,
  ec2: ec2Codec,
};

/** A defect of a service: an error that is not an {@link AwsError}, thrown while it answered. */
export interface ServiceDefect {
  /** Undefined when it broke before the service was known. */
  readonly service: ServiceName | undefined;
  readonly operation: string;
  readonly requestId: string;
  readonly error: unknown;
}

export interface EndpointOptions {
  readonly kernel: Kernel;
  /** Account of callers whose access key names none. */
  readonly account?: string;
  /** Region of unsigned requests. */
  readonly region?: string;
  /** Told of defects, whose details a caller must not see. */
  readonly onDefect?: (defect: ServiceDefect) => void;
}

type Handler = (input: never, scope: Scope) => unknown;

/** The AWS-compatible endpoint: every operation of thirteen services parses; those with a handler behave. */
export function createEndpoint(options: EndpointOptions): AwsEndpoint {
  const { kernel } = options;
  const onDefect = options.onDefect ?? ((defect) => console.error("service defect", defect));
  const identify = createIdentify(kernel, {
    account: options.account ?? DEFAULT_ACCOUNT,
    region: options.region ?? DEFAULT_REGION,
  });
  const services = new Map<ServiceName, AnyHandlers>();
  const observers: ((call: CallRecord) => void)[] = [];
  const hooks: ((call: Omit<CallRecord, "output" | "error">) => void)[] = [];

  /** Runs a call through hooks and past observers; rejects with an AwsError only. */
  async function observe<T>(
    model: ServiceModel,
    operation: Operation,
    scope: Scope,
    work: {
      readonly input: () => Record<string, unknown>;
      readonly run: () => Promise<T>;
      readonly output: (result: T) => Record<string, unknown>;
    },
  ): Promise<T> {
    const { service } = model;
    const record = {
      service,
      operation: operation.name,
      // A copy, made only for those who look: a handler may keep or change its input.
      input: observers.length + hooks.length > 0 ? work.input() : {},
      scope,
      time: kernel.clock.now(),
    };
    const tell = (call: CallRecord): void => {
      for (const observer of observers) observer(call);
    };
    let result: T;
    try {
      for (const hook of hooks) hook(record);
      result = await work.run();
    } catch (thrown) {
      const known = thrown instanceof AwsError ? thrown : internalFailure(model);
      const error = conform(known, model, scope.requestId);
      if (known !== thrown)
        onDefect({ service, operation: operation.name, requestId: scope.requestId, error: thrown });
      tell({ ...record, error });
      throw error;
    }
    if (observers.length > 0) tell({ ...record, output: work.output(result) });
    return result;
  }

  /** Checks an input that came without a wire, and carries the call out. */
  async function checked(
    service: ServiceName,
    name: string,
    input: object,
    scope: Scope,
    kept: boolean,
  ): Promise<Record<string, unknown>> {
    const model = modelOf(service);
    const operation = model.operations.get(name);
    if (!operation)
      throw new AwsError("UnknownOperationException", `Service ${service} has no operation ${name}`, {
        status: 404,
      });
    const problems: Problem[] = [];
    const copy = walk(operation.input, input, copierOf(model), problems);
    if (problems.length > 0) throw conform(invalidRequest(problems, model), model, scope.requestId);
    return run(model, operation, copy as Record<string, unknown>, scope, kept);
  }

  const copiers = new Map<ServiceModel, Representation>();
  const copierOf = (model: ServiceModel): Representation =>
    memo(copiers, model, () =>
      memberCopier({
        required: true,
        strict: true,
        token: () => kernel.ids.uuid(),
        check: memberCheck(model),
      }),
    );

  /** Hands a validated call to its handler. `kept`: the caller keeps the answer itself and may change it. */
  function run(
    model: ServiceModel,
    operation: Operation,
    input: Record<string, unknown>,
    scope: Scope,
    kept = false,
  ): Promise<Record<string, unknown>> {
    const handlers = services.get(model.service);
    const raw = rawHandler(handlers);
    return observe(model, operation, scope, {
      input: () => copyInput(operation.input, input),
      run: async () => {
        if (raw) {
          const body = await callRaw(raw, model, operation, rawBody(operation, input), scope);
          return readRaw(operation.output, body);
        }
        const handler: Handler | undefined = handlers?.[operation.name];
        if (!handler) throw notImplemented(model.service, operation.name);
        return copyOutput(operation.output, await handler(input as never, scope));
      },
      output: (result) => (kept ? copyOutput(operation.output, result) : result),
    });
  }

  /** Hands the body of a request to a raw handler, and its answer back. */
  async function pass(
    raw: RawHandler,
    model: ServiceModel,
    operation: Operation,
    body: string,
    scope: Scope,
  ): Promise<WireResponse> {
    const text = await observe(model, operation, scope, {
      input: () => readRaw(operation.input, body),
      run: () => callRaw(raw, model, operation, body, scope),
      output: (result) => readRaw(operation.output, result),
    });
    return rawJsonAnswer(text, model, scope.requestId);
  }

  async function answer(request: WireRequest, requestId: string): Promise<WireResponse> {
    const credential = credentialScope(request);
    const service = serviceOf(request, credential);
    if (!service && credential) return foreignService(request, credential.signingName, requestId);
    if (!service) {
      const error = new AwsError(
        "UnknownOperationException",
        `No AWS service of this platform answers ${request.method} ${request.path}`,
        { status: 404 },
      );
      return restJsonCodec.encodeError(error, undefined, requestId);
    }
    const model = modelOf(service);
    const codec = CODECS[model.protocol];
    try {
      const scope = identify(request, credential, requestId);
      if (scope instanceof AwsError) return codec.encodeError(scope, model, requestId);
      const operation = codec.operation(request, model);
      const raw = rawHandler(services.get(service));
      if (raw) return await pass(raw, model, operation, bodyText(request), scope);
      const { input, problems } = codec.decode(request, operation, model, memberCheck(model));
      if (problems.length > 0) throw invalidRequest(problems, model);
      return codec.encode(await run(model, operation, input, scope), operation, model, requestId);
    } catch (error) {
      if (error instanceof AwsError)
        return codec.encodeError(conform(error, model, requestId), model, requestId);
      onDefect({ service, operation: "", requestId, error });
      return codec.encodeError(internalFailure(model), model, requestId);
    }
  }

  return {
    async handle(request) {
      const requestId = kernel.ids.uuid();
      try {
        return await answer(request, requestId);
      } catch (error) {
        // The request was refused, or something broke, before it was clear which protocol it speaks.
        if (error instanceof AwsError) return restJsonCodec.encodeError(error, undefined, requestId);
        onDefect({ service: undefined, operation: "", requestId, error });
        return restJsonCodec.encodeError(internalFailure(undefined), undefined, requestId);
      }
    },

    async direct(service, name, input, headers) {
      const requestId = kernel.ids.uuid();
      const request = { headers, query: {} };
      const scope = identify(request, credentialScope(request), requestId);
      if (scope instanceof AwsError) throw scope;
      return checked(service, name, input, scope, false);
    },

    call(service, name, input, callScope) {
      const scope: Scope = {
        userAgent: callScope.principal.invokedBy ?? "slipway",
        sourceIp: callScope.principal.invokedBy ?? "127.0.0.1",
        ...callScope,
        requestId: callScope.requestId ?? kernel.ids.uuid(),
      };
      return checked(service, name, input, scope, true);
    },

    serve(service, handlers) {
      services.set(service, { ...services.get(service), ...handlers });
    },
    onCall: (observer) => void observers.push(observer),
    beforeCall: (hook) => void hooks.push(hook),
  };
}
