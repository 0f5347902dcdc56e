import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../local/world/kubernetes-contract.ts";
import { clusterFiles, head } from "../builders/cluster-files.ts";
import { startRig } from "../builders/platform.ts";
import { applyFile, callAws, inventory, shortcomings, untilEnded } from "../builders/provisioning.ts";

describe("provisioning", () => {
  it.each(Object.entries(clusterFiles))(
    "of a file about %s makes all of it, and deleting leaves nothing",
    async (_about, text) => {
      const rig = await startRig();
      await inventory(rig);
      const { operation, problem } = await applyFile(rig, text);
      expect(problem?.errors ?? []).toEqual([]);
      const before = (await inventory(rig)).filter((item) => !/ListClusters|DescribeStacks/.test(item));
      const [made] = await untilEnded(rig, [operation?.id ?? ""]);
      expect({ status: made?.status, error: made?.error }).toEqual({ status: "Succeeded", error: undefined });
      expect(await shortcomings(rig, text)).toEqual([]);
      const response = await rig.api("DELETE", `/v1/clusters/${made?.cluster.name}`);
      const deletion = (await response.json()) as { id: string };
      const [gone] = await untilEnded(rig, [deletion.id]);
      expect({ status: gone?.status, error: gone?.error }).toEqual({ status: "Succeeded", error: undefined });
      expect(await inventory(rig)).toEqual(before);
      await rig.close();
    },
  );

  it("gives service accounts their role, and people of aws-auth their entry", async () => {
    const rig = await startRig();
    const ids: string[] = [];
    for (const text of [clusterFiles.irsa ?? "", clusterFiles.advanced ?? ""])
      ids.push((await applyFile(rig, text)).operation?.id ?? "");
    const [irsa, advanced] = await untilEnded(rig, ids);
    expect([irsa?.status, advanced?.status]).toEqual(["Succeeded", "Succeeded"]);
    const account = (namespace: string, name: string): KubeObject | undefined =>
      rig.platform.kubernetes.get(
        "arn:aws:eks:eu-west-1:111122223333:cluster/irsa",
        "ServiceAccount",
        namespace,
        name,
      );
    const role =
      account("backend-apps", "s3-reader")?.metadata.annotations?.["eks.amazonaws.com/role-arn"] ?? "";
    expect(role).toMatch(/^arn:aws:iam::111122223333:role\//);
    const { Role } = await callAws<{ Role: { AssumeRolePolicyDocument: string } }>(rig, "iam", "GetRole", {
      RoleName: role.split("/").at(-1),
    });
    const trust = decodeURIComponent(Role.AssumeRolePolicyDocument);
    expect(trust).toContain("system:serviceaccount:backend-apps:s3-reader");
    expect(trust).toContain("oidc-provider/oidc.eks.");
    expect(account("default", "some-app")?.metadata.annotations?.["eks.amazonaws.com/role-arn"]).toBe(
      "arn:aws:iam::111122223333:role/already-created-role-for-app",
    );
    // roleOnly: the role without the account.
    expect(account("kube-system", "cluster-autoscaler")).toBeUndefined();
    const { associatedAccessPolicies } = await callAws<{ associatedAccessPolicies: { policyArn: string }[] }>(
      rig,
      "eks",
      "ListAssociatedAccessPolicies",
      { clusterName: "advanced", principalArn: "arn:aws:iam::111122223333:role/myAdminRole" },
    );
    expect(associatedAccessPolicies.map(({ policyArn }) => policyArn)).toEqual([
      "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
    ]);
    await rig.close();
  });

  it("refuses an id that does not exist, with its field, before anything is made", async () => {
    const rig = await startRig({ furnish: false });
    const { problem } = await applyFile(
      rig,
      `${head("nowhere")}
vpc: { id: vpc-1, subnets: { private: { eu-west-1a: { id: subnet-1 }, eu-west-1b: { id: subnet-2 } } } }
`,
    );
    expect(problem?.errors?.map(({ field }) => field)).toEqual([
      "vpc.subnets.private.eu-west-1a.id",
      "vpc.subnets.private.eu-west-1b.id",
    ]);
    await rig.close();
  });

  it("does not delete a protected cluster, nor anything in it", async () => {
    const rig = await startRig();
    const { operation } = await applyFile(rig, clusterFiles.ipv6 ?? "");
    await untilEnded(rig, [operation?.id ?? ""]);
    const before = await inventory(rig);
    await callAws(rig, "eks", "UpdateClusterConfig", { name: "six", deletionProtection: true });
    const { clock } = rig.platform.kernel;
    await clock.until(clock.sleep(600_000));
    const response = await rig.api("DELETE", "/v1/clusters/six");
    expect(response.ok).toBe(false);
    expect(await response.text()).toContain("DELETION_PROTECTION");
    await clock.until(clock.sleep(600_000));
    expect(await inventory(rig)).toEqual(before);
    await rig.close();
  });
});
