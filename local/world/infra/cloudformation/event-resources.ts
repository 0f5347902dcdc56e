import type { PutTargetsCommandInput, RuleState } from "@aws-sdk/client-eventbridge";
import type { ServiceHandlers } from "../../../aws/contract.ts";
import { must, objects, type Provider, type ProviderContext, str } from "./provider.ts";
import type { JsonObject } from "./state.ts";

type EventBridge = ServiceHandlers<typeof import("@aws-sdk/client-eventbridge")>;
type Calls = Required<
  Pick<EventBridge, "PutRule" | "PutTargets" | "ListTargetsByRule" | "RemoveTargets" | "DeleteRule">
>;

/** The calls that a stack makes; the bus answers all of them at once. */
function callsOf(eventbridge: EventBridge): Calls {
  const { PutRule, PutTargets, ListTargetsByRule, RemoveTargets, DeleteRule } = eventbridge;
  if (!PutRule || !PutTargets || !ListTargetsByRule || !RemoveTargets || !DeleteRule)
    throw new TypeError("the event bus does not serve rules");
  return { PutRule, PutTargets, ListTargetsByRule, RemoveTargets, DeleteRule };
}

/** Rules of the bus with their targets. */
export function eventResources(eventbridge: EventBridge): Record<string, Provider> {
  const calls = callsOf(eventbridge);
  const busOf = (properties: JsonObject) => ({ EventBusName: str(properties, "EventBusName") });
  const put = (name: string, properties: JsonObject, { scope }: ProviderContext): string => {
    const made = calls.PutRule(
      {
        Name: name,
        ...busOf(properties),
        Description: str(properties, "Description"),
        State: str(properties, "State") as RuleState | undefined,
        ScheduleExpression: str(properties, "ScheduleExpression"),
        ...(properties.EventPattern === undefined
          ? {}
          : { EventPattern: JSON.stringify(properties.EventPattern) }),
      },
      scope,
    );
    // CloudFormation's members are those of the API.
    const Targets = objects(properties, "Targets") as unknown as PutTargetsCommandInput["Targets"];
    if (Targets?.length) calls.PutTargets({ Rule: name, ...busOf(properties), Targets }, scope);
    return (made as { RuleArn: string }).RuleArn;
  };
  const clear = (name: string, properties: JsonObject, { scope }: ProviderContext): void => {
    const listed = calls.ListTargetsByRule({ Rule: name, ...busOf(properties) }, scope);
    const Ids = ((listed as { Targets?: { Id?: string }[] }).Targets ?? []).flatMap(({ Id }) => Id ?? []);
    if (Ids.length > 0) calls.RemoveTargets({ Rule: name, ...busOf(properties), Ids }, scope);
  };
  return {
    "AWS::Events::Rule": {
      seconds: 62,
      deleteSeconds: 62,
      create(properties, context) {
        const name = str(properties, "Name") ?? context.generatedName.slice(0, 64);
        if (properties.EventPattern === undefined) must(properties, "ScheduleExpression");
        const arn = put(name, properties, context);
        return { physicalId: name, attributes: { Arn: arn } };
      },
      update(name, properties, previous, context) {
        if (str(properties, "Name") !== str(previous, "Name")) return undefined;
        clear(name, previous, context);
        return { Arn: put(name, properties, context) };
      },
      delete(name, properties, context) {
        clear(name, properties, context);
        calls.DeleteRule({ Name: name, ...busOf(properties) }, context.scope);
      },
    },
  };
}
