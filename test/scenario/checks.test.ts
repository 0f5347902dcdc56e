import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Finding } from "../../core/operation/types.ts";
import { AwsError, type ServiceName } from "../../local/aws/contract.ts";
import { DEMO_ARN, type Rig, startRig } from "../builders/platform.ts";

/** The checks as a person sees them: one test for each source that they read, on a platform of its own making. */

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  await rig.provision();
});
afterAll(() => rig.close());

/** Findings of `slipway check demo -o json`, with what the command ended as. */
async function check(to = "1.34"): Promise<{ code: number; findings: Finding[] }> {
  const run = await rig.slipway("check", "demo", "--to", to, "-o", "json");
  const { findings } = JSON.parse(run.stdout) as { findings: Finding[] };
  return { code: run.code, findings };
}

const only = (findings: readonly Finding[], code: string): Finding[] =>
  findings.filter((finding) => finding.code === code);

/** A call as somebody beside Slipway makes it. */
function byHand(service: ServiceName, operation: string, input: object): Promise<Record<string, unknown>> {
  const { endpoint, home, kernel } = rig.platform;
  const arn = `arn:aws:iam::${home.account}:user/test`;
  const principal = { type: "IAMUser", arn, account: home.account, accessKeyId: "" } as const;
  return kernel.clock.until(endpoint.call(service, operation, input, { ...home, principal }));
}

const wait = (seconds: number): Promise<void> =>
  rig.platform.kernel.clock.until(rig.platform.kernel.clock.sleep(seconds * 1000));

describe("slipway check", () => {
  it("finds nothing but facts on the example, and says that it is ready", async () => {
    const { code, findings } = await check("1.36");
    expect(findings.filter(({ severity }) => severity !== "info")).toEqual([]);
    expect(code).toBe(0);
    const table = await rig.slipway("check", "demo", "--to", "1.36");
    expect(table.stdout).toContain("VERSION_STEP");
    expect(table.stdout).toContain("Ready.");
  });

  it("says what it could not read, and lets nothing pass for it", async () => {
    let denied = true;
    rig.platform.endpoint.beforeCall((call) => {
      if (denied && call.operation === "GetRole")
        throw new AwsError("AccessDenied", "not authorized to perform: iam:GetRole", { status: 403 });
    });
    const { findings, code } = await check();
    denied = false;
    expect(only(findings, "READABILITY")).toMatchObject([
      { severity: "unknown", subject: "IAM roles", remedy: expect.stringContaining("iam:GetRole") },
    ]);
    expect(code).toBe(3);
  });

  it("EKS: tags of another owner, and what an insight tells of deprecated APIs", async () => {
    await byHand("eks", "TagResource", {
      resourceArn: DEMO_ARN,
      tags: { "aws-managed": "no", ManagedBy: "terraform" },
    });
    rig.platform.faults.inject({ name: "DeprecatedApiInUse" });
    await byHand("eks", "StartInsightsRefresh", { clusterName: "demo" });
    await wait(180);
    const { code, findings } = await check();
    expect(only(findings, "OTHER_OWNER")[0]?.evidence).toContain("ManagedBy=terraform");
    const [insight] = only(findings, "INSIGHTS");
    expect(insight).toMatchObject({ severity: "block" });
    expect(insight?.evidence).toMatch(/ERROR for 1\.34: .*called by/);
    expect(insight?.remedy).not.toContain("Read the insight in the EKS console");
    expect(code).toBe(3);
    rig.platform.faults.clear("DeprecatedApiInUse");
    await byHand("eks", "StartInsightsRefresh", { clusterName: "demo" });
    await wait(180);
    await byHand("eks", "UntagResource", { resourceArn: DEMO_ARN, tagKeys: ["ManagedBy", "aws-managed"] });
    expect((await check()).code).toBe(0);
  });

  it("CloudWatch Logs: who called deprecated APIs in the last day", async () => {
    const logGroupName = "/aws/eks/demo/cluster";
    const logStreamName = "kube-apiserver-audit-5f0e";
    await byHand("cloudwatch-logs", "CreateLogStream", { logGroupName, logStreamName });
    const now = rig.platform.kernel.clock.now();
    const record = (username: string, removed: string, ageHours: number) => ({
      timestamp: now - ageHours * 3_600_000,
      message: JSON.stringify({
        kind: "Event",
        userAgent: "argocd-application-controller/v2.4",
        user: { username },
        objectRef: {
          apiGroup: "flowcontrol.apiserver.k8s.io",
          apiVersion: "v1beta3",
          resource: "flowschemas",
        },
        annotations: { "k8s.io/deprecated": "true", "k8s.io/removed-release": removed },
      }),
    });
    await byHand("cloudwatch-logs", "PutLogEvents", {
      logGroupName,
      logStreamName,
      logEvents: [
        record("argocd", "1.34", 30),
        record("argocd", "1.34", 2),
        record("argocd", "1.34", 1),
        record("system:apiserver", "1.34", 1),
        record("eks:addon-manager", "1.34", 1),
      ],
    });
    const { code, findings } = await check();
    expect(only(findings, "DEPRECATED_APIS")).toMatchObject([
      {
        severity: "block",
        subject: "api flowcontrol.apiserver.k8s.io/v1beta3 flowschemas",
        evidence: expect.stringMatching(
          /not served from 1\.34 on, and was called 2 times .*argocd-application/,
        ),
      },
    ]);
    expect(code).toBe(3);
    await byHand("cloudwatch-logs", "DeleteLogStream", { logGroupName, logStreamName });

    rig.platform.faults.inject({ name: "DeprecatedApiCalls", args: { removed: "1.36" }, times: 1 });
    expect(only((await check("1.36")).findings, "DEPRECATED_APIS")).toMatchObject([{ severity: "warn" }]);

    rig.platform.faults.inject({ name: "LogsQuerySlow", times: 1 });
    const slow = await check();
    expect(only(slow.findings, "DEPRECATED_APIS")).toMatchObject([
      { severity: "warn", remedy: expect.stringContaining("asked again") },
    ]);
    rig.platform.faults.inject({ name: "LogsQueryFails", times: 1 });
    const failed = await check();
    expect(only(failed.findings, "READABILITY")).toMatchObject([
      { severity: "unknown", subject: "audit log" },
    ]);
    expect(failed.code).toBe(3);
  });

  it("IAM: a role without its policies, and one that EKS may no longer assume", async () => {
    const { cluster } = (await byHand("eks", "DescribeCluster", { name: "demo" })) as {
      cluster: { roleArn: string };
    };
    const RoleName = cluster.roleArn.split("/").at(-1);
    const PolicyArn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy";
    await byHand("iam", "DetachRolePolicy", { RoleName, PolicyArn });
    expect(only((await check()).findings, "CLUSTER_ROLE")).toMatchObject([{ severity: "warn" }]);
    await byHand("iam", "AttachRolePolicy", { RoleName, PolicyArn });

    const trust = (Service: string): string =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }],
      });
    await byHand("iam", "UpdateAssumeRolePolicy", { RoleName, PolicyDocument: trust("ec2.amazonaws.com") });
    const { code, findings } = await check();
    expect(only(findings, "CLUSTER_ROLE")).toMatchObject([{ severity: "block" }]);
    expect(code).toBe(3);
    await byHand("iam", "UpdateAssumeRolePolicy", { RoleName, PolicyDocument: trust("eks.amazonaws.com") });
    expect((await check()).code).toBe(0);
  });

  it("EC2: the launch template of a group", async () => {
    const userData = Buffer.from("#!/bin/bash\n/etc/eks/bootstrap.sh demo --kubelet-extra-args ''").toString(
      "base64",
    );
    await byHand("ec2", "CreateLaunchTemplate", {
      LaunchTemplateName: "own",
      LaunchTemplateData: { UserData: userData, MetadataOptions: { HttpTokens: "optional" } },
    });
    const { nodegroups } = (await byHand("eks", "ListNodegroups", { clusterName: "demo" })) as {
      nodegroups: string[];
    };
    const { nodegroup } = (await byHand("eks", "DescribeNodegroup", {
      clusterName: "demo",
      nodegroupName: nodegroups[0],
    })) as { nodegroup: { subnets: string[]; nodeRole: string } };
    await byHand("eks", "CreateNodegroup", {
      clusterName: "demo",
      nodegroupName: "own",
      subnets: nodegroup.subnets,
      nodeRole: nodegroup.nodeRole,
      scalingConfig: { minSize: 1, maxSize: 1, desiredSize: 1 },
      launchTemplate: { name: "own", version: "1" },
    });
    await wait(600);
    const before = await check();
    expect(only(before.findings, "USER_DATA")[0]?.evidence).toContain("bootstrap.sh");
    expect(only(before.findings, "IMDS")[0]?.evidence).toContain("HttpTokens optional");
    expect(before.code).toBe(0);
    rig.platform.faults.inject({ name: "LaunchTemplateGone" });
    expect(only((await check()).findings, "LAUNCH_TEMPLATE")).toMatchObject([{ severity: "block" }]);
    rig.platform.faults.clear("LaunchTemplateGone");
    await byHand("eks", "DeleteNodegroup", { clusterName: "demo", nodegroupName: "own" });
    await wait(900);
  });

  it("Kubernetes: what keeps pods from moving, and what would not come back", async () => {
    rig.apply(`
apiVersion: v1
kind: Namespace
metadata: { name: tools }
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: policy }
webhooks:
  - name: validate.policy.example.com
    failurePolicy: Fail
    admissionReviewVersions: [v1]
    sideEffects: None
    clientConfig: { service: { namespace: tools, name: policy } }
    namespaceSelector: { matchLabels: { policy: enforced } }
    rules: [{ apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE] }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: karpenter, namespace: tools }
spec:
  replicas: 2
  selector: { matchLabels: { app: karpenter } }
  template:
    metadata: { labels: { app: karpenter } }
    spec:
      tolerations: [{ operator: Exists }]
      volumes: [{ name: docker, hostPath: { path: /var/run/docker.sock } }]
      containers: [{ name: controller, image: "public.ecr.aws/karpenter/controller:1.5.4" }]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: cache, namespace: tools }
spec: { accessModes: [ReadWriteOnce], storageClassName: gp2, resources: { requests: { storage: 1Gi } } }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db, namespace: tools }
spec:
  serviceName: db
  replicas: 1
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      terminationGracePeriodSeconds: 0
      volumes: [{ name: data, persistentVolumeClaim: { claimName: cache } }]
      containers: [{ name: db, image: "registry.example/db:1" }]
---
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: { name: csr-abc }
spec: { signerName: kubernetes.io/kubelet-serving, request: e30=, usages: [server auth], username: "system:node:a" }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: kube-proxy-config, namespace: kube-system }
data: { config: "apiVersion: kubeproxy.config.k8s.io/v1alpha1\\nmode: \\"ipvs\\"\\n" }
`);
    await wait(1200);
    const { findings, code } = await check("1.36");
    const seen = new Map(findings.map((finding) => [finding.code, finding]));
    expect(seen.get("WEBHOOK_ENDPOINTS")).toMatchObject({
      severity: "block",
      subject: "ValidatingWebhookConfiguration/policy",
      evidence: expect.stringContaining("tools/policy does not exist"),
    });
    expect(seen.get("KARPENTER")).toMatchObject({ severity: "block", subject: "deployment tools/karpenter" });
    for (const [name, says] of [
      ["DOCKER_SOCKET", "karpenter"],
      ["TOLERATES_CORDON", "karpenter"],
      ["READINESS_PROBE", "statefulset db"],
      ["STATEFULSET_GRACE", "statefulset db"],
      ["PENDING_CSR", "csr-abc"],
      ["KUBE_PROXY_IPVS", "ipvs"],
      ["PDB_MISSING", "karpenter"],
      ["SINGLE_REPLICA", "db-0"],
    ] as const) {
      expect(seen.get(name), name).toMatchObject({ severity: "warn" });
      expect(seen.get(name)?.evidence).toContain(says);
    }
    expect(code).toBe(3);

    // The zone of the volume loses its addresses: the pod could not follow.
    const [volume] = rig.platform.kubernetes.list(DEMO_ARN, "PersistentVolume");
    const text = JSON.stringify(volume?.spec?.nodeAffinity);
    const zone = /eu-west-1[abc]/.exec(text)?.[0] ?? "";
    rig.platform.faults.inject({ name: "SubnetWithoutIps", subject: `zone/${zone}` });
    const [bound] = only((await check()).findings, "ZONE_VOLUME");
    expect(bound).toMatchObject({ severity: "block" });
    expect(bound?.evidence).toContain(`tools/db-0 are in ${zone}`);
    rig.platform.faults.clear("SubnetWithoutIps");
  });

  it("EC2: a security group that is gone", async () => {
    const { cluster } = (await byHand("eks", "DescribeCluster", { name: "demo" })) as {
      cluster: { resourcesVpcConfig: { clusterSecurityGroupId: string } };
    };
    const GroupId = cluster.resourcesVpcConfig.clusterSecurityGroupId;
    await byHand("ec2", "DeleteSecurityGroup", { GroupId });
    const { findings } = await check();
    expect(only(findings, "SECURITY_GROUPS")).toMatchObject([
      { severity: "block", subject: `securitygroup ${GroupId}` },
    ]);
  });
});
