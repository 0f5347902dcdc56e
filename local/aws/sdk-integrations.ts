import { IntegrationError, type SdkIntegrations } from "../asl/contract.ts";
import { checkArguments, readArguments, writeResult } from "./codec/states.ts";
import type { Problem } from "./codec/walk.ts";
import { type AwsEndpoint, AwsError, type ServiceName } from "./contract.ts";
import { modelOf, type Operation, type ServiceModel } from "./model/service-model.ts";
import { SERVICE_NAMES, SERVICES } from "./services.ts";

const BY_STATES_NAME: ReadonlyMap<string, ServiceName> = new Map(
  SERVICE_NAMES.flatMap((service) => SERVICES[service].statesNames.map((name) => [name, service] as const)),
);

interface Target {
  readonly service: ServiceName;
  readonly model: ServiceModel;
  readonly operation: Operation;
}

/** The operation behind `aws-sdk:SERVICE:ACTION`, or what is wrong with the name. */
function resolve(service: string, action: string): Target | string {
  const name = BY_STATES_NAME.get(service);
  if (!name)
    return `The service "${service}" is not supported in arn:aws:states:::aws-sdk:${service}:${action}`;
  const model = modelOf(name);
  const operation = /^[a-z]/.test(action)
    ? model.operations.get(action.charAt(0).toUpperCase() + action.slice(1))
    : undefined;
  if (operation) return { service: name, model, operation };
  return `The action "${action}" is not supported by the service "${service}"; actions are in camelCase`;
}

function describe(problem: Problem): string {
  switch (problem.kind) {
    case "missing":
      return `The field "${problem.path}" is required but was missing`;
    case "unknown":
      return `${problem.path}: ${problem.message}`;
    default:
      return `The value for the field "${problem.path}" is wrong: ${problem.message}`;
  }
}

/** Name of the SDK for Java's class for an error: modelled ones end in Exception, others are the service's own. */
function exceptionName(error: AwsError, model: ServiceModel): string {
  const shape = model.errors.get(error.code)?.shape.name;
  if (!shape) return `${model.javaName}Exception`;
  if (shape.endsWith("Exception")) return shape;
  return `${shape.endsWith("Fault") ? shape.slice(0, -"Fault".length) : shape}Exception`;
}

function integrationError(error: AwsError, model: ServiceModel): IntegrationError {
  const { javaName } = model;
  const cause = `${error.message} (Service: ${javaName}, Status Code: ${error.status}, Request ID: ${error.requestId ?? "null"})`;
  return new IntegrationError(`${javaName}.${exceptionName(error, model)}`, cause);
}

/** Step Functions' AWS SDK integrations over the endpoint; see {@link SdkIntegrations}. */
export function createSdkIntegrations(endpoint: AwsEndpoint): SdkIntegrations {
  return {
    check(service, action, args) {
      const target = resolve(service, action);
      if (typeof target === "string") return [target];
      const problems: Problem[] = [];
      checkArguments(target.operation.input, args ?? {}, problems);
      return problems.map(describe);
    },

    async invoke(service, action, args, scope) {
      const target = resolve(service, action);
      if (typeof target === "string") throw new IntegrationError("States.Runtime", target);
      const problems: Problem[] = [];
      const input = readArguments(target.operation.input, args, problems);
      if (problems.length > 0)
        throw new IntegrationError(
          "States.Runtime",
          `The Arguments '${JSON.stringify(args)}' could not be used to start the Task: [${problems.map(describe).join("; ")}]`,
        );
      try {
        const output = await endpoint.call(target.service, target.operation.name, input as object, scope);
        return writeResult(target.operation.output, output);
      } catch (error) {
        if (error instanceof AwsError) throw integrationError(error, target.model);
        throw error;
      }
    },
  };
}
