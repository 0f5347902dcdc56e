import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { ClusterDrift } from "../../core/api/routes/drift.ts";
import {
  awsEnv,
  cleanUp,
  describeWith,
  type Ended,
  eventually,
  folder,
  ROOT,
  run,
  type Server,
  startServer,
} from "./processes.ts";

const TRUST = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: "111122223333" }, Action: "sts:AssumeRole" }],
});

/** The example cluster without its node groups, with everything that differs brought back. */
function clusterFile(): string {
  const [config = "", policy = ""] = readFileSync(join(ROOT, "examples/cluster.yaml"), "utf8").split(
    /^---$/m,
  );
  const { managedNodeGroups: _, ...small } = parse(config) as Record<string, unknown>;
  return `${stringify(small)}---\n${stringify({ ...parse(policy), drift: { mode: "remediate" } })}`;
}

describeWith(["aws"], "drift made with the AWS CLI", () => {
  let server: Server;
  beforeAll(async () => {
    // A minute of the cluster is some 60 ms: there is time to look at what is under way.
    server = await startServer(folder(), 1000);
  });
  afterAll(cleanUp);

  const slipway = (...args: string[]): Promise<Ended> =>
    run(process.execPath, ["cli/main.ts", ...args], { SLIPWAY_ENDPOINT: server.api });
  const drift = async (): Promise<ClusterDrift> => {
    const { stdout } = await slipway("drift", "demo", "--all", "-o", "json");
    return JSON.parse(stdout) as ClusterDrift;
  };

  it("is seen, attributed to who called, and undone once", { timeout: 180_000 }, async () => {
    const made = await fetch(`${server.api}/v1/clusters/demo`, {
      method: "PUT",
      headers: { "content-type": "application/yaml" },
      body: clusterFile(),
    });
    expect(made.status, await made.clone().text()).toBe(202);
    const { id } = (await made.json()) as { id: string };
    expect((await slipway("watch", id)).code).toBe(0);

    const aws = async (line: string, env: Record<string, string> = {}, ...more: string[]) => {
      const ended = await run("aws", [...line.split(" "), ...more], { ...awsEnv(server), ...env });
      expect(ended.code, `aws ${line}\n${ended.stderr}`).toBe(0);
      return ended.stdout.trim();
    };
    await aws("iam create-role --role-name PlatformAdmin --assume-role-policy-document", {}, TRUST);
    const session = (
      await aws(
        "sts assume-role --role-arn arn:aws:iam::111122223333:role/PlatformAdmin --role-session-name alice --output text --query Credentials.[AccessKeyId,SecretAccessKey,SessionToken]",
      )
    ).split(/\s+/);
    const alice = {
      AWS_ACCESS_KEY_ID: session[0] ?? "",
      AWS_SECRET_ACCESS_KEY: session[1] ?? "",
      AWS_SESSION_TOKEN: session[2] ?? "",
    };
    await aws("eks wait cluster-active --name demo");
    await aws(
      "eks update-cluster-config --name demo --resources-vpc-config",
      alice,
      "endpointPublicAccess=true,endpointPrivateAccess=false,publicAccessCidrs=198.51.100.0/24",
    );

    const seen = await eventually(
      drift,
      ({ items }) => items.length > 0 && items.every(({ resolution }) => resolution.state === "remediated"),
      90,
    );
    expect(seen.items.map(({ field, desired, actual }) => `${field}: ${desired} -> ${actual}`)).toEqual([
      "vpc.clusterEndpoints.privateAccess: true -> false",
      "vpc.publicAccessCIDRs: 0.0.0.0/0 -> 198.51.100.0/24",
    ]);
    for (const { change } of seen.items)
      expect(change).toMatchObject({
        call: "UpdateClusterConfig",
        actor: "arn:aws:sts::111122223333:assumed-role/PlatformAdmin/alice",
        sourceAddress: "127.0.0.1",
        userAgent: expect.stringContaining("aws-cli"),
      });
    const shown = await slipway("drift", "demo", "--all");
    expect(shown.stdout).toContain("PlatformAdmin/alice");
    expect(shown.stdout).toContain("brought back by op-");
    const now = "cluster.resourcesVpcConfig.[endpointPrivateAccess,join(',',publicAccessCidrs)]";
    expect(await aws(`eks describe-cluster --name demo --output text --query ${now}`)).toBe(
      "True\t0.0.0.0/0",
    );

    // No second loop: hours later one operation brought it back, and nothing else was done.
    const operations = async () => {
      const { stdout } = await slipway("get", "operations", "--cluster", "demo", "-o", "json");
      return (JSON.parse(stdout) as { type: string }[]).filter(({ type }) => type === "reconcile-drift");
    };
    const since = Date.parse(seen.lookedAt ?? "");
    await eventually(drift, ({ lookedAt }) => Date.parse(lookedAt ?? "") > since + 3_600_000, 60);
    expect(await operations()).toHaveLength(1);
  });
});
