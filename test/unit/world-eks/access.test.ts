import { describe, expect, it } from "vitest";
import {
  CLUSTER_ROLE,
  createCluster,
  createNodegroup,
  finished,
  NODE_ROLE,
  refusal,
  SCOPE,
  world,
} from "./world.ts";

const clusterName = "shop";

describe("access entries", () => {
  it("begin with the creator, get the node role by themselves, and hold policies", async () => {
    const w = await world();
    await w.infra.iam.CreateRole(
      {
        RoleName: "operator",
        AssumeRolePolicyDocument: '{"Version":"2012-10-17","Statement":[]}',
      },
      SCOPE,
    );
    await createCluster(w);
    await createNodegroup(w, "workers");
    const operator = "arn:aws:iam::111122223333:role/operator";
    const list = async () => (await w.api.ListAccessEntries({ clusterName }, SCOPE)).accessEntries;
    expect(await list()).toEqual([NODE_ROLE, operator]);
    const node = await w.api.DescribeAccessEntry({ clusterName, principalArn: NODE_ROLE }, SCOPE);
    expect(node.accessEntry).toMatchObject({
      type: "EC2_LINUX",
      username: "system:node:{{EC2PrivateDNSName}}",
    });

    const create = { clusterName, principalArn: CLUSTER_ROLE, kubernetesGroups: ["ops"] };
    const { accessEntry } = await w.api.CreateAccessEntry(create, SCOPE);
    expect(accessEntry?.username).toBe("arn:aws:sts::111122223333:assumed-role/cluster/{{SessionName}}");
    expect(accessEntry?.accessEntryArn).toMatch(
      /^arn:aws:eks:eu-west-1:111122223333:access-entry\/shop\/role\/111122223333\/cluster\/[0-9a-f-]{36}$/,
    );
    expect(await refusal(() => w.api.CreateAccessEntry(create, SCOPE))).toBe(
      "409 ResourceInUseException The specified access entry resource is already in use on this cluster.",
    );
    const policyArn = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
    const of = { clusterName, principalArn: CLUSTER_ROLE };
    await w.api.AssociateAccessPolicy({ ...of, policyArn, accessScope: { type: "cluster" } }, SCOPE);
    const { associatedAccessPolicies } = await w.api.ListAssociatedAccessPolicies(of, SCOPE);
    expect(associatedAccessPolicies?.map((policy) => policy.policyArn)).toEqual([policyArn]);
    await w.api.DisassociateAccessPolicy({ ...of, policyArn }, SCOPE);
    await w.api.DeleteAccessEntry(of, SCOPE);
    expect(await list()).toEqual([NODE_ROLE, operator]);
  });

  it.each([
    ["a reserved group", { kubernetesGroups: ["system:masters"] }, "cannot start with system:"],
    [
      "a role that is not there",
      { principalArn: "arn:aws:iam::111122223333:role/none" },
      "invalid principal",
    ],
    ["an unknown type", { type: "ROBOT" }, "Unsupported access entry type ROBOT"],
  ])("are refused with %s", async (_what, over, message) => {
    const w = await world();
    await createCluster(w);
    expect(
      await refusal(() =>
        w.api.CreateAccessEntry({ clusterName, principalArn: CLUSTER_ROLE, ...over }, SCOPE),
      ),
    ).toContain(message);
  });

  it("need an authentication mode that knows them", async () => {
    const w = await world();
    await createCluster(w, { accessConfig: { authenticationMode: "CONFIG_MAP" } });
    expect(await refusal(() => w.api.ListAccessEntries({ clusterName }, SCOPE))).toContain(
      "authentication mode",
    );
  });
});

describe("pod identity associations", () => {
  it("are one per service account, with AWS's rule for the token", async () => {
    const w = await world();
    await createCluster(w);
    const create = { clusterName, namespace: "web", serviceAccount: "app", roleArn: NODE_ROLE };
    expect(
      await refusal(() =>
        w.api.CreatePodIdentityAssociation({ ...create, clientRequestToken: "short" }, SCOPE),
      ),
    ).toBe(
      "400 InvalidParameterException The client request token parameter must be between 33 and 126 characters.",
    );
    const { association } = await w.api.CreatePodIdentityAssociation(create, SCOPE);
    expect(association?.associationArn).toMatch(/:podidentityassociation\/shop\/a-[0-9a-f]{17}$/);
    expect(await refusal(() => w.api.CreatePodIdentityAssociation(create, SCOPE))).toContain("409");
    expect(
      await refusal(() =>
        w.api.UpdatePodIdentityAssociation(
          { clusterName, associationId: association?.associationId, policy: "{}" },
          SCOPE,
        ),
      ),
    ).toContain("disableSessionTags");
    await w.api.DeletePodIdentityAssociation(
      { clusterName, associationId: association?.associationId },
      SCOPE,
    );
    expect((await w.api.ListPodIdentityAssociations({ clusterName }, SCOPE)).associations).toEqual([]);
  });
});

describe("Fargate profiles", () => {
  it("come and go one at a time, and keep their cluster", async () => {
    const w = await world();
    await createCluster(w);
    const { Subnet } = await w.infra.ec2.CreateSubnet(
      {
        VpcId: (await w.api.DescribeCluster({ name: "shop" }, SCOPE)).cluster?.resourcesVpcConfig?.vpcId,
        CidrBlock: "172.31.64.0/20",
        AvailabilityZone: "eu-west-1a",
      },
      SCOPE,
    );
    const create = (fargateProfileName: string, subnets = [Subnet?.SubnetId ?? ""]) =>
      w.api.CreateFargateProfile(
        {
          clusterName,
          fargateProfileName,
          podExecutionRoleArn: NODE_ROLE,
          subnets,
          selectors: [{ namespace: "a" }],
        },
        SCOPE,
      );
    expect(await refusal(() => create("p", w.subnets))).toContain("not a private subnet");
    await create("one");
    expect(await refusal(() => create("two"))).toContain("409 ResourceInUseException");
    await w.advance(125);
    const { fargateProfile } = await w.api.DescribeFargateProfile(
      { clusterName, fargateProfileName: "one" },
      SCOPE,
    );
    expect(fargateProfile?.status).toBe("ACTIVE");
    expect(await refusal(() => w.api.DeleteCluster({ name: "shop" }, SCOPE))).toBe(
      "409 ResourceInUseException Cluster has Fargate profiles attached",
    );
    await w.api.DeleteFargateProfile({ clusterName, fargateProfileName: "one" }, SCOPE);
    await w.advance(155);
    expect((await w.api.ListFargateProfiles({ clusterName }, SCOPE)).fargateProfileNames).toEqual([]);
  });
});

describe("identity providers and encryption", () => {
  it("are updates of the cluster", async () => {
    const w = await world();
    await createCluster(w);
    const oidc = { identityProviderConfigName: "corp", issuerUrl: "https://id.example.com", clientId: "k" };
    const first = await w.api.AssociateIdentityProviderConfig({ clusterName, oidc }, SCOPE);
    expect((await finished(w, first.update)).type).toBe("AssociateIdentityProviderConfig");
    const wanted = { clusterName, identityProviderConfig: { type: "oidc", name: "corp" } };
    const { identityProviderConfig } = await w.api.DescribeIdentityProviderConfig(wanted, SCOPE);
    expect(identityProviderConfig?.oidc).toMatchObject({ status: "ACTIVE", issuerUrl: oidc.issuerUrl });
    await finished(w, (await w.api.DisassociateIdentityProviderConfig(wanted, SCOPE)).update);
    expect((await w.api.ListIdentityProviderConfigs({ clusterName }, SCOPE)).identityProviderConfigs).toEqual(
      [],
    );
    const encryptionConfig = [
      { resources: ["secrets"], provider: { keyArn: "arn:aws:kms:eu-west-1:1:key/k" } },
    ];
    const { update } = await w.api.AssociateEncryptionConfig({ clusterName, encryptionConfig }, SCOPE);
    await finished(w, update);
    expect((await w.api.DescribeCluster({ name: "shop" }, SCOPE)).cluster?.encryptionConfig).toEqual(
      encryptionConfig,
    );
    expect(
      await refusal(() => w.api.AssociateEncryptionConfig({ clusterName, encryptionConfig }, SCOPE)),
    ).toContain("already has encryption");
  });
});

describe("tags", () => {
  it("can be changed at any time, also of a cluster that is being upgraded", async () => {
    const w = await world();
    await createCluster(w, { tags: { a: "1" } });
    await createNodegroup(w, "workers");
    await w.api.UpdateClusterVersion({ name: "shop", version: "1.34" }, SCOPE);
    const resourceArn = (await w.api.DescribeCluster({ name: "shop" }, SCOPE)).cluster?.arn;
    await w.api.TagResource({ resourceArn, tags: { b: "2" } }, SCOPE);
    await w.api.UntagResource({ resourceArn, tagKeys: ["a"] }, SCOPE);
    expect((await w.api.ListTagsForResource({ resourceArn }, SCOPE)).tags).toEqual({ b: "2" });
    expect(await refusal(() => w.api.TagResource({ resourceArn, tags: { "aws:x": "1" } }, SCOPE))).toContain(
      "400 BadRequestException",
    );
    expect(
      await refusal(() => w.api.ListTagsForResource({ resourceArn: `${resourceArn}x` }, SCOPE)),
    ).toContain("404 NotFoundException");
  });
});

describe("faults of the service itself", () => {
  it("throttle and fail single operations, and change nothing", async () => {
    const w = await world();
    await createCluster(w);
    w.faults.inject({ name: "Throttle", subject: "eks/UpdateClusterVersion", times: 1 });
    w.faults.inject({ name: "ServiceFault", subject: "eks/DescribeCluster", times: 1 });
    const upgrade = () => w.api.UpdateClusterVersion({ name: "shop", version: "1.34" }, SCOPE);
    expect(await refusal(upgrade)).toBe("429 ThrottlingException Rate exceeded");
    expect(await refusal(() => w.api.DescribeCluster({ name: "shop" }, SCOPE))).toContain(
      "500 ServerException",
    );
    expect((await w.api.ListUpdates({ name: "shop" }, SCOPE)).updateIds).toEqual([]);
    expect((await upgrade()).update?.status).toBe("InProgress");
  });

  it("health issues of a cluster come from the world: a role that is gone", async () => {
    const w = await world();
    await createCluster(w);
    await w.infra.iam.DeleteRole({ RoleName: "cluster" }, SCOPE);
    expect((await w.api.DescribeCluster({ name: "shop" }, SCOPE)).cluster?.health?.issues).toEqual([
      expect.objectContaining({ code: "IamRoleNotFound", resourceIds: [CLUSTER_ROLE] }),
    ]);
  });
});
