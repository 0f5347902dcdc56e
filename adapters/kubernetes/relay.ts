import { gunzipSync } from "node:zlib";
import type { Cluster } from "@aws-sdk/client-eks";
import { RetryableError } from "../../core/errors.ts";
import { awsErrorName, fromAws } from "../aws/errors.ts";
import { createSend } from "../aws/operations/client.ts";
import { invokeFunction } from "../aws/operations/operations.ts";
import type { Runtime } from "../runtime.ts";
import { perRuntime } from "../system-runtime.ts";
import type { KubernetesReply, KubernetesTransport } from "./transport.ts";

/**
 * The function that managed-account/relay.yaml puts into a VPC whose API servers Slipway cannot reach itself. It
 * passes requests on and knows nothing of Slipway (docs/decisions/0022-relay.md).
 */
export const relayName = (stage: string, vpcId: string): string => `slipway-${stage}-relay-${vpcId}`;

/** When a VPC was last found to have no relay: milliseconds since the epoch. */
const without = perRuntime(() => new Map<string, number>());
/** Somebody may put one there because of what we said: not for long is it taken for granted that there is none. */
const FORGET_MS = 120_000;

/** Whether everybody can reach the API server of a cluster: then nobody needs a relay. */
function isOpen({ resourcesVpcConfig: vpc }: Cluster): boolean {
  return (
    vpc?.endpointPublicAccess !== false && (vpc?.publicAccessCidrs ?? ["0.0.0.0/0"]).includes("0.0.0.0/0")
  );
}

/**
 * How the API server of a cluster is reached: through the relay of its VPC where its endpoint is not open to all
 * and the VPC has one, else directly.
 */
export function transportTo(runtime: Runtime, cluster: Cluster): KubernetesTransport {
  const vpcId = cluster.resourcesVpcConfig?.vpcId ?? "";
  if (vpcId === "" || isOpen(cluster)) return runtime.kubernetes;
  return async (request) => {
    const missing = without(runtime);
    const since = missing.get(vpcId);
    if (since !== undefined && runtime.clock.now() - since < FORGET_MS) return runtime.kubernetes(request);
    const name = relayName(runtime.config.stage, vpcId);
    try {
      return await relayed(runtime, name, request);
    } catch (error) {
      if (awsErrorName(error) !== "ResourceNotFoundException") throw error;
      missing.set(vpcId, runtime.clock.now());
      return runtime.kubernetes(request);
    }
  };
}

async function relayed(
  runtime: Runtime,
  name: string,
  request: Parameters<KubernetesTransport>[0],
): Promise<KubernetesReply> {
  const reply = await invoke(runtime, name, request);
  const answer = JSON.parse(Buffer.from(reply.Payload ?? new Uint8Array()).toString("utf8")) as {
    readonly errorMessage?: string;
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    /** Base64 of gzip: a page of pods as text would not fit into an answer of Lambda's. */
    readonly body?: string;
  };
  if (reply.FunctionError !== undefined || answer.status === undefined)
    throw new RetryableError(`the relay ${name} could not reach the API server: ${answer.errorMessage}`, {
      code: "Unreachable",
      remedy: `Look at the log of the function ${name}, its subnets and its security group (docs/deploy.md).`,
    });
  return {
    status: answer.status,
    headers: answer.headers ?? {},
    body: gunzipSync(Buffer.from(answer.body ?? "", "base64")).toString("utf8"),
  };
}

async function invoke(runtime: Runtime, name: string, request: object) {
  try {
    return await createSend(runtime.aws)(invokeFunction, {
      FunctionName: name,
      Payload: Buffer.from(JSON.stringify(request)),
    });
  } catch (error) {
    // Told apart by the caller.
    if (awsErrorName(error) === "ResourceNotFoundException") throw error;
    throw fromAws(error, `lambda Invoke ${name}`);
  }
}
