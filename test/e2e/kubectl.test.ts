import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cleanUp, describeWith, type Ended, eventually, folder, run, startServer } from "./processes.ts";
import { makeCluster } from "./sdk.ts";

const WORKLOAD = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 4
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: "web:1" }] }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web }
spec: { minAvailable: 4, selector: { matchLabels: { app: web } } }
`;

describeWith(["kubectl"], "kubectl", () => {
  let endpoint: string;
  let manifest: string;
  beforeAll(async () => {
    const server = await startServer(folder());
    endpoint = await makeCluster(server, "demo", 3);
    manifest = join(folder(), "web.yaml");
    writeFileSync(manifest, WORKLOAD);
  });
  afterAll(cleanUp);

  const raw = (line: string): Promise<Ended> =>
    run("kubectl", ["--server", endpoint, ...line.split(" ")], { KUBECONFIG: "/dev/null" });
  async function kubectl(line: string): Promise<string> {
    const { code, stdout, stderr } = await raw(line);
    expect(code, `kubectl ${line}\n${stderr}`).toBe(0);
    return stdout;
  }
  const nodesOfWeb = async (): Promise<string[]> =>
    (await kubectl("get pods -l app=web -o jsonpath={.items[*].spec.nodeName}")).split(" ");

  it("sees the nodes as a table, in full, and as documents", async () => {
    const lines = (await kubectl("get nodes")).trimEnd().split("\n");
    expect(lines[0]).toMatch(/^NAME +STATUS +ROLES +AGE +VERSION$/);
    expect(lines.slice(1)).toHaveLength(3);
    for (const line of lines.slice(1))
      expect(line).toMatch(/^ip-\S+ +Ready +<none> +\w+ +v1\.34\.\d+-eks-\w+$/);
    const described = await kubectl("describe nodes");
    expect(described.match(/eks\.amazonaws\.com\/nodegroup=workers/g)).toHaveLength(3);
    expect(JSON.parse(await kubectl("get nodes -o json")).items).toHaveLength(3);
  });

  it("applies a workload, is held up by its budget, drains when the budget is gone", async () => {
    expect(await kubectl(`apply -f ${manifest}`)).toBe(
      "deployment.apps/web created\npoddisruptionbudget.policy/web created\n",
    );
    await kubectl("rollout status deployment/web --timeout 30s");
    await kubectl("wait --for=jsonpath={.status.currentHealthy}=4 pdb/web --timeout 30s");
    const [node = ""] = await nodesOfWeb();

    const held = await raw(`drain ${node} --ignore-daemonsets --timeout 1s`);
    expect(held.code).toBe(1);
    expect(held.stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    expect(await kubectl(`get node ${node}`)).toContain("Ready,SchedulingDisabled");

    await kubectl("delete pdb web");
    expect(await kubectl(`drain ${node} --ignore-daemonsets --timeout 30s`)).toContain(
      `node/${node} drained`,
    );
    await kubectl("rollout status deployment/web --timeout 30s");
    expect(await nodesOfWeb()).not.toContain(node);
    expect(await kubectl(`uncordon ${node}`)).toBe(`node/${node} uncordoned\n`);
    await kubectl("scale deployment web --replicas 1");
    await eventually(nodesOfWeb, (nodes) => nodes.length === 1);
    expect(await kubectl(`delete -f ${manifest} --ignore-not-found`)).toContain("deleted");
  });

  it("drains two nodes from two terminals at once", async () => {
    const nodes = (await kubectl("get nodes -o name")).trimEnd().split("\n").slice(0, 2);
    const drained = await Promise.all(nodes.map((node) => raw(`drain ${node} --ignore-daemonsets`)));
    expect(drained.map(({ code }) => code)).toEqual([0, 0]);
    await Promise.all(nodes.map((node) => kubectl(`uncordon ${node}`)));
  });

  it("watches until what it waits for has come", async () => {
    const [node = ""] = (await kubectl("get nodes -o name")).split("\n");
    const waiting = kubectl(`wait --for=jsonpath={.spec.unschedulable}=true ${node} --timeout 30s`);
    await kubectl(`cordon ${node}`);
    expect(await waiting).toBe(`${node} condition met\n`);
    await kubectl(`uncordon ${node}`);
  });

  it.each([
    ["get nope", /the server doesn't have a resource type "nope"/],
    ["get pod nope", /pods "nope" not found/],
    ["exec nope -- ls", /pods "nope" not found|run no processes/],
    ["create deployment x --image x", /write a manifest by --dry-run=client -o yaml and apply it/],
  ])("gets an error that it understands: %s", async (line, text) => {
    const { code, stderr } = await raw(line);
    expect(stderr).toMatch(text);
    expect(code).toBe(1);
  });

  it("is told of a cluster that is not there", async () => {
    const { code, stderr } = await run("kubectl", ["--server", `${endpoint}-nope`, "get", "nodes"], {
      KUBECONFIG: "/dev/null",
    });
    expect(code).toBe(1);
    expect(stderr).toContain("the server is currently unable to handle the request");
  });
});
