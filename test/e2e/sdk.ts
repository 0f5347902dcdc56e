import { DescribeSubnetsCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  CreateClusterCommand,
  CreateNodegroupCommand,
  EKSClient,
  waitUntilClusterActive,
  waitUntilNodegroupActive,
} from "@aws-sdk/client-eks";
import { AttachRolePolicyCommand, CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import type { Server } from "./processes.ts";

const config = (server: Server) => ({
  endpoint: server.aws,
  region: "eu-west-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
});

export const eksClient = (server: Server): EKSClient => new EKSClient(config(server));

/** Seconds between two looks of a waiter, and until it gives up. */
const WAIT = { minDelay: 1, maxDelay: 1, maxWaitTime: 60 };

async function role(
  iam: IAMClient,
  name: string,
  service: string,
  policies: readonly string[],
): Promise<string> {
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: name,
      AssumeRolePolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
      }),
    }),
  );
  for (const policy of policies)
    await iam.send(
      new AttachRolePolicyCommand({ RoleName: name, PolicyArn: `arn:aws:iam::aws:policy/${policy}` }),
    );
  return Role?.Arn ?? "";
}

/** A cluster on 1.34 with a node group `workers`, made over HTTP; resolves to the URL of its Kubernetes API. */
export async function makeCluster(server: Server, name: string, nodes: number): Promise<string> {
  const eks = eksClient(server);
  const iam = new IAMClient(config(server));
  const { Subnets = [] } = await new EC2Client(config(server)).send(new DescribeSubnetsCommand({}));
  const subnets = Subnets.map(({ SubnetId = "" }) => SubnetId);
  const roleArn = await role(iam, `${name}-cluster`, "eks.amazonaws.com", ["AmazonEKSClusterPolicy"]);
  const nodeRole = await role(iam, `${name}-node`, "ec2.amazonaws.com", [
    "AmazonEKSWorkerNodePolicy",
    "AmazonEC2ContainerRegistryReadOnly",
    "AmazonEKS_CNI_Policy",
  ]);
  await eks.send(
    new CreateClusterCommand({ name, version: "1.34", roleArn, resourcesVpcConfig: { subnetIds: subnets } }),
  );
  const active = await waitUntilClusterActive({ client: eks, ...WAIT }, { name });
  await eks.send(
    new CreateNodegroupCommand({
      clusterName: name,
      nodegroupName: "workers",
      subnets,
      nodeRole,
      scalingConfig: { minSize: 1, maxSize: nodes, desiredSize: nodes },
    }),
  );
  await waitUntilNodegroupActive({ client: eks, ...WAIT }, { clusterName: name, nodegroupName: "workers" });
  const { cluster } = active.reason as { cluster: { endpoint: string } };
  return cluster.endpoint;
}
