import type { CallLog } from "./call-record.ts";
import { clusterFiles, head } from "./cluster-files.ts";
import { applyFile } from "./provisioning.ts";
import { Story } from "./story.ts";

/** Clusters of files with every kind of data plane, identity and network; the last one with a stack that fails. */
export async function lifeOfRichFiles(log: CallLog): Promise<void> {
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
  // Its subnets and the machines of the other group are what the account has.
  await story.ends(await story.start("/v1/clusters/chosen/nodegroups/own/rotations"), "Succeeded");
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
