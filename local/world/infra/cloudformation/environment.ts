import { zonesOf } from "../zones.ts";
import type { Environment } from "./intrinsics.ts";
import { own, type StackDocument, type StackSource, type StackState } from "./state.ts";
import type { Template } from "./template.ts";

/** Parameters, resources and exports as functions of a template see them. */
export function environmentOf(
  state: StackState,
  stack: StackDocument,
  source: StackSource,
  parsed: Template,
): Environment {
  const pseudo: Record<string, string> = {
    "AWS::AccountId": stack.account,
    "AWS::Region": stack.region,
    "AWS::StackName": stack.stackName,
    "AWS::StackId": stack.stackId,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
  };
  return {
    ref(name) {
      const value = own(source.parameters, name);
      if (value === undefined) return own(pseudo, name) ?? own(stack.resources, name)?.physicalId;
      const type = parsed.parameters[name]?.type ?? "String";
      return type.startsWith("List<") || type === "CommaDelimitedList"
        ? value.split(",").map((v) => v.trim())
        : value;
    },
    getAtt: (logicalId, attribute) => own(own(stack.resources, logicalId)?.attributes ?? {}, attribute),
    region: stack.region,
    zones: zonesOf,
    mappings: parsed.mappings,
    conditions: parsed.conditions,
    importValue: (name) =>
      [...state.stacks.values()]
        .filter((other) => other.account === stack.account && other.region === stack.region)
        .flatMap((other) => other.outputs)
        .find((output) => output.exportName === name)?.value,
  };
}
