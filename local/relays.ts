import { gzipSync } from "node:zlib";
import { Uint8ArrayBlobAdapter } from "@smithy/core/serde";
import type { KubernetesRequest, KubernetesTransport } from "../adapters/kubernetes/transport.ts";
import type { CallScope, Scope, ServiceHandlers } from "./aws/contract.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { must, type Provider } from "./world/infra/cloudformation/provider.ts";

type LambdaHandlers = ServiceHandlers<typeof import("@aws-sdk/client-lambda")>;
type Invoke = NonNullable<LambdaHandlers["Invoke"]>;

type Eks = ServiceHandlers<typeof import("@aws-sdk/client-eks")>;

/** Throws Error, as a connection that does not come about, for an API server that is reached from its VPC alone. */
export function refusePrivate(
  eks: Eks,
  place: { readonly account: string; readonly region: string; readonly name: string },
  fromVpc: string | undefined,
): void {
  const { account, region, name } = place;
  const scope = {
    account,
    region,
    principal: { type: "Root", arn: `arn:aws:iam::${account}:root`, account, accessKeyId: "" },
    requestId: "",
    userAgent: "",
    sourceIp: "",
  } as const;
  const answer = eks.DescribeCluster?.({ name }, scope) as
    | { cluster?: { resourcesVpcConfig?: { endpointPublicAccess?: boolean; vpcId?: string } } }
    | undefined;
  const vpc = answer?.cluster?.resourcesVpcConfig;
  if (vpc?.endpointPublicAccess === false && vpc.vpcId !== fromVpc)
    throw new Error(`connect ETIMEDOUT: the endpoint of ${name} is private to ${vpc.vpcId}`);
}

/** The relays that stacks of managed-account/relay.yaml make: functions of any account, in the VPC of their stack. */
export interface Relays {
  /** For CloudFormation. */
  readonly resources: Readonly<Record<string, Provider>>;
  /** Lambda's Invoke with the relays in front of it. */
  invoke(rest: Invoke): Invoke;
}

const arnOf = ({ account, region }: Pick<CallScope, "account" | "region">, name: string): string =>
  name.startsWith("arn:") ? name : `arn:aws:lambda:${region}:${account}:function:${name}`;

/** Subnets tell the VPC on AWS; a relay's stack has it in the name of its function. */
const vpcIn = (name: string): string | undefined => /-relay-(vpc-[0-9a-f]+)$/.exec(name)?.[1];

/** `transport` is the way from a VPC to the API servers. */
export function createRelays(kernel: Kernel, transport: (vpcId: string) => KubernetesTransport): Relays {
  const known = kernel.durable.map<string>("lambda.relays");
  return {
    resources: {
      "AWS::Lambda::Function": {
        seconds: 20,
        required: ["Role", "Code"],
        create(properties, { scope }) {
          const name = must(properties, "FunctionName");
          const vpcId = vpcIn(name);
          const arn = arnOf(scope, name);
          if (vpcId !== undefined) known.set(arn, vpcId);
          return { physicalId: name, attributes: { Arn: arn } };
        },
        delete: (name, _, { scope }) => void known.delete(arnOf(scope, name)),
      },
    },
    invoke: (rest) => async (input, scope) => {
      const vpcId = known.get(arnOf(scope, input.FunctionName ?? ""));
      return vpcId === undefined ? rest(input, scope) : relay(transport(vpcId), input.Payload, scope);
    },
  };
}

async function relay(transport: KubernetesTransport, payload: unknown, _: Scope) {
  const request = JSON.parse(Buffer.from(payload as Uint8Array).toString("utf8")) as KubernetesRequest;
  const answer = (value: object) => Uint8ArrayBlobAdapter.fromString(JSON.stringify(value));
  try {
    const { status, headers, body } = await transport(request);
    return {
      StatusCode: 200,
      Payload: answer({ status, headers, body: gzipSync(body).toString("base64") }),
    };
  } catch (error) {
    const errorMessage = error instanceof Error ? error.message : String(error);
    return {
      StatusCode: 200,
      FunctionError: "Unhandled",
      Payload: answer({ errorType: "Error", errorMessage }),
    };
  }
}
