import type { Kernel } from "../../../kernel/kernel.ts";
import { must, type Provider, str } from "./provider.ts";
import type { JsonObject } from "./state.ts";

/**
 * Resources of a network that are there, with their ids, and do nothing in the simulation: IPv6 blocks, endpoints,
 * gateways out of it, key pairs.
 */
export function routingResources(kernel: Kernel): Record<string, Provider> {
  const { ids } = kernel;
  const named = (
    prefix: string,
    seconds: number,
    required: readonly string[],
    attributes: (properties: JsonObject, physicalId: string) => Record<string, string> = (_p, id) => ({
      Id: id,
    }),
  ): Provider => ({
    required,
    seconds,
    create(properties) {
      const physicalId = `${prefix}-0${ids.hex(16)}`;
      return { physicalId, attributes: attributes(properties, physicalId) };
    },
    update: () => undefined,
    delete: () => undefined,
  });
  return {
    "AWS::EC2::VPCCidrBlock": named("vpc-cidr-assoc", 5, ["VpcId"], (properties, Id) =>
      properties.AmazonProvidedIpv6CidrBlock === true
        ? { Id, Ipv6CidrBlock: `2600:1f16:${ids.hex(3)}:${ids.hex(2)}00::/56` }
        : { Id, CidrBlock: str(properties, "CidrBlock") ?? "" },
    ),
    "AWS::EC2::EgressOnlyInternetGateway": named("eigw", 10, ["VpcId"]),
    "AWS::EC2::VPCEndpoint": named("vpce", 60, ["VpcId", "ServiceName"]),
    "AWS::EC2::TransitGatewayAttachment": named("tgw-attach", 60, ["TransitGatewayId", "VpcId", "SubnetIds"]),
    "AWS::EC2::KeyPair": {
      required: ["KeyName"],
      seconds: 4,
      create: (properties) => ({
        physicalId: must(properties, "KeyName"),
        attributes: { KeyPairId: `key-0${ids.hex(16)}` },
      }),
      delete: () => undefined,
    },
  };
}
