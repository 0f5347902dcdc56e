import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  awsEnv,
  cleanUp,
  describeWith,
  type Ended,
  eventually,
  folder,
  run,
  type Server,
  startServer,
} from "./processes.ts";

const trust = (service: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });

describeWith(["aws"], "the AWS CLI", () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer(folder());
  });
  afterAll(cleanUp);

  const raw = (line: string, more: readonly string[] = []): Promise<Ended> =>
    run("aws", [...line.split(" "), ...more], awsEnv(server));
  /** A call that must succeed: its text output, trimmed. */
  async function aws(line: string, ...more: string[]): Promise<string> {
    const { code, stdout, stderr } = await raw(`${line} --output text`, more);
    expect(code, `aws ${line}\n${stderr}`).toBe(0);
    return stdout.trim();
  }

  const eks = (line: string, ...more: string[]) => aws(`eks ${line}`, ...more);

  it("makes a cluster with its own waiters, upgrades it, and deletes it", { timeout: 180_000 }, async () => {
    const [subnetText, clusterRole, nodeRole] = await Promise.all([
      aws("ec2 describe-subnets --filters Name=default-for-az,Values=true --query Subnets[].SubnetId"),
      aws(
        "iam create-role --role-name c --query Role.Arn --assume-role-policy-document",
        trust("eks.amazonaws.com"),
      ),
      aws(
        "iam create-role --role-name n --query Role.Arn --assume-role-policy-document",
        trust("ec2.amazonaws.com"),
      ),
    ]);
    const subnets = subnetText.split(/\s+/);
    expect(subnets).toHaveLength(3);
    await Promise.all(
      ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryReadOnly", "AmazonEKS_CNI_Policy"].map(
        (policy) =>
          aws(`iam attach-role-policy --role-name n --policy-arn arn:aws:iam::aws:policy/${policy}`),
      ),
    );
    await eks(
      `create-cluster --name one --kubernetes-version 1.33 --role-arn ${clusterRole} --resources-vpc-config subnetIds=${subnets.join(",")} --access-config authenticationMode=API`,
    );
    await eks("wait cluster-active --name one");
    await eks(
      `create-nodegroup --cluster-name one --nodegroup-name ng --node-role ${nodeRole} --scaling-config minSize=1,maxSize=3,desiredSize=2 --subnets ${subnets.join(" ")}`,
    );
    await eks("create-addon --cluster-name one --addon-name vpc-cni");
    await Promise.all([
      eks("wait nodegroup-active --cluster-name one --nodegroup-name ng"),
      eks("wait addon-active --cluster-name one --addon-name vpc-cni"),
    ]);

    const update = await eks("update-cluster-version --name one --kubernetes-version 1.34 --query update.id");
    await eks("wait cluster-active --name one");
    expect(await eks("list-updates --name one --query updateIds")).toBe(update);
    expect(await eks(`describe-update --name one --update-id ${update} --query update.[type,status]`)).toBe(
      "VersionUpdate\tSuccessful",
    );
    await eks("update-nodegroup-version --cluster-name one --nodegroup-name ng");
    await eks("wait nodegroup-active --cluster-name one --nodegroup-name ng");
    expect(
      await eks(
        "describe-nodegroup --cluster-name one --nodegroup-name ng --query nodegroup.[version,status]",
      ),
    ).toBe("1.34\tACTIVE");

    await eks("delete-addon --cluster-name one --addon-name vpc-cni");
    await eks("delete-nodegroup --cluster-name one --nodegroup-name ng");
    await eks("wait nodegroup-deleted --cluster-name one --nodegroup-name ng");
    await eks("delete-cluster --name one");
    await eks("wait cluster-deleted --name one");
    expect(await eks("list-clusters --query clusters")).toBe("");
    const instances = "ec2 describe-instances --filters Name=instance-state-name,Values=pending,running";
    expect(await aws(`${instances} --query Reservations[].Instances[].InstanceId`)).toBe("");
  });

  it.each([
    ["eks describe-cluster --name nope", /\(ResourceNotFoundException\).*No cluster found for name: nope\./],
    [
      "eks list-eks-anywhere-subscriptions",
      /\(NotImplemented\).*The operation ListEksAnywhereSubscriptions of eks is not implemented/,
    ],
    ["iam get-role --role-name nope", /\(NoSuchEntity\)/],
    ["s3api list-buckets", /\(NotImplemented\).*The service s3 is not part of the embedded platform/],
    ["kms list-keys", /\(NotImplemented\).*The service kms is not part of the embedded platform/],
  ])("gets an error that it understands: %s", async (line, text) => {
    const { code, stderr } = await raw(line);
    expect(stderr).toMatch(text);
    expect(code).toBe(255);
  });

  it("creates a state machine, runs it from an event, and reads its history", async () => {
    const definition = JSON.stringify({
      QueryLanguage: "JSONata",
      StartAt: "Wait",
      States: {
        Wait: { Type: "Wait", Seconds: 30, Next: "Done" },
        Done: { Type: "Pass", Output: "{% {'seen': $states.input.x} %}", End: true },
      },
    });
    const roleArn = await aws(
      "iam create-role --role-name s --query Role.Arn --assume-role-policy-document",
      trust("states.amazonaws.com"),
    );
    const machine = await aws(
      `stepfunctions create-state-machine --name m --role-arn ${roleArn} --query stateMachineArn --definition`,
      definition,
    );
    await aws(
      "events put-rule --name r --event-pattern",
      JSON.stringify({ source: ["app"], detail: { x: [{ numeric: [">", 3] }] } }),
    );
    await aws(
      "events put-targets --rule r --targets",
      JSON.stringify([{ Id: "1", Arn: machine, RoleArn: roleArn, InputPath: "$.detail" }]),
    );
    const entry = (x: number) => ({ Source: "app", DetailType: "t", Detail: JSON.stringify({ x }) });
    await aws("events put-events --entries", JSON.stringify([entry(3), entry(4)]));
    const execution = await eventually(
      () =>
        aws(
          `stepfunctions list-executions --state-machine-arn ${machine} --status-filter SUCCEEDED --query executions[].executionArn`,
        ),
      (seen) => seen !== "",
    );
    // One event matched; there is one execution.
    expect(execution).toMatch(/^arn:aws:states:eu-west-1:111122223333:execution:m:\S+$/);
    expect(await aws(`stepfunctions describe-execution --execution-arn ${execution} --query output`)).toBe(
      '{"seen":4}',
    );
    expect(
      (
        await aws(`stepfunctions get-execution-history --execution-arn ${execution} --query events[].type`)
      ).split("\t"),
    ).toEqual([
      "ExecutionStarted",
      "WaitStateEntered",
      "WaitStateExited",
      "PassStateEntered",
      "PassStateExited",
      "ExecutionSucceeded",
    ]);
  });
});

describeWith(["aws", "kubectl"], "a kubeconfig written by the AWS CLI", () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer(folder());
  });
  afterAll(cleanUp);

  it("works in kubectl, with the CLI's tokens", async () => {
    const { makeCluster } = await import("./sdk.ts");
    await makeCluster(server, "two", 1);
    const kubeconfig = join(folder(), "config");
    const env = { ...awsEnv(server), KUBECONFIG: kubeconfig };
    const written = await run(
      "aws",
      ["eks", "update-kubeconfig", "--name", "two", "--kubeconfig", kubeconfig],
      env,
    );
    expect(written.code, written.stderr).toBe(0);
    expect(readFileSync(kubeconfig, "utf8")).toContain(
      `server: ${server.aws}/kubernetes/111122223333/eu-west-1/two`,
    );
    const nodes = await run("kubectl", ["get", "nodes", "-o", "name"], env);
    expect(nodes).toMatchObject({ code: 0, stderr: "" });
    expect(nodes.stdout).toMatch(/^node\/ip-\S+\n$/);
  });
});
