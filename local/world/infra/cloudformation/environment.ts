import { publicParameter } from "../images.ts";
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
  now: number,
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
    getAtt: (logicalId, attribute) =>
      attribute === "Ipv6CidrBlocks"
        ? ipv6Blocks(stack, logicalId)
        : own(own(stack.resources, logicalId)?.attributes ?? {}, attribute),
    region: stack.region,
    zones: zonesOf,
    mappings: parsed.mappings,
    conditions: parsed.conditions,
    parameter: (name) => publicParameter(stack.region, name, now),
    importValue: (name) =>
      [...state.stacks.values()]
        .filter((other) => other.account === stack.account && other.region === stack.region)
        .flatMap((other) => other.outputs)
        .find((output) => output.exportName === name)?.value,
  };
}

/** The IPv6 blocks that the stack has associated with its VPC so far. */
const ipv6Blocks = (stack: StackDocument, vpc: string): string[] =>
  Object.values(stack.resources).flatMap(({ type, properties, attributes }) =>
    type === "AWS::EC2::VPCCidrBlock" && properties.VpcId === own(stack.resources, vpc)?.physicalId
      ? (own(attributes, "Ipv6CidrBlock") ?? [])
      : [],
  );
