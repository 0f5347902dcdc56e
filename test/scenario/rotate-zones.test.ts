import { afterEach, describe, expect, it } from "vitest";
import { DEMO_ARN, operationIdIn, type Rig, startRig } from "../builders/platform.ts";
import { autoScalingGroups, cordoned, demoFile, nodesOf } from "../builders/rotation.ts";

const file = (size: number) =>
  demoFile(`
managedNodeGroups:
- { name: core, instanceType: m5.large, desiredCapacity: 2, privateNetworking: true }
- { name: data, instanceType: m5.large, minSize: 1, desiredCapacity: ${size}, maxSize: 4, privateNetworking: true, labels: { tier: data } }
`);
const label = (name: string) => ({ "eks.amazonaws.com/nodegroup": name });
const ZONE = "topology.kubernetes.io/zone";

describe("volumes that are bound to a zone", () => {
  let rig: Rig | undefined;
  afterEach(async () => {
    await rig?.close();
    rig = undefined;
  });

  const pass = (on: Rig, minutes: number) =>
    on.platform.kernel.clock.until(on.platform.kernel.clock.sleep(minutes * 60_000));

  /** A database whose volume is in the zone of one of the group's nodes; that zone. */
  const start = async (size: number): Promise<{ on: Rig; zone: string }> => {
    rig = await startRig();
    rig.clusterFile = file(size);
    await rig.provision({ workloads: false });
    const zone = nodesOf(rig, label("data-1"))[0]?.metadata.labels?.[ZONE] ?? "";
    const { kubernetes } = rig.platform;
    kubernetes.apply(DEMO_ARN, {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: "pv-db" },
      spec: {
        capacity: { storage: "10Gi" },
        accessModes: ["ReadWriteOnce"],
        csi: { driver: "ebs.csi.aws.com", volumeHandle: "vol-1" },
        claimRef: {
          namespace: "default",
          name: "data-db-0",
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
        },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              {
                matchExpressions: [{ key: "topology.ebs.csi.aws.com/zone", operator: "In", values: [zone] }],
              },
              { matchExpressions: [{ key: ZONE, operator: "In", values: [zone] }] },
            ],
          },
        },
      },
    });
    kubernetes.apply(DEMO_ARN, {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data-db-0", namespace: "default" },
      spec: {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "10Gi" } },
        volumeName: "pv-db",
        storageClassName: "",
      },
    });
    kubernetes.apply(DEMO_ARN, {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "db", namespace: "default" },
      spec: {
        replicas: 1,
        serviceName: "db",
        selector: { matchLabels: { app: "db" } },
        template: {
          metadata: { labels: { app: "db" } },
          spec: {
            nodeSelector: { tier: "data" },
            containers: [{ name: "main", image: "registry.example/db:1" }],
            volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data-db-0" } }],
          },
        },
      },
    });
    await pass(rig, 3);
    const db = kubernetes.get(DEMO_ARN, "Pod", "default", "db-0");
    expect(db?.status?.phase).toBe("Running");
    return { on: rig, zone };
  };

  it("keep their zone: a smaller new group grows until it has a node there", async () => {
    const { on, zone } = await start(1);
    // The first new machine finds no room in that zone, and starts in the other one.
    on.platform.faults.inject({ name: "InsufficientInstanceCapacity", subject: `zone/${zone}`, times: 1 });
    const run = await on.slipway("rotate", "demo", "data", "--yes", "--wait");
    expect(run.stderr).toBe("");
    expect(run.stdout).toContain(`Volumes of pods on data-1 are in ${zone}, where data-2 has no node`);
    expect(run.code).toBe(0);
    await pass(on, 2);
    const db = on.platform.kubernetes.get(DEMO_ARN, "Pod", "default", "db-0");
    const node = nodesOf(on).find((each) => each.metadata.name === db?.spec?.nodeName);
    expect([
      db?.status?.phase,
      node?.metadata.labels?.[ZONE],
      node?.metadata.labels?.["eks.amazonaws.com/nodegroup"],
    ]).toEqual(["Running", zone, "data-2"]);
  });

  it("hold the drain, with the right words, when no new node can start in their zone", async () => {
    const { on, zone } = await start(2);
    on.platform.faults.inject({ name: "InsufficientInstanceCapacity", subject: `zone/${zone}` });
    const run = await on.slipway("rotate", "demo", "data", "--yes", "--wait");
    const operation = await on.operation(operationIdIn(run));
    expect([operation.status, operation.error?.code]).toEqual(["RolledBack", "ZoneWithoutNodes"]);
    expect(operation.error?.message).toContain(`default/db-0 (its volume is in ${zone})`);
    // It never left its place.
    const db = on.platform.kubernetes.get(DEMO_ARN, "Pod", "default", "db-0");
    expect(db?.status?.phase).toBe("Running");
    expect(cordoned(on)).toEqual([]);
    expect((await autoScalingGroups(on)).map((group) => group.tags["eks:nodegroup-name"]).sort()).toEqual([
      "core-1",
      "data-1",
    ]);
  });
});
