import type { Kernel } from "../../kernel/kernel.ts";
import { IntegrationError, type SdkIntegrations } from "../contract.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { httpMetadata } from "./http-metadata.ts";
import type { CallContext, Integration } from "./integrations.ts";

const args = (value: Json): JsonObject => (isObject(value) ? value : {});

/** `Dynamodb.X` of the SDK integration becomes `DynamoDB.X`, as the optimized one names it. */
const renamed = (error: unknown, prefix: string): unknown => {
  if (!(error instanceof IntegrationError)) return error;
  const [, name = error.error] = /^[^.]+\.(.+)$/.exec(error.error) ?? [];
  return new IntegrationError(`${prefix}.${name}`, error.message);
};

/** `aws-sdk:service:action`: the response alone, without HTTP metadata. */
export function sdkIntegration(
  sdk: SdkIntegrations,
  service: string,
  action: string,
  callback: boolean,
): Integration {
  return {
    family: "Task",
    resourceType: `aws-sdk:${service}`,
    resource: callback ? `${action}.waitForTaskToken` : action,
    pattern: callback ? "callback" : "request",
    call: async ({ parameters, scope }) =>
      (await sdk.invoke(service, action, args(parameters), scope)) as JsonObject,
  };
}

interface Optimized {
  readonly service: string;
  readonly action: string;
  readonly callback: boolean;
  /** What errors begin with. */
  readonly prefix: string;
  readonly contentType: string;
  /** Changes the arguments into the service's. */
  readonly request?: (parameters: JsonObject, context: CallContext) => JsonObject;
  /** Looks for failures inside a response. */
  readonly check?: (response: JsonObject) => void;
}

function optimized(kernel: Kernel, sdk: SdkIntegrations, options: Optimized): Integration {
  const { service, action, callback, prefix } = options;
  return {
    family: "Task",
    resourceType: service,
    resource: callback ? `${action}.waitForTaskToken` : action,
    pattern: callback ? "callback" : "request",
    async call(context) {
      const parameters = args(context.parameters);
      const request = options.request?.(parameters, context) ?? parameters;
      let response: JsonObject;
      try {
        response = (await sdk.invoke(sdkName(service), action, request, context.scope)) as JsonObject;
      } catch (error) {
        throw renamed(error, prefix);
      }
      options.check?.(response);
      return {
        ...response,
        ...httpMetadata({
          ids: kernel.ids,
          now: kernel.clock.now(),
          length: JSON.stringify(response).length,
          contentType: options.contentType,
        }),
      };
    },
  };
}

/** The name that the SDK integrations know a service by. */
const sdkName = (service: string): string => (service === "events" ? "eventbridge" : service);

const asText = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

export function dynamodb(kernel: Kernel, sdk: SdkIntegrations, action: string): Integration {
  const contentType = "application/x-amz-json-1.0";
  return optimized(kernel, sdk, {
    service: "dynamodb",
    action,
    callback: false,
    prefix: "DynamoDB",
    contentType,
  });
}

export function sns(kernel: Kernel, sdk: SdkIntegrations, callback: boolean): Integration {
  return optimized(kernel, sdk, {
    service: "sns",
    action: "publish",
    callback,
    prefix: "SNS",
    contentType: "text/xml",
    request: (parameters) =>
      parameters.Message === undefined ? parameters : { ...parameters, Message: asText(parameters.Message) },
  });
}

/** Adds what Step Functions adds: details as text, and the ARNs of execution and machine among the resources. */
export function putEvents(kernel: Kernel, sdk: SdkIntegrations, callback: boolean): Integration {
  return optimized(kernel, sdk, {
    service: "events",
    action: "putEvents",
    callback,
    prefix: "EventBridge",
    contentType: "application/x-amz-json-1.1",
    request: (parameters, { execution }) => ({
      ...parameters,
      Entries: (Array.isArray(parameters.Entries) ? parameters.Entries : []).map((value: Json) => {
        const entry = args(value);
        const resources = Array.isArray(entry.Resources) ? entry.Resources : [];
        return {
          ...entry,
          ...(entry.Detail === undefined ? {} : { Detail: asText(entry.Detail) }),
          Resources: [...resources, execution.arn, execution.machine],
        };
      }),
    }),
    check: (response) => {
      if (Number(response.FailedEntryCount ?? 0) > 0)
        throw new IntegrationError("EventBridge.FailedEntry", JSON.stringify(response));
    },
  });
}

interface EksWait {
  readonly describe: string;
  readonly member: string;
  /** Members of the arguments that name the resource. */
  readonly keys: readonly string[];
  readonly deleting: boolean;
}

const EKS: Readonly<Record<string, EksWait>> = {
  createCluster: { describe: "describeCluster", member: "Cluster", keys: ["Name"], deleting: false },
  deleteCluster: { describe: "describeCluster", member: "Cluster", keys: ["Name"], deleting: true },
  createNodegroup: {
    describe: "describeNodegroup",
    member: "Nodegroup",
    keys: ["ClusterName", "NodegroupName"],
    deleting: false,
  },
  deleteNodegroup: {
    describe: "describeNodegroup",
    member: "Nodegroup",
    keys: ["ClusterName", "NodegroupName"],
    deleting: true,
  },
  createFargateProfile: {
    describe: "describeFargateProfile",
    member: "FargateProfile",
    keys: ["ClusterName", "FargateProfileName"],
    deleting: false,
  },
  deleteFargateProfile: {
    describe: "describeFargateProfile",
    member: "FargateProfile",
    keys: ["ClusterName", "FargateProfileName"],
    deleting: true,
  },
};

export const isEksAction = (action: string): boolean => Object.hasOwn(EKS, action);

/** The optimized EKS actions; `.sync` asks for the resource until it is ACTIVE, or gone. */
export function eks(
  kernel: Kernel,
  sdk: SdkIntegrations,
  action: string,
  sync: boolean,
): Integration | undefined {
  const wait = EKS[action];
  if (!wait) return undefined;
  const plain = optimized(kernel, sdk, {
    service: "eks",
    action,
    callback: false,
    prefix: "EKS",
    contentType: "application/json",
  });
  if (!sync) return plain;
  return {
    ...plain,
    resource: `${action}.sync`,
    pattern: "poll",
    async poll({ parameters, scope }, response) {
      const named = args(parameters);
      const request = Object.fromEntries(wait.keys.map((key) => [key, named[key] ?? null]));
      let described: JsonObject;
      try {
        described = (await sdk.invoke("eks", wait.describe, request, scope)) as JsonObject;
      } catch (error) {
        const gone = error instanceof IntegrationError && error.error.endsWith(".ResourceNotFoundException");
        if (gone && wait.deleting) return { done: true, output: response };
        throw renamed(error, "EKS");
      }
      const status = args(described[wait.member] ?? null).Status;
      if (status === "ACTIVE" && !wait.deleting) return { done: true, output: described };
      if (typeof status === "string" && status.endsWith("FAILED"))
        throw new IntegrationError("States.TaskFailed", JSON.stringify(described));
      return { done: false };
    },
  };
}
