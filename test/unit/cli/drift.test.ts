import { describe, expect, it } from "vitest";
import type { ClusterDrift } from "../../../core/api/routes/drift.ts";
import { runCli } from "../../builders/cli.ts";

const DRIFT: ClusterDrift["items"][number] = {
  id: "d-0123456789",
  field: "managedNodeGroups[workers].labels.example.com/team",
  class: "nodegroup",
  desired: "a",
  actual: "b",
  detectedAt: "2026-11-20T09:12:44.000Z",
  seenAt: "2026-11-20T09:20:00.000Z",
  mode: "report",
  change: {
    id: "e",
    at: "2026-11-20T09:12:00.000Z",
    call: "UpdateNodegroupConfig",
    actor: "arn:aws:sts::111122223333:assumed-role/PlatformAdmin/alice",
    via: "cloudformation.amazonaws.com",
    sourceAddress: "203.0.113.20",
    userAgent: "aws-cli/2.31.0",
  },
  remediable: true,
  resolution: { state: "reported", at: "2026-11-20T09:12:44.000Z" },
  history: [],
};
const REF = { account: "111122223333", region: "eu-west-1", name: "demo" };
const view = (over: Partial<ClusterDrift> = {}): ClusterDrift => ({
  cluster: REF,
  items: [DRIFT],
  lookedAt: "2026-11-20T09:20:00.000Z",
  ...over,
});
const json = (body: unknown, status = 200): Response => Response.json(body, { status });

describe("slipway drift", () => {
  it("says what, who, from where, through what, with what and when", async () => {
    const { code, stdout } = await runCli(["drift", "demo"], () => json(view()));
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "managedNodeGroups[workers].labels.example.com/team  d-0123456789
        a -> b  (nodegroup, report)
        reported, since 2026-11-20 09:12:44Z
        UpdateNodegroupConfig by arn:aws:sts::111122223333:assumed-role/PlatformAdmin/alice through cloudformation.amazonaws.com from 203.0.113.20 at 2026-11-20 09:12:00Z, with aws-cli/2.31.0

      Looked at 2026-11-20 09:20:00Z.
      "
    `);
  });

  it.each<[string, Partial<ClusterDrift>, string]>([
    ["all is well", { items: [] }, "demo is as it should be (looked at 2026-11-20 09:20:00Z)."],
    ["nobody has looked", { items: [], lookedAt: undefined }, "Nobody has looked at demo yet."],
    ["an operation has it", { items: [], operation: "op-1" }, "op-1 has the cluster"],
    [
      "it cannot be looked at",
      {
        items: [],
        failure: {
          code: "ManagedAccountRefused",
          message: "no",
          remedy: "Mend the role.",
          since: "2026-11-20T09:00:00Z",
          count: 3,
        },
      },
      "demo cannot be looked at since 2026-11-20 09:00:00Z: no",
    ],
  ])("says so when %s", async (_, over, text) => {
    const { stdout } = await runCli(["drift", "demo"], () => json(JSON.parse(JSON.stringify(view(over)))));
    expect(stdout).toContain(text);
  });

  it("accepts a field by its id, whatever stands in its name", async () => {
    const asked: string[] = [];
    const run = await runCli(
      ["drift", "accept", "demo", DRIFT.field, "--reason", "agreed"],
      async (request) => {
        asked.push(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`);
        return json(
          request.method === "GET" ? view() : { ...DRIFT, resolution: { state: "accepted", at: "" } },
        );
      },
    );
    expect(run.code, run.stderr).toBe(0);
    expect(asked).toEqual([
      "GET /v1/clusters/demo/drift ",
      'POST /v1/clusters/demo/drift/d-0123456789/accept {"reason":"agreed"}',
    ]);
  });

  it("does not accept without a reason", async () => {
    const run = await runCli(["drift", "accept", "demo", "x"], () => json({}));
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining("--reason") });
  });

  it("does not bring back anything unasked where nobody can be asked", async () => {
    const asked: string[] = [];
    const plan = {
      type: "reconcile-drift",
      cluster: REF,
      phases: [],
      findings: [],
      expectedSeconds: 60,
      disruption: { nodesReplaced: 0, maxUnavailable: "1", surgeNodes: 0 },
      digest: "x",
    };
    const run = await runCli(["reconcile", "demo"], (request) => {
      asked.push(new URL(request.url).search);
      return json(plan);
    });
    expect(run.code).toBe(2);
    expect(asked).toEqual(["?dryRun=true"]);
  });

  it("shows every page of all clusters in drift", async () => {
    const run = await runCli(["get", "drift"], (request) =>
      json(
        new URL(request.url).searchParams.get("nextToken")
          ? { items: [view({ cluster: { ...REF, name: "other" } })] }
          : { items: [view()], nextToken: "2" },
      ),
    );
    expect(run.stdout.split("\n").map((line) => line.split(/\s+/)[0])).toEqual([
      "CLUSTER",
      "demo",
      "other",
      "",
    ]);
  });
});
