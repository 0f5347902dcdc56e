import * as autoScaling from "@aws-sdk/client-auto-scaling";
import * as ec2 from "@aws-sdk/client-ec2";
import * as eks from "@aws-sdk/client-eks";
import * as iam from "@aws-sdk/client-iam";
import * as sfn from "@aws-sdk/client-sfn";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { InMemoryClientConfig } from "../../../local/aws/client-config.ts";
import type { ServiceName } from "../../../local/aws/contract.ts";
import { modelOf } from "../../../local/aws/model/service-model.ts";
import { inputOf } from "./arbitrary.ts";
import { setUp } from "./support.ts";

type Sdk = Readonly<Record<string, unknown>>;
type Client = { send(command: object): Promise<object> };

const clientOf = (sdk: Sdk, name: string, config: InMemoryClientConfig): Client => {
  const Constructor = sdk[name] as new (config: InMemoryClientConfig) => Client;
  return new Constructor(config);
};

const commandOf = (sdk: Sdk, operation: string, input: object): object => {
  const Command = sdk[`${operation}Command`] as new (input: object) => object;
  return new Command(input);
};

/** Sends random valid inputs with the real client and compares what arrives at the handler. */
async function roundTrip(
  service: ServiceName,
  sdk: Sdk,
  client: string,
  name: string,
  runs: number,
): Promise<void> {
  const { endpoint, config } = setUp();
  const model = modelOf(service);
  const operation = model.operations.get(name);
  if (!operation) throw new Error(`${service} has no operation ${name}`);
  let arrived: unknown;
  endpoint.serve(service, {
    [name]: (input: never) => {
      arrived = input;
      return {};
    },
  });
  const real = clientOf(sdk, client, config);
  await fc.assert(
    fc.asyncProperty(inputOf(operation.input, model), async (input) => {
      arrived = undefined;
      await real.send(commandOf(sdk, name, input));
      expect(arrived).toEqual(input);
    }),
    { numRuns: runs },
  );
}

/** Answers with random valid outputs and compares what the real client reads. */
async function answerTrip(
  service: ServiceName,
  sdk: Sdk,
  client: string,
  name: string,
  runs: number,
): Promise<void> {
  const { endpoint, config, defects } = setUp();
  const model = modelOf(service);
  const operation = model.operations.get(name);
  if (!operation) throw new Error(`${service} has no operation ${name}`);
  let answer: Record<string, unknown> = {};
  endpoint.serve(service, { [name]: () => answer });
  const real = clientOf(sdk, client, config);
  const [input] = fc.sample(inputOf(operation.input, model), { numRuns: 1, seed: 7 });
  await fc.assert(
    fc.asyncProperty(inputOf(operation.output, model), async (output) => {
      answer = output;
      const { $metadata, ...read } = (await real.send(commandOf(sdk, name, input ?? {}))) as Record<
        string,
        unknown
      >;
      expect(defects).toEqual([]);
      expect(read).toEqual(output);
    }),
    { numRuns: runs },
  );
}

describe("every EKS answer arrives as it was given", () => {
  it.each([...modelOf("eks").operations.keys()])("%s", (name) =>
    answerTrip("eks", eks, "EKSClient", name, 20),
  );
});

describe("answers of other protocols", () => {
  it.each(["DescribeExecution", "GetExecutionHistory"])("awsJson: sfn %s", (name) =>
    answerTrip("sfn", sfn, "SFNClient", name, 20),
  );
  it.each(["GetRole", "ListAttachedRolePolicies"])("query: iam %s", (name) =>
    answerTrip("iam", iam, "IAMClient", name, 20),
  );
  it.each(["DescribeAutoScalingGroups"])("query: auto-scaling %s", (name) =>
    answerTrip("auto-scaling", autoScaling, "AutoScalingClient", name, 10),
  );
  it.each(["DescribeSubnets", "DescribeInstances", "CreateLaunchTemplate"])("ec2: %s", (name) =>
    answerTrip("ec2", ec2, "EC2Client", name, 10),
  );
});

describe("every EKS operation arrives as it was sent", () => {
  const names = [...modelOf("eks").operations.keys()];
  it("there are 70 of them", () => expect(names).toHaveLength(70));
  it.each(names)("%s", (name) => roundTrip("eks", eks, "EKSClient", name, 30));
});

describe("other protocols", () => {
  it.each(["CreateStateMachine", "StartExecution", "SendTaskFailure", "GetExecutionHistory"])(
    "awsJson: sfn %s",
    (name) => roundTrip("sfn", sfn, "SFNClient", name, 30),
  );
  it.each(["CreateRole", "TagRole", "ListRoles"])("query: iam %s", (name) =>
    roundTrip("iam", iam, "IAMClient", name, 30),
  );
  it.each(["CreateAutoScalingGroup", "DescribeAutoScalingGroups", "TerminateInstanceInAutoScalingGroup"])(
    "query: auto-scaling %s",
    (name) => roundTrip("auto-scaling", autoScaling, "AutoScalingClient", name, 20),
  );
  it.each(["DescribeSubnets", "CreateTags", "CreateLaunchTemplate", "DescribeInstances"])("ec2: %s", (name) =>
    roundTrip("ec2", ec2, "EC2Client", name, 20),
  );
});
