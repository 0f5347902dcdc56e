import type { ClusterDrift } from "../../core/api/routes/drift.ts";
import type { ServiceName } from "../../local/aws/contract.ts";
import type { Rig } from "./platform.ts";

/** Who tells a story about drift: a platform, and somebody beside Slipway. */
export interface Teller {
  readonly rig: Rig;
  pass(minutes: number): Promise<void>;
  byHand(service: ServiceName, operation: string, input: object): Promise<Record<string, unknown>>;
}

export interface Surroundings {
  readonly people: string;
  readonly otherRole: string;
  readonly nodeRole: string;
  readonly subnetIds: readonly string[];
  readonly fargateRole: string;
  readonly fargateSubnet: string;
}

const POLICY = {
  apiVersion: "slipway.dev/v1",
  kind: "AutomationPolicy",
  metadata: { name: "default" },
  drift: {
    mode: "report",
    classes: Object.fromEntries(
      [
        "tags",
        "cluster",
        "nodegroup",
        "nodegroup-missing",
        "nodegroup-foreign",
        "addon",
        "access",
        "pod-identity",
        "fargate",
      ]
        .map((name): [string, string] => [name, "remediate"])
        .concat([["protection", "approve"]]),
    ),
  },
};

const view = (name: string) => `arn:aws:eks::aws:cluster-access-policy/Amazon${name}`;

/**
 * Somebody changes, deletes and makes one of everything of a cluster by hand, and all of it is brought back, reported,
 * approved or accepted. Returns what is still different in the end.
 */
export async function driftOfEverything(
  story: Teller,
  name: string,
  around: Surroundings,
): Promise<string[]> {
  const { rig } = story;
  const clusterName = name;
  const eks = (operation: string, input: object) => story.byHand("eks", operation, input);
  const path = `/v1/clusters/${name}`;
  const drift = async (query = ""): Promise<ClusterDrift["items"]> =>
    ((await (await rig.api("GET", `${path}/drift${query}`)).json()) as ClusterDrift).items;
  await rig.api("PUT", "/v1/policies/default", POLICY);

  const { associations } = (await eks("ListPodIdentityAssociations", { clusterName })) as {
    associations: { associationId: string; serviceAccount: string; ownerArn?: string }[];
  };
  const idOf = (account: string) =>
    associations.find(({ serviceAccount, ownerArn }) => serviceAccount === account && !ownerArn)
      ?.associationId;
  await eks("UpdatePodIdentityAssociation", {
    clusterName,
    associationId: idOf("cart"),
    roleArn: around.otherRole,
  });
  await eks("DeletePodIdentityAssociation", { clusterName, associationId: idOf("pay") });
  await eks("CreatePodIdentityAssociation", {
    clusterName,
    namespace: "shop",
    serviceAccount: "shadow",
    roleArn: around.otherRole,
  });
  const { people: principalArn } = around;
  await eks("DisassociateAccessPolicy", { clusterName, principalArn, policyArn: view("EKSViewPolicy") });
  await eks("AssociateAccessPolicy", {
    clusterName,
    principalArn,
    policyArn: view("EKSClusterAdminPolicy"),
    accessScope: { type: "cluster" },
  });
  await eks("CreateAccessEntry", { clusterName, principalArn: around.otherRole });
  await eks("TagResource", {
    resourceArn: `arn:aws:eks:eu-west-1:111122223333:cluster/${name}`,
    tags: { team: "z" },
  });
  await eks("DeleteAddon", { clusterName, addonName: "eks-pod-identity-agent" });
  await eks("CreateAddon", { clusterName, addonName: "metrics-server" });
  await eks("UpdateAddon", {
    clusterName,
    addonName: "aws-ebs-csi-driver",
    podIdentityAssociations: [{ serviceAccount: "ebs-csi-controller-sa", roleArn: around.otherRole }],
  });
  await eks("UpdateNodegroupConfig", {
    clusterName,
    nodegroupName: "extra-1",
    scalingConfig: { maxSize: 9 },
  });
  await eks("DeleteNodegroup", { clusterName, nodegroupName: "ng" });
  await eks("CreateNodegroup", {
    clusterName,
    nodegroupName: "shadow",
    subnets: around.subnetIds,
    nodeRole: around.nodeRole,
    scalingConfig: { minSize: 0, maxSize: 1, desiredSize: 0 },
  });
  await eks("DeleteFargateProfile", { clusterName, fargateProfileName: "jobs" });
  await story.pass(10);
  await eks("CreateFargateProfile", {
    clusterName,
    fargateProfileName: "shadow",
    podExecutionRoleArn: around.fargateRole,
    selectors: [{ namespace: "shadow" }],
    subnets: [around.fargateSubnet],
  }).catch(() => undefined);
  await story.pass(180);

  // Every answer of the policy to what is left.
  rig.platform.faults.inject({ name: "CloudTrailEventMissing", subject: `TagResource/`, times: 1 });
  await eks("TagResource", {
    resourceArn: `arn:aws:eks:eu-west-1:111122223333:cluster/${name}`,
    tags: { team: "y" },
  });
  await story.pass(75);
  await eks("UpdateClusterConfig", {
    name,
    logging: { clusterLogging: [{ types: ["audit"], enabled: true }] },
  });
  await story.pass(15);
  await eks("UpdateClusterConfig", { name, deletionProtection: true });
  await story.pass(15);
  const waiting = (await drift()).find(({ resolution }) => resolution.state === "awaiting-approval");
  await rig.api("POST", `/v1/operations/${waiting?.resolution.operation}/approve`, {});
  await story.pass(10);
  await rig.api("GET", "/v1/drift");
  await rig.api("POST", `${path}/reconciliations?dryRun=true`, { remediate: true });
  await rig.api("POST", `${path}/reconciliations`, { remediate: true, reason: "as it was" });
  await story.pass(15);
  await eks("UpdateClusterConfig", { name, zonalShiftConfig: { enabled: true } });
  await rig.api("PUT", "/v1/policies/default", { ...POLICY, drift: { mode: "report" } });
  await story.pass(15);
  for (const { id } of await drift())
    await rig.api("POST", `${path}/drift/${id}/accept`, { reason: "as agreed" });
  await story.pass(5);
  return (await drift("?all=true")).map(
    ({ field, resolution }) => `${field.replace(/^.*\[/, "[")} ${resolution.state}`,
  );
}
