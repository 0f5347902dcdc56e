import type { AwsEndpoint } from "../../aws/contract.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { SdkIntegrations } from "../contract.ts";
import { createAssume } from "../states/task-scope.ts";
import type { Integration, Integrations } from "./integrations.ts";
import { lambdaIntegrations } from "./lambda.ts";
import { parseResource, type Resource } from "./resource.ts";
import { dynamodb, eks, isEksAction, putEvents, sdkIntegration, sns } from "./services.ts";
import { startExecution } from "./states.ts";

const DYNAMODB = new Set(["getItem", "putItem", "updateItem", "deleteItem"]);
const CALLBACK = ".waitForTaskToken";

/** Patterns each optimized integration offers; undefined when there is no such integration. */
export function patternsOf(service: string, action: string): readonly string[] | undefined {
  const name = `${service}:${action}`;
  if (name === "lambda:invoke" || name === "sns:publish" || name === "events:putEvents")
    return ["", CALLBACK];
  if (name === "states:startExecution") return ["", ".sync", ".sync:2", CALLBACK];
  if (service === "dynamodb" && DYNAMODB.has(action)) return [""];
  if (service === "eks" && isEksAction(action)) return ["", ".sync"];
  return undefined;
}

/** All integrations; each resource is looked up once. */
export function createIntegrations(
  kernel: Kernel,
  endpoint: AwsEndpoint,
  sdk: SdkIntegrations,
): Integrations {
  const lambda = lambdaIntegrations(kernel, endpoint);
  const found = new Map<string, Integration | undefined>();

  function optimized(resource: Resource & { kind: "optimized" }): Integration | undefined {
    const { service, action, pattern } = resource;
    if (!patternsOf(service, action)?.includes(pattern)) return undefined;
    const callback = pattern === CALLBACK;
    switch (service) {
      case "lambda":
        return lambda.optimized(callback);
      case "states":
        return startExecution(kernel, endpoint, pattern);
      case "events":
        return putEvents(kernel, sdk, callback);
      case "sns":
        return sns(kernel, sdk, callback);
      case "dynamodb":
        return dynamodb(kernel, sdk, action);
      default:
        return eks(kernel, sdk, action, pattern === ".sync");
    }
  }

  function build(text: string): Integration | undefined {
    const resource = parseResource(text);
    switch (resource?.kind) {
      case undefined:
        return undefined;
      case "function":
        return lambda.byArn(resource.arn, resource.region);
      case "sdk":
        return sdkIntegration(sdk, resource.service, resource.action, resource.callback);
      case "optimized":
        return optimized(resource);
    }
  }

  return {
    assume: createAssume(kernel, endpoint),
    find(resource) {
      if (!found.has(resource)) found.set(resource, build(resource));
      return found.get(resource);
    },
  };
}
