import { beforeAll, describe, expect, it } from "vitest";
import type { Grant } from "../../core/declaration.ts";
import type { Operation, OperationEvent } from "../../core/operation/types.ts";
import { AwsError, type ServiceName } from "../../local/aws/contract.ts";
import {
  CallLog,
  type Comparison,
  compare,
  declaredGrants,
  type PlacedNeed,
} from "../builders/call-record.ts";
import { clusterFiles, head } from "../builders/cluster-files.ts";
import { driftOfEverything } from "../builders/drift-story.ts";
import { lifeOfNodes } from "../builders/node-story.ts";
import { operationIdIn, type Rig, type RigOptions, startRig } from "../builders/platform.ts";
import { applyFile } from "../builders/provisioning.ts";
import { lifeOfAFleet } from "../builders/rollout-story.ts";
import { lifeOfWaiting } from "../builders/waiting-life.ts";

const granted = declaredGrants;

const MINUTE = 60_000;

/** One platform, driven through the lives of its clusters. */
class Story {
  readonly rig: Rig;
  readonly #interferences: Promise<unknown>[] = [];

  #away = false;
  /** Writes of API functions to the table that still go well; the others fail. */
  #writes = Number.POSITIVE_INFINITY;

  constructor(rig: Rig) {
    this.rig = rig;
    rig.platform.endpoint.beforeCall((call) => {
      if (this.#away && call.operation === "StartExecution")
        throw new AwsError("ServiceUnavailable", "away", { status: 503 });
      const byApi = call.scope.principal.caller?.startsWith("function/api-") ?? false;
      if (byApi && call.operation === "PutItem" && this.#writes-- <= 0)
        throw new AwsError("InternalServerError", "away", { status: 500 });
    });
  }

  static async begin(log: CallLog, options: RigOptions = {}): Promise<Story> {
    const rig = await startRig({ onFailure: () => {}, ...options });
    log.watch(rig.platform);
    return new Story(rig);
  }

  pass(minutes: number): Promise<void> {
    const { clock } = this.rig.platform.kernel;
    return clock.until(clock.sleep(minutes * MINUTE));
  }

  async start(path: string, body: object = {}, method = "POST"): Promise<string> {
    const response = await this.rig.api(method, path, body);
    const answer = (await response.json()) as Operation;
    if (response.status !== 202) throw new Error(JSON.stringify(answer));
    return answer.id;
  }

  /** Lets time pass until the operation has ended, and expects the status. */
  async ends(id: string, status: Operation["status"]): Promise<void> {
    for (let i = 0; i < 600; i++) {
      const operation = await this.rig.operation(id);
      if (operation.status === status) return;
      if (["Succeeded", "Failed", "RolledBack", "Cancelled"].includes(operation.status))
        throw new Error(`${id} is ${operation.status}, not ${status}: ${JSON.stringify(operation.error)}`);
      await this.pass(2);
    }
    throw new Error(`${id} has not ended`);
  }

  async until(id: string, seen: (event: OperationEvent) => boolean): Promise<void> {
    for (let i = 0; i < 600; i++) {
      if ((await this.rig.events(id)).some(seen)) return;
      await this.pass(0.1);
    }
    throw new Error(`${id} never got there`);
  }

  async newest(type: Operation["type"]): Promise<string> {
    const listed = (await (await this.rig.api("GET", "/v1/operations")).json()) as { items: Operation[] };
    const found = listed.items.find((operation) => operation.type === type);
    if (!found) throw new Error(`no operation ${type}`);
    return found.id;
  }

  /** A call as a person beside Slipway makes it. */
  byHand(service: ServiceName, operation: string, input: object): Promise<Record<string, unknown>> {
    return this.rig.platform.kernel.clock.until(this.#call(service, operation, input));
  }

  #call(service: ServiceName, operation: string, input: object): Promise<Record<string, unknown>> {
    const { endpoint, home } = this.rig.platform;
    const arn = `arn:aws:iam::${home.account}:user/test`;
    const principal = { type: "IAMUser", arn, account: home.account, accessKeyId: "" } as const;
    return endpoint.call(service, operation, input, { ...home, principal });
  }

  /** The answer to the next such call is lost: the work was done, the caller gets an error. */
  loseAnswer(operation: string): void {
    let lost = false;
    this.rig.platform.endpoint.onCall((call) => {
      if (lost || call.operation !== operation || call.error) return;
      lost = true;
      throw new AwsError("ServerException", "the answer got lost", { status: 500 });
    });
  }

  /**
   * A request whose operation cannot be stored, so that it gives the cluster back. Then one during which Step
   * Functions is away: the operation is stored, and the sweep starts it later.
   */
  async lostStart(type: Operation["type"], method: string, path: string, body: unknown): Promise<void> {
    this.#writes = 1;
    const unstored = await this.rig.api(method, path, body);
    this.#writes = Number.POSITIVE_INFINITY;
    if (unstored.status < 500) throw new Error(`${path}: ${unstored.status} ${await unstored.text()}`);
    this.#away = true;
    const response = await this.rig.api(method, path, body);
    this.#away = false;
    if (response.status < 500) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    await this.ends(await this.newest(type), "Succeeded");
  }

  /** Somebody else does something in the moment before the next such call of Slipway's. */
  interfere(service: ServiceName, operation: string, about: string, by: string, input: object): void {
    let done = false;
    this.rig.platform.endpoint.beforeCall((call) => {
      if (done || call.operation !== operation || !call.scope.principal.caller) return;
      if (!Object.values(call.input).includes(about)) return;
      done = true;
      this.#interferences.push(this.#call(service, by, input));
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#interferences);
    await this.rig.close();
  }
}

/** A cluster from its failed beginning to its end, with most of what can happen in between. */
async function lifeOfACluster(log: CallLog): Promise<void> {
  const faults = [{ name: "NodesNeverJoin" }];
  const story = await Story.begin(log, { faults, externalId: "3f9a4c61-slipway" });
  const { rig } = story;
  await rig.slipway("apply", "-f", "cluster.yaml", "--dry-run");
  const failed = await rig.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes");
  expect(failed.code).toBe(1);
  rig.platform.faults.clear();
  expect((await rig.slipway("retry", operationIdIn(failed), "--wait")).code).toBe(0);
  for (const path of ["/openapi.json", "/v1/clusters", "/v1/clusters/demo", "/v1/operations"])
    expect((await rig.api("GET", path)).status).toBe(200);
  expect((await rig.api("POST", "/v1/clusters/demo/checks", { to: "1.34" })).status).toBe(200);
  for (const body of [{}, { accounts: ["444455556666"] }])
    expect((await rig.api("POST", "/v1/doctor", body)).status).toBe(200);

  // An upgrade that fails in a rotation, is tried again, and whose calls' answers get lost.
  rig.platform.faults.inject({ name: "NodesNeverJoin", subject: "workers-2", times: 1 });
  for (const operation of ["UpdateAddon", "CreateNodegroup"]) story.loseAnswer(operation);
  story.interfere("eks", "UpdateClusterVersion", "demo", "UpdateClusterConfig", {
    name: "demo",
    logging: { clusterLogging: [{ types: ["scheduler"], enabled: true }] },
  });
  // Insights that do not pass are looked at one by one.
  rig.platform.faults.inject({ name: "DeprecatedApiInUse" });
  const overrides = [{ code: "INSIGHTS", reason: "the client is gone" }];
  const upgrade = await story.start("/v1/clusters/demo/upgrades", { to: "1.34", overrides });
  await story.ends(upgrade, "Failed");
  await rig.api("POST", `/v1/operations/${upgrade}/retry`, {});
  await story.ends(upgrade, "Succeeded");
  rig.platform.faults.clear();

  await rig.api("GET", "/v1/operations?cluster=demo");
  await rig.api("POST", "/v1/clusters/demo/upgrades?dryRun=true", { to: "1.35" });
  await rig.api("POST", "/v1/clusters/demo/checks", { to: "1.35" });

  // Rotations: cancelled before anything, paused and resumed, cancelled while paused and while draining, stopped from outside.
  const rotate = () => story.start("/v1/clusters/demo/nodegroups/workers/rotations");
  const early = await rotate();
  await rig.api("POST", `/v1/operations/${early}/cancel`, {});
  await story.ends(early, "Cancelled");
  const paused = await rotate();
  await story.until(paused, (event) => event.progress?.phase === "draining");
  await rig.api("POST", `/v1/operations/${paused}/pause`, {});
  await story.pass(30);
  await rig.api("POST", `/v1/operations/${paused}/resume`, {});
  await story.ends(paused, "Succeeded");
  const cancelled = await rotate();
  await story.until(cancelled, (event) => event.progress?.phase === "draining");
  await rig.api("POST", `/v1/operations/${cancelled}/cancel`, {});
  await story.ends(cancelled, "Cancelled");
  const held = await rotate();
  await rig.api("POST", `/v1/operations/${held}/pause`, {});
  await story.pass(30);
  await rig.api("POST", `/v1/operations/${held}/cancel`, {});
  await story.ends(held, "Cancelled");
  const stopped = await rotate();
  await story.until(stopped, (event) => event.progress?.phase === "draining");
  const { executionArn } = await rig.operation(stopped);
  await story.byHand("sfn", "StopExecution", { executionArn, cause: "by hand" });
  await story.ends(stopped, "Failed");
  await rig.api("POST", `/v1/operations/${stopped}/retry`, {});
  await story.ends(stopped, "Succeeded");

  await story.ends(await story.start("/v1/clusters/demo", {}, "DELETE"), "Succeeded");
  await story.close();
}

/** Add-ons by themselves, node groups that EKS rolls, and an operation that nobody started. */
async function lifeOfAnother(log: CallLog): Promise<void> {
  const story = await Story.begin(log);
  const { rig } = story;
  rig.clusterFile = rig.clusterFile.replace("strategy: perHop", "method: rolling\n  strategy: perHop");
  rig.clusterFile = rig.clusterFile.replace(
    "- name: aws-ebs-csi-driver",
    "- name: aws-ebs-csi-driver\n    serviceAccountRoleARN: arn:aws:iam::111122223333:role/ebs",
  );
  const { LaunchTemplate: template } = (await story.byHand("ec2", "CreateLaunchTemplate", {
    LaunchTemplateName: "batch",
    LaunchTemplateData: { InstanceType: "m6i.xlarge" },
  })) as { LaunchTemplate: { LaunchTemplateId: string } };
  rig.clusterFile = rig.clusterFile
    .replace("    instanceType: m7g.xlarge\n", `    launchTemplate: { id: ${template.LaunchTemplateId} }\n`)
    .replace("    volumeSize: 120\n", "");
  await story.byHand("iam", "CreateRole", {
    RoleName: "ebs",
    AssumeRolePolicyDocument: JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "pods.eks.amazonaws.com" },
          Action: ["sts:AssumeRole", "sts:TagSession"],
        },
      ],
    }),
  });
  await story.lostStart("provision-cluster", "PUT", "/v1/clusters/demo", rig.clusterFile);
  story.interfere("eks", "UpdateNodegroupVersion", "workers-1", "UpdateNodegroupConfig", {
    clusterName: "demo",
    nodegroupName: "workers-1",
    labels: { addOrUpdateLabels: { "by-hand": "yes" } },
  });
  expect((await rig.api("POST", "/v1/clusters/demo/checks", { to: "1.34" })).status).toBe(200);
  const upgrades = "/v1/clusters/demo/upgrades";
  await story.lostStart("upgrade-cluster", "POST", upgrades, { to: "1.34" });

  for (const [addonName, addonVersion] of [
    ["coredns", "v1.12.1-eksbuild.2"],
    ["aws-ebs-csi-driver", "v1.59.0-eksbuild.1"],
  ])
    await story.byHand("eks", "UpdateAddon", {
      clusterName: "demo",
      addonName,
      addonVersion,
      serviceAccountRoleArn: addonName === "coredns" ? undefined : "arn:aws:iam::111122223333:role/ebs",
      resolveConflicts: "OVERWRITE",
    });
  await story.pass(20);
  story.interfere("eks", "UpdateAddon", "coredns", "UpdateAddon", {
    clusterName: "demo",
    addonName: "coredns",
    configurationValues: JSON.stringify({ replicaCount: 3 }),
  });
  await story.lostStart("update-addons", "POST", "/v1/clusters/demo/addon-updates", {});
  await story.ends(await story.start("/v1/clusters/demo/addon-updates"), "Succeeded");
  const rotations = "/v1/clusters/demo/nodegroups/system/rotations";
  await story.lostStart("rotate-nodegroup", "POST", rotations, {});

  // An execution that is stopped while the rule that tells of it is off: the sweep finds it.
  await story.byHand("eventbridge", "DisableRule", { Name: "slipway-local-execution-ended" });
  const rotation = await story.start("/v1/clusters/demo/nodegroups/workers/rotations");
  await story.until(rotation, (event) => event.status === "Running");
  const { executionArn } = await rig.operation(rotation);
  await story.byHand("sfn", "StopExecution", { executionArn, cause: "by hand" });
  await story.ends(rotation, "Failed");
  await story.lostStart("rotate-nodegroup", "POST", `/v1/operations/${rotation}/retry`, {});
  await story.lostStart("delete-cluster", "DELETE", "/v1/clusters/demo", {});
  await story.close();
}

/** A cluster that fails, and then its clean-up does. */
async function shortLife(log: CallLog): Promise<void> {
  const faults = [{ name: "NodesNeverJoin" }, { name: "StackDeleteFails" }];
  const story = await Story.begin(log, { faults });
  expect((await story.rig.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes")).code).toBe(1);
  await story.close();
}

/** Clusters of files with every kind of data plane, identity and network; the last one with a stack that fails. */
async function lifeOfRichFiles(log: CallLog): Promise<void> {
  const story = await Story.begin(log);
  const names = ["irsa", "advanced", "fargateonly", "identity", "privatecluster"] as const;
  const made: string[] = [];
  for (const name of names) {
    const { operation } = await applyFile(story.rig, clusterFiles[name] ?? "");
    made.push(operation?.id ?? "");
  }
  const selected = await applyFile(
    story.rig,
    `${head("chosen")}
vpc: { subnets: { private: { a: { id: subnet-a1 }, b: { id: subnet-b1 } } } }
managedNodeGroups: [{ name: m, instanceSelector: { vCPUs: 2, memory: 8GiB } }]
nodeGroups: [{ name: own, desiredCapacity: 1 }]
`,
  );
  made.push(selected.operation?.id ?? "");
  for (const id of made) await story.ends(id, "Succeeded");
  for (const id of made) {
    const { cluster } = await story.rig.operation(id);
    await story.ends(await story.start(`/v1/clusters/${cluster.name}`, {}, "DELETE"), "Succeeded");
  }
  const { faults } = story.rig.platform;
  // Failures after which a capability and a Fargate profile have to go again.
  faults.inject({ name: "CapabilityCreationFails", times: 1 });
  faults.inject({ name: "AddonCreationFails", subject: "fargate-only/addon/coredns", times: 1 });
  for (const name of ["identity", "fargateonly"] as const) {
    const failing = await applyFile(story.rig, clusterFiles[name] ?? "");
    await story.ends(failing.operation?.id ?? "", "Failed");
  }
  faults.inject({ name: "StackFails", args: { message: "no more VPCs" } });
  const { operation } = await applyFile(story.rig, clusterFiles.ipv6 ?? "");
  await story.ends(operation?.id ?? "", "Failed");
  await story.close();
}

const trust = (service: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });

/** A cluster that somebody else made is taken over, changed in every way there is, and stripped again. */
async function lifeOfAnAdopted(log: CallLog): Promise<void> {
  const story = await Story.begin(log);
  const role = async (RoleName: string, service: string): Promise<string> => {
    const AssumeRolePolicyDocument = trust(service);
    await story.byHand("iam", "CreateRole", { RoleName, AssumeRolePolicyDocument });
    return `arn:aws:iam::111122223333:role/${RoleName}`;
  };
  const nodeRole = await role("nodes", "ec2.amazonaws.com");
  const podRole = await role("pods", "pods.eks.amazonaws.com");
  const fargateRole = await role("fargate", "eks-fargate-pods.amazonaws.com");
  const people = await role("people", "ec2.amazonaws.com");
  const { Subnets } = (await story.byHand("ec2", "DescribeSubnets", {})) as {
    Subnets: { SubnetId: string; VpcId: string }[];
  };
  // Fargate wants a subnet without a way in: a route table of its own, with nothing in it.
  const VpcId = Subnets[0]?.VpcId;
  const { Subnet } = (await story.byHand("ec2", "CreateSubnet", {
    VpcId,
    CidrBlock: "172.31.96.0/20",
    AvailabilityZone: "eu-west-1a",
  })) as { Subnet: { SubnetId: string } };
  const { RouteTable } = (await story.byHand("ec2", "CreateRouteTable", { VpcId })) as {
    RouteTable: { RouteTableId: string };
  };
  await story.byHand("ec2", "AssociateRouteTable", {
    RouteTableId: RouteTable.RouteTableId,
    SubnetId: Subnet.SubnetId,
  });
  const subnetIds = Subnets.slice(0, 2).map((subnet) => subnet.SubnetId);
  await story.byHand("eks", "CreateCluster", {
    name: "plain",
    version: "1.34",
    roleArn: await role("plain", "eks.amazonaws.com"),
    resourcesVpcConfig: { subnetIds },
    accessConfig: { authenticationMode: "API_AND_CONFIG_MAP" },
  });
  await story.pass(15);
  const clusterName = "plain";
  await story.byHand("eks", "CreateNodegroup", {
    clusterName,
    nodegroupName: "ng",
    subnets: subnetIds,
    nodeRole,
  });
  const { LaunchTemplate: template } = (await story.byHand("ec2", "CreateLaunchTemplate", {
    LaunchTemplateName: "templated",
    LaunchTemplateData: { InstanceType: "m6i.large" },
  })) as { LaunchTemplate: { LaunchTemplateId: string } };
  await story.byHand("eks", "CreateNodegroup", {
    clusterName,
    nodegroupName: "templated",
    subnets: subnetIds,
    nodeRole,
    launchTemplate: { id: template.LaunchTemplateId },
    scalingConfig: { minSize: 0, maxSize: 1, desiredSize: 1 },
  });
  await story.pass(10);
  await story.lostStart("adopt-cluster", "POST", "/v1/clusters/plain/adopt", {});
  const { config } = (await (await story.rig.api("GET", "/v1/clusters/plain")).json()) as {
    config: { managedNodeGroups: object[]; metadata: object; iam: object };
  };
  const apply = (file: object, query = "") =>
    story.start(`/v1/clusters/plain${query}`, { ...config, ...file }, "PUT");

  const first = {
    metadata: { ...config.metadata, tags: { team: "a" } },
    secretsEncryption: { keyARN: "arn:aws:kms:eu-west-1:111122223333:key/k" },
    identityProviders: [
      { type: "oidc", name: "sso", issuerURL: "https://sso.example", clientID: "k", tags: { a: "b" } },
    ],
    accessConfig: {
      authenticationMode: "API_AND_CONFIG_MAP",
      accessEntries: [
        {
          principalARN: people,
          accessPolicies: [policy("AmazonEKSViewPolicy"), policy("AmazonEKSEditPolicy")],
        },
      ],
    },
    iam: {
      ...config.iam,
      podIdentityAssociations: [
        { namespace: "shop", serviceAccountName: "cart", roleARN: podRole },
        { namespace: "shop", serviceAccountName: "pay", roleARN: podRole },
      ],
    },
    addons: [
      { name: "coredns", resolveConflicts: "overwrite", tags: { owner: "a" } },
      { name: "eks-pod-identity-agent" },
      {
        name: "aws-ebs-csi-driver",
        podIdentityAssociations: [{ serviceAccountName: "ebs-csi-controller-sa", roleARN: podRole }],
      },
    ],
    managedNodeGroups: [
      ...config.managedNodeGroups,
      {
        name: "extra",
        desiredCapacity: 1,
        instanceSelector: { vCPUs: 2, memory: "8GiB" },
        iam: { instanceRoleARN: nodeRole },
      },
    ],
    fargateProfiles: [
      {
        name: "jobs",
        podExecutionRoleARN: fargateRole,
        selectors: [{ namespace: "jobs" }],
        subnets: [Subnet.SubnetId],
      },
    ],
  };
  await story.lostStart("apply-changes", "PUT", "/v1/clusters/plain", { ...config, ...first });
  expect((await story.rig.api("POST", "/v1/clusters/plain/adopt?dryRun=true", {})).status).toBe(200);

  const otherRole = await role("pods-too", "pods.eks.amazonaws.com");
  const left = await driftOfEverything(story, "plain", {
    people,
    otherRole,
    nodeRole,
    subnetIds,
    fargateRole,
    fargateSubnet: Subnet.SubnetId,
  });
  expect(left.filter((one) => !/ (remediated|accepted|gone)$/.test(one))).toEqual([]);
  const second = {
    ...first,
    metadata: { ...config.metadata, tags: { stage: "test" } },
    upgradePolicy: { supportType: "STANDARD" },
    accessConfig: {
      authenticationMode: "API_AND_CONFIG_MAP",
      accessEntries: [
        {
          principalARN: people,
          kubernetesGroups: ["people"],
          accessPolicies: [policy("AmazonEKSViewPolicy")],
        },
      ],
    },
    iam: {
      ...config.iam,
      podIdentityAssociations: [{ namespace: "shop", serviceAccountName: "cart", roleARN: otherRole }],
    },
    addons: [
      {
        name: "coredns",
        configurationValues: JSON.stringify({ replicaCount: 3 }),
        tags: { owner: "b" },
        serviceAccountRoleARN: otherRole,
      },
    ],
    managedNodeGroups: [
      {
        ...config.managedNodeGroups[0],
        labels: { a: "b" },
        tags: { cost: "1" },
        instanceTypes: ["m6i.large"],
      },
      {
        name: "chosen",
        minSize: 0,
        desiredCapacity: 0,
        instanceSelector: { vCPUs: 4, memory: "16GiB" },
        iam: { instanceRoleARN: nodeRole },
      },
    ],
    fargateProfiles: [],
  };
  const changed = await apply(second, "?prune=true");
  await story.rig.api("POST", `/v1/operations/${changed}/cancel`, {});
  await story.ends(changed, "Cancelled");
  await story.rig.api("POST", `/v1/operations/${changed}/retry`, {});
  await story.ends(changed, "Succeeded");
  const third = { ...second, accessConfig: { authenticationMode: "API_AND_CONFIG_MAP", accessEntries: [] } };
  await story.ends(await apply(third, "?prune=true"), "Succeeded");
  await story.close();
}

/** An upgrade that is taken back, told through notification channels. */
async function lifeOfARollback(log: CallLog): Promise<void> {
  const story = await Story.begin(log);
  const { rig } = story;
  await story.byHand("sns", "CreateTopic", { Name: "slipway-ops" });
  const channels = "/v1/notification-channels";
  const channel = { apiVersion: "slipway.dev/v1", kind: "NotificationChannel", scope: "all" };
  const targets = {
    ops: { type: "sns", topicArn: "arn:aws:sns:eu-west-1:111122223333:slipway-ops" },
    bot: { type: "slack-bot", secret: "ssm:/slipway/bot", conversation: "C0123456789" },
  };
  for (const [name, target] of Object.entries(targets)) {
    await rig.api("PUT", `${channels}/${name}`, { ...channel, metadata: { name }, target });
    await rig.api("POST", `${channels}/${name}/test`);
    await rig.api("GET", `${channels}/${name}`);
  }
  await rig.api("GET", channels);
  const { LaunchTemplate: template } = (await story.byHand("ec2", "CreateLaunchTemplate", {
    LaunchTemplateName: "batch",
    LaunchTemplateData: { EbsOptimized: true },
  })) as { LaunchTemplate: { LaunchTemplateId: string } };
  rig.clusterFile = rig.clusterFile
    .replace(/version: ["']?1\.33["']?/, 'version: "1.34"')
    .replace(
      "    instanceType: m7g.xlarge\n",
      `    instanceTypes: [m7g.xlarge]\n    launchTemplate: { id: ${template.LaunchTemplateId} }\n`,
    )
    .replace("    volumeSize: 120\n", "");
  await rig.provision({ workloads: false });
  await story.ends(await story.start("/v1/clusters/demo/upgrades", { to: "1.35" }), "Succeeded");
  rig.platform.faults.inject({ name: "RollbackNotReady", args: { status: "WARNING" } });
  const rollbacks = "/v1/clusters/demo/rollbacks";
  await story.pass(24 * 60);
  // Outside of its window one waits, and is called off.
  const open = rig.clusterFile;
  rig.clusterFile = `${open.trimEnd()}\nwindows: { freezes: [{ from: "2026-11-01", to: "2027-11-01", reason: sale }] }\n`;
  await rig.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes");
  story.loseAnswer("CreateSchedule");
  const frozen = await story.start(rollbacks);
  await rig.api("POST", `/v1/operations/${frozen}/cancel`, {});
  await story.ends(frozen, "Cancelled");
  rig.clusterFile = open;
  await rig.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes");
  await story.lostStart("rollback-cluster", "POST", rollbacks, {});
  await story.ends(await story.start("/v1/clusters/demo/upgrades", { to: "1.35" }), "Succeeded");
  // Too late for EKS to cancel it: it is asked, and the control plane comes to its end.
  const late = await story.start(rollbacks);
  await story.until(late, (event) => event.kind === "StepStarted" && event.step === "1.34/control-plane");
  await rig.api("POST", `/v1/operations/${late}/cancel`, {});
  await story.ends(late, "Succeeded");
  await rig.api("DELETE", `${channels}/bot`);
  await story.close();
}

const policy = (name: string): object => ({
  policyARN: `arn:aws:eks::aws:cluster-access-policy/${name}`,
  accessScope: { type: "cluster" },
});

let needs: ReadonlyMap<string, readonly PlacedNeed[]>;
let comparison: Comparison;
const log = new CallLog();
beforeAll(async () => {
  await lifeOfACluster(log);
  await lifeOfAnother(log);
  await shortLife(log);
  await lifeOfRichFiles(log);
  await lifeOfAnAdopted(log);
  await lifeOfARollback(log);
  await lifeOfNodes(log);
  await lifeOfWaiting(log);
  await lifeOfAFleet(log);
  needs = await log.needs();
  comparison = compare(granted, needs);
}, 300_000);

/** Permissions that no call on the embedded platform can need, and why AWS needs them. */
const EXCEPTIONS: readonly [callers: RegExp, actions: RegExp, why: string][] = [
  [/^workflow\//, /^(logs|xray):/, "Step Functions writes logs and traces with the role of the machine"],
  [
    /^workflow\//,
    /^(events:(DescribeRule|PutRule|PutTargets)|states:(Describe|Stop)Execution)$/,
    "Step Functions waits for nested executions, and stops them, with the role of the machine",
  ],
  [
    /^workflow\/(apply-changes|provision-cluster|reconcile-drift|rotate-nodegroup)$/,
    /^(ec2:(CreateTags|DescribeLaunchTemplateVersions|DescribeSubnets|RunInstances)|iam:(CreateServiceLinkedRole|GetRole|ListAttachedRolePolicies)|kms:(CreateGrant|DescribeKey))$/,
    "EKS looks at what a request names (subnets, roles, launch template, key) with the caller's permissions",
  ],
  [
    /^function\//,
    /^sts:AssumeRole$/,
    "a cluster may be of another account: test/scenario/accounts.test.ts has one, not for every function",
  ],
  [
    /^function\//,
    /^lambda:InvokeFunction$/,
    "an API server may be private to its VPC: test/scenario/relay.test.ts has one, not for every function",
  ],
  [
    /^function\/(notify|api-test-notification-channel)$/,
    /^(ssm:GetParameter|secretsmanager:GetSecretValue)$/,
    "the embedded platform keeps the secrets of channels itself (local/outbox.ts)",
  ],
  [
    /^function\/(on-alarm|on-health-event|on-instance-event|sweep-nodes|api-remediate-node)$/,
    /^dynamodb:DeleteItem$/,
    "gives the cluster back when the operation cannot be stored; of the API's own routes some do it here",
  ],
  [
    /^function\/(look-at-cluster|sweep-clusters|api-reconcile-cluster)$/,
    /^(dynamodb:DeleteItem|events:PutEvents|eks:DescribeAddonVersions|iam:PassRole|scheduler:(Create|Update)Schedule)$/,
    "they make the same looks: what one of them meets here, each may meet",
  ],
  [
    /^workflow\/(apply-changes|update-addons)$/,
    /^(eks:UpdateAddon|iam:PassRole)$/,
    "an update of the roles of an add-on's pods: reconcile-drift is seen to make one, with the same state",
  ],
  [
    /^workflow\/reconcile-drift$/,
    /^eks:(AssociateEncryptionConfig|AssociateIdentityProviderConfig|CreateAccessEntry|CreateAddon|TagResource|UntagResource|UpdateAccessEntry)$/,
    "it has the states of an apply, which is seen to make every one of these calls",
  ],
  [
    /^function\/(wake-operation|api-(approve|resume)-operation)$/,
    /^(autoscaling|cloudformation|dynamodb|ec2|eks|events|iam|logs|scheduler|servicequotas|states):/,
    "they plan anew and begin whatever has waited, as a retry, which is seen to make these calls",
  ],
  [
    /^function\/(api-.*|start-member|finish-operation|on-.*|sweep-.*)$/,
    /^(scheduler:(Create|Update)Schedule|iam:PassRole|events:PutEvents|dynamodb:BatchGetItem)$/,
    "whatever starts or ends an operation may find that it has to wait; some are seen to",
  ],
  [
    /^workflow\/rollout-fleet$/,
    /^states:StartExecution$/,
    "Step Functions starts the children of a distributed Map with the role of the machine",
  ],
  [
    /^function\/(hold-rollout|member-status|start-member|propose-upgrades|api-approve-rollout|api-abort-rollout)$/,
    /^(dynamodb:(DeleteItem|Query)|events:PutEvents|iam:PassRole|scheduler:(Create|Update)Schedule|states:SendTaskSuccess)$/,
    "what is asked of a rollout between two reads, and operations that wait: each of them may meet it, some do here",
  ],
  [
    /^function\/(api-start-rollout|start-member|propose-upgrades|check-member)$/,
    /^(ec2:DescribeLaunchTemplateVersions|eks:Describe(Insight|Update)|logs:GetQueryResults)$/,
    "what a snapshot reads only where something is wrong or under way: the checks' own functions are seen to",
  ],
  [
    /^function\/gate$/,
    /^dynamodb:DeleteItem$/,
    "a pause that is withdrawn between two reads of the gate: no scenario can hit that moment on purpose",
  ],
];

const excepted = (finding: string): boolean => {
  const [caller = "", action = ""] = finding.split(": ");
  return EXCEPTIONS.some(([callers, actions]) => callers.test(caller) && actions.test(action));
};

describe("permissions and the calls that are made with them", () => {
  it("sees every function and every state machine at work", () => {
    const idle = [...granted].filter(([caller, grants]) => grants.length > 0 && !needs.has(caller));
    expect(idle.map(([caller]) => caller)).toEqual([]);
  });
  it("has a grant for every call, on its resource", () => {
    expect(comparison.missing).toEqual([]);
  });
  it("grants nothing that no scenario needs", () => {
    expect(comparison.unused.filter((finding) => !excepted(finding))).toEqual([]);
  });
  it("has no exception that nothing is excepted by", () => {
    const idle = EXCEPTIONS.filter(
      (exception) =>
        !comparison.unused.some((finding) => {
          const [caller = "", action = ""] = finding.split(": ");
          return exception[0].test(caller) && exception[1].test(action);
        }),
    );
    expect(idle.map(([, , why]) => why)).toEqual([]);
  });

  const changed = (caller: string, change: (grants: readonly Grant[]) => readonly Grant[]): Comparison =>
    compare(
      new Map([...granted].map(([name, grants]) => [name, name === caller ? change(grants) : grants])),
      needs,
    );
  it("would miss a grant that is taken away", () => {
    const without = changed("function/finish-operation", (grants) =>
      grants.filter((grant) => !grant.actions.includes("events:PutEvents")),
    );
    expect(without.missing).toEqual([
      expect.stringMatching(/^function\/finish-operation: events:PutEvents on /),
    ]);
  });
  it("would miss a resource or a condition that does not fit", () => {
    const elsewhere = changed("workflow/delete-cluster", (grants) =>
      grants.map((grant) => ({
        ...grant,
        resources: grant.resources.map((one) => one.replace("{region}", "eu-north-1")),
      })),
    );
    expect(elsewhere.missing.join()).toContain("workflow/delete-cluster: eks:DeleteCluster");
    const otherRole = changed("workflow/provision-cluster", (grants) =>
      grants.map((grant) =>
        grant.actions.includes("iam:PassRole")
          ? { ...grant, conditions: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } } }
          : grant,
      ),
    );
    expect(otherRole.missing.join()).toContain("workflow/provision-cluster: iam:PassRole");
  });
  it("would see a grant too many", () => {
    const more = changed("function/verify", (grants) => [
      ...grants,
      { actions: ["eks:DeleteCluster"], resources: ["arn:{partition}:eks:{region}:{account}:cluster/*"] },
    ]);
    expect(more.unused).toContain("function/verify: eks:DeleteCluster");
  });
});
