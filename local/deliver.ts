import { type AwsEndpoint, AwsError, type CallScope } from "./aws/contract.ts";
import type { Deliver } from "./events/delivery.ts";

const utf8 = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Hands what the bus and the scheduler deliver to its target, by the target's own API. */
export function createDeliver(endpoint: AwsEndpoint): Deliver {
  return async (target, payload, place) => {
    const service = target.arn.split(":")[2];
    const scope: CallScope = {
      ...place,
      principal: {
        type: "AWSService",
        arn: "events.amazonaws.com",
        account: place.account,
        accessKeyId: "",
        invokedBy: "events.amazonaws.com",
      },
    };
    switch (service) {
      case "lambda":
        return endpoint.call(
          "lambda",
          "Invoke",
          { FunctionName: target.arn, InvocationType: "Event", Payload: utf8(payload) },
          scope,
        );
      case "states":
        return endpoint.call(
          "sfn",
          "StartExecution",
          { stateMachineArn: target.arn, input: JSON.stringify(payload) },
          scope,
        );
      case "sns":
        return endpoint.call(
          "sns",
          "Publish",
          { TopicArn: target.arn, Message: JSON.stringify(payload) },
          scope,
        );
      default:
        throw new AwsError(
          "ResourceNotFoundException",
          `targets of ${service} are not served here: ${target.arn}`,
        );
    }
  };
}
