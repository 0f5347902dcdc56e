import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKernel, type Kernel } from "../../../local/kernel/kernel.ts";
import { createFaults } from "../../../local/world/faults.ts";
import { createKubernetes } from "../../../local/world/kubernetes/kubernetes.ts";
import type { KubernetesWorld } from "../../../local/world/kubernetes-contract.ts";
import { ARN, budget, daemonSet, deployment, nodeSpec, serve } from "./world.ts";

const installed = spawnSync("kubectl", ["version", "--client"]).status === 0;
if (!installed) console.warn("SKIPPED: kubectl is not installed, so the API is not tried with it");

describe.skipIf(!installed)("kubectl", () => {
  let world: KubernetesWorld;
  let kernel: Kernel;
  let server: Awaited<ReturnType<typeof serve>>;
  const home = mkdtempSync(join(tmpdir(), "slipway-kubectl-"));

  const run = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) => {
      const env = {
        ...process.env,
        HOME: home,
        KUBECONFIG: join(home, "none"),
        KUBECACHEDIR: join(home, "cache"),
      };
      execFile("kubectl", ["--server", server.url, ...args], { env }, (error, out, err) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
      );
    });
  const ok = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await run(...args);
    expect([code, err.replace(/^Warning:.*\n/gm, "")]).toEqual([0, ""]);
    return out;
  };

  beforeAll(async () => {
    // Real sockets and kubectl's own sleeps: simulated time runs beside them, much faster.
    kernel = createKernel({ time: { kind: "scaled", speed: 200 } });
    world = createKubernetes({ kernel, faults: createFaults() });
    kernel.timers.start();
    world.createCluster(ARN, "1.33");
    world.apply(ARN, daemonSet("aws-node"));
    for (let i = 0; i < 3; i++) world.addNode(ARN, nodeSpec(i));
    server = await serve(world);
    await kernel.clock.sleep(60_000);
    world.apply(ARN, deployment("web", 3));
    world.apply(ARN, budget("web", "web", { minAvailable: 1 }));
    await kernel.clock.sleep(30_000);
  });
  afterAll(async () => {
    await server.close();
    kernel.clock.stop();
  });

  const node = nodeSpec(0).name;

  it("gets nodes, pods and budgets of all namespaces", async () => {
    const out = await ok("get", "nodes,pods,pdb", "-A");
    expect(out).toMatch(/^NAME +STATUS +ROLES +AGE +VERSION$/m);
    expect(out).toMatch(/^NAMESPACE +NAME +READY +STATUS +RESTARTS +AGE$/m);
    expect(out).toMatch(/^default +poddisruptionbudget\.policy\/web +1 +N\/A +2 +/m);
    expect(await ok("get", "pods", "-o", "wide")).toMatch(/NODE +NOMINATED NODE +READINESS GATES/);
  });

  it("describes a node and a pod with their events", async () => {
    const described = await ok("describe", "node", node);
    expect(described).toMatch(/Non-terminated Pods: +\(2 in total\)/);
    expect(described).toContain("NodeReady");
    const pod = (await ok("get", "pods", "-o", "name")).split("\n")[0] ?? "";
    const text = await ok("describe", pod);
    expect(text).toContain("Controlled By:  ReplicaSet/web-");
    expect(text).toContain("Successfully assigned default/");
  });

  it("cordons, drains past the daemon sets and uncordons", async () => {
    expect(await ok("cordon", node)).toContain("cordoned");
    expect(await ok("get", "node", node)).toContain("Ready,SchedulingDisabled");
    expect(await ok("drain", node, "--ignore-daemonsets", "--timeout=30s")).toContain("drained");
    expect(world.drainablePods(ARN, node)).toEqual([]);
    expect(await ok("uncordon", node)).toContain("uncordoned");
  });

  it("is refused by a budget that allows nothing", async () => {
    world.apply(ARN, budget("web", "web", { minAvailable: 3 }));
    await kernel.clock.sleep(20_000);
    const on = String(world.list(ARN, "Pod", "default")[0]?.spec?.nodeName);
    const { code, err } = await run("drain", on, "--ignore-daemonsets", "--timeout=1s");
    expect(code).toBe(1);
    expect(err).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    await ok("uncordon", on);
    world.apply(ARN, budget("web", "web", { minAvailable: 1 }));
  });

  it("applies a file, follows its rollout, scales, rolls back and deletes it", async () => {
    const file = join(home, "api.json");
    writeFileSync(file, JSON.stringify(deployment("api", 2)));
    expect(await ok("apply", "-f", file)).toContain("deployment.apps/api created");
    expect(await ok("apply", "-f", file)).toContain("unchanged");
    expect(await ok("rollout", "status", "deploy/api", "--timeout=20s")).toContain("successfully rolled out");
    await ok("scale", "deploy/api", "--replicas=3");
    await ok("set", "image", "deploy/api", "main=api:2");
    expect(await ok("rollout", "status", "deploy/api", "--timeout=20s")).toContain("successfully rolled out");
    expect(await ok("rollout", "history", "deploy/api")).toMatch(/^2 /m);
    await ok("rollout", "undo", "deploy/api");
    await ok("rollout", "status", "deploy/api", "--timeout=20s");
    expect(await ok("get", "deploy", "api", "-o", "jsonpath={.spec.template.spec.containers[0].image}")).toBe(
      "api:1",
    );
    expect(await ok("apply", "--server-side", "--force-conflicts", "-f", file)).toContain(
      "serverside-applied",
    );
    expect(await ok("delete", "-f", file)).toContain("deleted");
    expect(world.get(ARN, "Deployment", "default", "api")).toBeUndefined();
  });

  it("watches", async () => {
    const watching = run("get", "configmaps", "--watch-only", "--request-timeout=3s", "-o", "name");
    await kernel.clock.sleep(300_000);
    world.apply(ARN, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "seen", namespace: "default" },
    });
    expect((await watching).out).toContain("configmap/seen");
  });

  it("may ask what it is allowed to do", async () => {
    expect(await ok("auth", "can-i", "create", "pods/eviction")).toBe("yes\n");
  });

  it("is told what does not exist", async () => {
    const { code, err } = await run("get", "pod", "none");
    expect([code, err.trim()]).toEqual([1, 'Error from server (NotFound): pods "none" not found']);
  });
});
