import { createRequire } from "node:module";
import type { ServiceName } from "../contract.ts";
import { memo } from "../memo.ts";
import { SERVICES, type ServiceTraits } from "../services.ts";
import { type StructureShape, structureOf, type Traits } from "./shape.ts";

/** An operation of a service's model. */
export interface Operation {
  readonly name: string;
  readonly input: StructureShape;
  readonly output: StructureShape;
  /** Method, path template and status of a REST operation. */
  readonly http: { readonly method: string; readonly path: string; readonly status: number } | undefined;
}

export interface ErrorShape {
  readonly shape: StructureShape;
  /** Code on the wire; in query protocols it may differ from the shape's name. */
  readonly code: string;
  readonly status: number;
}

/** All that is known of a service from the SDK's published schemas. */
export interface ServiceModel extends ServiceTraits {
  readonly service: ServiceName;
  readonly operations: ReadonlyMap<string, Operation>;
  /** Modelled errors by shape name and by wire code. */
  readonly errors: ReadonlyMap<string, ErrorShape>;
  /** Values of an enumeration by the name the SDK exports it under. */
  enumValues(name: string): readonly string[] | undefined;
}

/** Namespace of the SDK's own base class of a service's errors, which is no error of the service. */
const SYNTHETIC = "smithy.ts.sdk.synthetic";

const require = createRequire(import.meta.url);
const models = new Map<ServiceName, ServiceModel>();

/**
 * The model of a service. The SDK package is loaded on first use, synchronously: in virtual time a module
 * must not be waited for, and EC2's schemas alone cost a quarter of a second that few runs need at start.
 */
export const modelOf = (service: ServiceName): ServiceModel =>
  memo(models, service, () =>
    read(service, require(`@aws-sdk/client-${service}`) as Record<string, unknown>),
  );

function read(service: ServiceName, sdk: Readonly<Record<string, unknown>>): ServiceModel {
  const operations = new Map<string, Operation>();
  const errors = new Map<string, ErrorShape>();
  for (const schema of Object.values(sdk)) {
    if (!Array.isArray(schema)) continue;
    if (schema[0] === 9) {
      const operation = operationOf(schema);
      operations.set(operation.name, operation);
    } else if (schema[0] === -3 && !String(schema[1]).startsWith(SYNTHETIC)) {
      const error = errorOf(structureOf(schema));
      errors.set(error.shape.name, error);
      errors.set(error.code, error);
    }
  }
  const enumValues = (name: string): readonly string[] | undefined => {
    const values = sdk[name];
    return values && typeof values === "object" && !Array.isArray(values)
      ? Object.values(values).filter((value) => typeof value === "string")
      : undefined;
  };
  return { ...SERVICES[service], service, operations, errors, enumValues };
}

function operationOf(schema: readonly unknown[]): Operation {
  const [, , name, traits, input, output] = schema;
  const { http } = (typeof traits === "object" && traits !== null ? traits : {}) as {
    http?: readonly [string, string, number];
  };
  let compiledInput: StructureShape | undefined;
  let compiledOutput: StructureShape | undefined;
  return {
    name: String(name),
    get input() {
      compiledInput ??= structureOf(input);
      return compiledInput;
    },
    get output() {
      compiledOutput ??= structureOf(output);
      return compiledOutput;
    },
    http: http && { method: http[0], path: http[1], status: http[2] },
  };
}

function errorOf(shape: StructureShape): ErrorShape {
  const traits: Traits & { readonly error?: "client" | "server" } = shape.traits;
  const [code, status] = traits.awsQueryError ?? [shape.name, undefined];
  return { shape, code, status: status ?? traits.httpError ?? (traits.error === "server" ? 500 : 400) };
}
