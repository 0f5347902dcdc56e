import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { addonData } from "../../../local/world/catalogue/addon-data.ts";
import { createKubernetes } from "../../../local/world/kubernetes/kubernetes.ts";
import type { KubeObject, KubernetesWorld } from "../../../local/world/kubernetes-contract.ts";
import {
  ARN,
  addon,
  clusterRequest,
  clusterStatus,
  createCluster,
  createNodegroup,
  finished,
  nodegroup,
  nodegroupRequest,
  SCOPE,
  type World,
  worldWith,
} from "./world.ts";

/** All three worlds together: EKS on the real EC2 and Kubernetes simulations. */
type RealWorld = World<KubernetesWorld>;
const realWorld = (journal?: string): Promise<RealWorld> =>
  worldWith(
    (kernel, faults) => createKubernetes({ kernel, faults }),
    journal === undefined ? {} : { journal },
  );

const tag = (object: KubeObject | undefined): string => {
  const template = object?.spec?.template as { spec: { containers: { image: string }[] } } | undefined;
  return template?.spec.containers[0]?.image.split(":").at(-1) ?? "";
};
const kubelets = (w: RealWorld): string[] =>
  w.kubernetes
    .list(ARN, "Node")
    .map((node) => (node.status as { nodeInfo: { kubeletVersion: string } }).nodeInfo.kubeletVersion);
const zones = (w: RealWorld): Set<string | undefined> =>
  new Set(
    w.kubernetes.list(ARN, "Node").map((node) => node.metadata.labels?.["topology.kubernetes.io/zone"]),
  );

async function provisioned(): Promise<RealWorld> {
  const w = await realWorld();
  await createCluster(w, { bootstrapSelfManagedAddons: false });
  for (const addonName of ["vpc-cni", "kube-proxy"])
    await w.api.CreateAddon({ clusterName: "shop", addonName }, SCOPE);
  for (const name of ["system", "web", "jobs"])
    await w.api.CreateNodegroup(nodegroupRequest(w, name, { instanceTypes: ["m5.xlarge"] }), SCOPE);
  for (const name of ["system", "web", "jobs"])
    await w.until(async () => (await nodegroup(w, name)).status !== "CREATING", 600);
  for (const addonName of ["coredns", "metrics-server", "aws-ebs-csi-driver"])
    await w.api.CreateAddon({ clusterName: "shop", addonName }, SCOPE);
  await w.advance(60);
  return w;
}

/** A deployment with a budget, three replicas over the zones. */
function deploy(w: RealWorld, name: string, maxUnavailable: number): void {
  const labels = { app: name };
  w.kubernetes.apply(ARN, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name, image: "nginx:1.29", resources: { requests: { cpu: "100m" } } }] },
      },
    },
  });
  w.kubernetes.apply(ARN, {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name, namespace: "default" },
    spec: { maxUnavailable, selector: { matchLabels: labels } },
  });
}

describe("the three worlds together", () => {
  it("finish a provisioning and a rolling update although the process is killed every two minutes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "world-eks-"));
    try {
      let w = await realWorld(join(folder, "journal"));
      /** Lets time pass until `done`, killed and started again on the way. */
      const killedUntil = async (done: () => Promise<boolean>): Promise<void> => {
        for (let i = 0; i < 60 && !(await done()); i++) {
          await w.advance(117);
          // Virtual time goes on from the last change, so that there has to be one.
          w.kernel.durable.map("test").set("killed", i);
          w.clock.stop();
          w.kernel.durable.close();
          w = await realWorld(join(folder, "journal"));
        }
        expect(await done()).toBe(true);
      };
      await w.api.CreateCluster(clusterRequest(w), SCOPE);
      await killedUntil(async () => (await clusterStatus(w)) === "ACTIVE");
      await w.api.CreateNodegroup(nodegroupRequest(w, "workers"), SCOPE);
      await killedUntil(async () => (await nodegroup(w, "workers")).status === "ACTIVE");
      await w.api.UpdateClusterVersion({ name: "shop", version: "1.34" }, SCOPE);
      await killedUntil(async () => (await clusterStatus(w)) === "ACTIVE");
      await w.api.UpdateNodegroupVersion({ clusterName: "shop", nodegroupName: "workers" }, SCOPE);
      await killedUntil(async () => (await nodegroup(w, "workers")).status === "ACTIVE");
      await w.advance(60);
      expect(kubelets(w)).toEqual(Array(3).fill("v1.34.9-eks-ecaa3a6"));
      await w.api.DeleteNodegroup({ clusterName: "shop", nodegroupName: "workers" }, SCOPE);
      await killedUntil(
        async () => (await w.api.ListNodegroups({ clusterName: "shop" }, SCOPE)).nodegroups?.length === 0,
      );
      expect(kubelets(w)).toEqual([]);
      w.kernel.durable.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("provision a cluster with three node groups and add-ons", async () => {
    const w = await provisioned();
    for (const name of ["system", "web", "jobs"])
      expect(await nodegroup(w, name)).toMatchObject({ status: "ACTIVE" });
    expect(kubelets(w)).toEqual(Array(9).fill("v1.33.12-eks-3abbec1"));
    expect(zones(w).size).toBe(3);
    for (const name of ["vpc-cni", "kube-proxy", "coredns", "metrics-server", "aws-ebs-csi-driver"])
      expect(await addon(w, name), name).toMatchObject({ status: "ACTIVE", health: { issues: [] } });
    expect(w.kubernetes.readiness(ARN, "DaemonSet", "kube-system", "aws-node")).toEqual({
      desired: 9,
      ready: 9,
    });
    expect(w.kubernetes.readiness(ARN, "Deployment", "kube-system", "coredns")).toEqual({
      desired: 2,
      ready: 2,
    });
  });

  it("go to the next minor: control plane, add-ons, blue/green by hand, with no budget violated", async () => {
    const w = await provisioned();
    deploy(w, "web", 1);
    await w.advance(60);
    expect(w.kubernetes.readiness(ARN, "Deployment", "default", "web").ready).toBe(3);
    let least = 3;
    w.kubernetes.onChange((_arn, _type, object) => {
      if (object.kind === "Deployment" && object.metadata.name === "web")
        least = Math.min(least, Number(object.status?.readyReplicas ?? 0));
    });

    await finished(w, (await w.api.UpdateClusterVersion({ name: "shop", version: "1.34" }, SCOPE)).update);
    expect(await clusterStatus(w)).toBe("ACTIVE");
    for (const [addonName, addonVersion] of [
      ["kube-proxy", "v1.34.6-eksbuild.2"],
      ["vpc-cni", "v1.20.4-eksbuild.2"],
      ["coredns", "v1.12.3-eksbuild.1"],
    ] as const) {
      const { update } = await w.api.UpdateAddon(
        { clusterName: "shop", addonName, addonVersion, resolveConflicts: "OVERWRITE" },
        SCOPE,
      );
      expect((await finished(w, update, { addonName })).status, addonName).toBe("Successful");
    }
    expect(tag(w.kubernetes.get(ARN, "DaemonSet", "kube-system", "kube-proxy"))).toBe("v1.34.6-eksbuild.2");

    for (const name of ["system", "web", "jobs"]) {
      const seconds = await createNodegroup(w, `${name}-1`, { instanceTypes: ["m5.xlarge"] });
      expect(seconds).toBeLessThan(240);
      await w.api.DeleteNodegroup({ clusterName: "shop", nodegroupName: name }, SCOPE);
      await w.until(
        async () => !(await w.api.ListNodegroups({ clusterName: "shop" }, SCOPE)).nodegroups?.includes(name),
        900,
      );
    }
    await w.advance(120);
    expect(kubelets(w)).toEqual(Array(9).fill("v1.34.9-eks-ecaa3a6"));
    expect(w.kubernetes.readiness(ARN, "Deployment", "default", "web").ready).toBe(3);
    expect(least).toBeGreaterThanOrEqual(2);
    expect(await addon(w, "coredns")).toMatchObject({ status: "ACTIVE" });
  });

  it("roll a node group, and stop at a budget that allows nothing", async () => {
    const w = await provisioned();
    await finished(w, (await w.api.UpdateClusterVersion({ name: "shop", version: "1.34" }, SCOPE)).update);
    const roll = async (nodegroupName: string) => {
      const { update } = await w.api.UpdateNodegroupVersion({ clusterName: "shop", nodegroupName }, SCOPE);
      return finished(w, update, { nodegroupName });
    };
    const done = await roll("jobs");
    expect(done).toMatchObject({ status: "Successful", errors: [] });
    // "About 5 minutes per node", and the surge.
    expect(done.seconds).toBeGreaterThan(3 * 120);
    expect(done.seconds).toBeLessThan(60 * 60);
    deploy(w, "stuck", 0);
    await w.advance(60);
    for (const name of ["system", "web", "jobs"]) {
      const { version } = await nodegroup(w, name);
      if (version === "1.34") continue;
      const result = await roll(name);
      if (result.status === "Failed") expect(result.errors?.[0]?.errorCode).toBe("PodEvictionFailure");
    }
    // The last surplus machine shuts down.
    await w.advance(60);
    expect(w.kubernetes.list(ARN, "Node").filter((node) => node.spec?.unschedulable)).toEqual([]);
    expect(kubelets(w)).toHaveLength(9);
    expect(w.kubernetes.readiness(ARN, "Deployment", "default", "stuck").ready).toBe(3);
  });

  it("install every add-on of the catalogue", async () => {
    const w = await provisioned();
    const installed = (await w.api.ListAddons({ clusterName: "shop" }, SCOPE)).addons ?? [];
    const others = addonData.map((data) => data.name).filter((name) => !installed.includes(name));
    for (const addonName of others) await w.api.CreateAddon({ clusterName: "shop", addonName }, SCOPE);
    await w.advance(60);
    for (const { name } of addonData)
      expect(await addon(w, name), name).toMatchObject({ status: "ACTIVE", health: { issues: [] } });
    const images = w.kubernetes
      .list(ARN, "DaemonSet")
      .flatMap((object) => [
        object.metadata.name,
        w.kubernetes.readiness(ARN, "DaemonSet", object.metadata.namespace ?? "", object.metadata.name).ready,
      ]);
    expect(images).toEqual(
      [
        "cloudwatch-agent",
        "fluent-bit",
        "aws-node",
        "ebs-csi-node",
        "efs-csi-node",
        "eks-node-monitoring-agent",
        "eks-pod-identity-agent",
        "kube-proxy",
      ].flatMap((name) => [name, 9]),
    );
  });

  it("relabel running nodes, and take labels and taints away again", async () => {
    const w = await provisioned();
    const target = { clusterName: "shop", nodegroupName: "web" };
    const configure = async (change: object) =>
      finished(w, (await w.api.UpdateNodegroupConfig({ ...target, ...change }, SCOPE)).update, {
        nodegroupName: "web",
      });
    const taint = { key: "k", value: "v", effect: "PREFER_NO_SCHEDULE" } as const;
    const nodes = () =>
      w.kubernetes
        .list(ARN, "Node")
        .filter((node) => node.metadata.labels?.["eks.amazonaws.com/nodegroup"] === "web")
        .map((node) => [
          node.metadata.labels?.team,
          ((node.spec?.taints ?? []) as { key: string }[]).map((t) => t.key),
        ]);
    await configure({ labels: { addOrUpdateLabels: { team: "a" } }, taints: { addOrUpdateTaints: [taint] } });
    expect(nodes()).toEqual(Array(3).fill(["a", ["k"]]));
    await configure({ labels: { removeLabels: ["team"] }, taints: { removeTaints: [taint] } });
    expect(nodes()).toEqual(Array(3).fill([undefined, []]));
  });
});
