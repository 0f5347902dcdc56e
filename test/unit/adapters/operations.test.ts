import { readFileSync } from "node:fs";
import * as ec2 from "@aws-sdk/client-ec2";
import * as iam from "@aws-sdk/client-iam";
import * as sts from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSend, endpointOf, type Operation } from "../../../adapters/aws/operations/client.ts";
import * as operations from "../../../adapters/aws/operations/operations.ts";
import { inMemoryClientConfig } from "../../../local/aws/client-config.ts";
import { SERVICES } from "../../../local/aws/services.ts";
import { operationSchemas } from "../../../scripts/generate-operation-schemas.ts";
import { type Rig, startRig } from "../../builders/platform.ts";

interface Sent {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A request handler that keeps what it was given and answers nothing useful. */
function recorder() {
  const sent: Sent[] = [];
  const handler = {
    metadata: { handlerProtocol: "http/1.1" },
    handle: async (request: Sent) => {
      sent.push({ ...request, headers: { ...request.headers } });
      return { response: { statusCode: 400, headers: {}, body: new Uint8Array() } };
    },
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
  };
  return { sent, handler };
}

const config = (region: string, handler: object) => ({
  region,
  maxAttempts: 1,
  requestHandler: handler as never,
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
});

/** What matters of a request: all but what differs from one moment to the next. */
const essence = ({ method, protocol, hostname, path, headers, body }: Sent) => ({
  method,
  protocol,
  hostname,
  path,
  body: [...new URLSearchParams(body)].sort(),
  contentType: headers["content-type"],
  scope: /Credential=[^/]+\/\d+\/([^,]+),/.exec(headers.authorization ?? "")?.[1],
  signedHeaders: /SignedHeaders=([^,]+),/.exec(headers.authorization ?? "")?.[1],
});

/** The one request that a call sends; the call itself fails on the answer. */
async function requestOf(region: string, call: (handler: object) => Promise<unknown>): Promise<Sent> {
  const { sent, handler } = recorder();
  await expect(call(handler)).rejects.toThrow();
  const [request] = sent;
  if (!request) throw new Error(`nothing was sent to ${region}`);
  return request;
}

const subnetIds = { SubnetIds: ["subnet-0a", "subnet-0b"] };
const simulation = {
  PolicySourceArn: "arn:aws:iam::111122223333:role/slipway",
  ActionNames: ["eks:DescribeCluster", "ec2:DescribeSubnets"],
};
const assumption = { RoleArn: simulation.PolicySourceArn, RoleSessionName: "slipway", ExternalId: "x" };

describe("single operations beside the SDK's own clients", () => {
  it.each(["eu-west-1", "us-east-1", "cn-north-1", "us-gov-west-1"])(
    "send the same request in %s",
    async (region) => {
      const pairs: [Promise<Sent>, Promise<Sent>][] = [
        [
          requestOf(region, (h) => createSend(config(region, h))(operations.describeSubnets, subnetIds)),
          requestOf(region, (h) =>
            new ec2.EC2Client(config(region, h)).send(new ec2.DescribeSubnetsCommand(subnetIds)),
          ),
        ],
        [
          requestOf(region, (h) =>
            createSend(config(region, h))(operations.simulatePrincipalPolicy, simulation),
          ),
          requestOf(region, (h) =>
            new iam.IAMClient(config(region, h)).send(new iam.SimulatePrincipalPolicyCommand(simulation)),
          ),
        ],
        [
          requestOf(region, (h) => createSend(config(region, h))(operations.assumeRole, assumption)),
          requestOf(region, (h) =>
            new sts.STSClient(config(region, h)).send(new sts.AssumeRoleCommand(assumption)),
          ),
        ],
      ];
      for (const [ours, theirs] of pairs) expect(essence(await ours)).toEqual(essence(await theirs));
    },
  );

  it("know the wire of their services as the published clients do", () => {
    for (const { service: ours } of Object.values(operations) as Operation<object, object>[]) {
      const theirs = Object.values(SERVICES).find((one) => one.signingName === ours.signingName);
      if (!theirs) throw new Error(`the endpoint does not serve ${ours.id}`);
      expect([ours.version, ours.target, ours.signingName, ours.xmlNamespace]).toEqual([
        theirs.version,
        theirs.target,
        theirs.signingName,
        theirs.xmlNamespace,
      ]);
    }
  });

  it("go to another endpoint where one is configured", () => {
    const { service } = operations.describeSubnets;
    expect(endpointOf(service, { Region: "eu-west-1", Endpoint: "http://127.0.0.1:4566" }).url.href).toBe(
      "http://127.0.0.1:4566/",
    );
  });

  it("have the schemas that the installed SDK publishes", () => {
    const file = new URL("../../../adapters/aws/operations/schemas.ts", import.meta.url);
    // The formatter may break lines; the values are what counts.
    const squeeze = (text: string): string => text.replace(/,(\s*[\]}])/g, "$1").replace(/[\s"]/g, "");
    expect(squeeze(readFileSync(file, "utf8"))).toBe(squeeze(operationSchemas()));
  });
});

describe("DescribeSubnets through the in-memory endpoint", () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.close());

  it("answers what EC2's client answers, errors too", async () => {
    const { kernel, endpoint, home } = rig.platform;
    const { clock, random } = kernel;
    const client = inMemoryClientConfig({ endpoint, clock, random, region: home.region });
    const theirs = new ec2.EC2Client(client);
    const send = createSend(client);
    const all = await clock.until(theirs.send(new ec2.DescribeSubnetsCommand({})));
    const SubnetIds = (all.Subnets ?? []).map((subnet) => subnet.SubnetId ?? "");
    expect(SubnetIds.length).toBeGreaterThan(1);
    const answer = await clock.until(send(operations.describeSubnets, { SubnetIds }));
    // Ours is cut to the members that are used; what it has is the same.
    expect(answer.Subnets).toHaveLength(SubnetIds.length);
    for (const [index, subnet] of (answer.Subnets ?? []).entries()) {
      expect(Object.keys(subnet)).toContain("AvailableIpAddressCount");
      expect(all.Subnets?.[index]).toMatchObject(subnet);
    }

    const missing = { SubnetIds: ["subnet-00000000000000000"] };
    const failure = (work: Promise<unknown>): Promise<Error> =>
      clock.until(
        work.then(
          () => new Error("no error"),
          (error: Error) => error,
        ),
      );
    const expected = await failure(theirs.send(new ec2.DescribeSubnetsCommand(missing)));
    const got = await failure(send(operations.describeSubnets, missing));
    expect([got.name, got.message]).toEqual([expected.name, expected.message]);
    expect(got.name).toBe("InvalidSubnetID.NotFound");
  });
});
