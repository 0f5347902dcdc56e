import { expect } from "vitest";
import type { CallLog } from "./call-record.ts";
import { operationIdIn } from "./platform.ts";
import { Story } from "./story.ts";

/** A cluster from its failed beginning to its end, with most of what can happen in between. */
export async function lifeOfACluster(log: CallLog): Promise<void> {
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
export async function lifeOfAnother(log: CallLog): Promise<void> {
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
export async function shortLife(log: CallLog): Promise<void> {
  const faults = [{ name: "NodesNeverJoin" }, { name: "StackDeleteFails" }];
  const story = await Story.begin(log, { faults });
  expect((await story.rig.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes")).code).toBe(1);
  await story.close();
}
