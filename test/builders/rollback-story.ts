import type { CallLog } from "./call-record.ts";
import { Story } from "./story.ts";

/** An upgrade that is taken back, told through notification channels. */
export async function lifeOfARollback(log: CallLog): Promise<void> {
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
