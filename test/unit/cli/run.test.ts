import { describe, expect, it } from "vitest";
import type { Problem } from "../../../core/api/schemas.ts";
import { runCli } from "../../builders/cli.ts";

const problem =
  (status: number, code: string, more: Partial<Problem> = {}) =>
  (): Response =>
    Response.json(
      { type: "about:blank", title: "Title", status, code, detail: "what went wrong", ...more },
      { status },
    );

describe("exit codes", () => {
  const cases: [string, () => Response, number][] = [
    [
      "bad input",
      problem(400, "InvalidInput", { errors: [{ field: "to", message: "is not a version" }] }),
      2,
    ],
    ["a busy cluster", problem(409, "ClusterBusy", { operation: "op-1" }), 2],
    ["blocked by checks", problem(409, "ChecksBlocked"), 3],
    ["not found", problem(404, "ClusterNotFound"), 4],
    ["not signed in", problem(401, "Unauthorized"), 5],
    ["not allowed", problem(403, "Forbidden"), 5],
    ["a failing API", problem(500, "InternalError"), 5],
    ["something that is not the API", () => new Response("<html>", { status: 200 }), 5],
  ];
  it.each(cases)("%s", async (_name, answer, code) => {
    const result = await runCli(["upgrade", "demo", "--to", "1.36"], answer);
    expect(result.code).toBe(code);
    expect(result.stdout).toBe("");
    expect(result.stderr).not.toBe("");
  });

  it("nobody listening says how to start one", async () => {
    const result = await runCli(["get", "clusters"], () => {
      throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED 127.0.0.1:4300") });
    });
    expect(result.code).toBe(5);
    expect(result.stderr).toContain("ECONNREFUSED");
    expect(result.stderr).toContain("npm start");
  });
});

describe("bad input never reaches the API", () => {
  const never = (): Response => {
    throw new Error("the API was called");
  };
  const cases: [string, string[], string][] = [
    ["an unknown command", ["upgrad", "demo"], "upgrade"],
    ["a missing --to", ["upgrade", "demo"], "--to"],
    ["an endpoint that is no URL", ["get", "clusters", "--endpoint", "localhost"], "--endpoint"],
    ["an unknown format", ["get", "clusters", "-o", "xml"], "--output"],
    [
      "an override without a reason",
      ["upgrade", "demo", "--to", "1.36", "--override", "NODE_SKEW"],
      "--reason",
    ],
    ["delete without --yes, not on a terminal", ["delete", "demo"], "--yes"],
    ["a file without a name", ["apply", "-f", "empty.yaml"], "metadata.name"],
  ];
  it.each(cases)("%s", async (_name, args, named) => {
    const result = await runCli(args, never, { "empty.yaml": "kind: ClusterConfig\n" });
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(named);
  });
});

describe("requests", () => {
  it("shows the findings that block a request as a check shows them", async () => {
    const finding = {
      code: "PDB_BLOCKS_DRAIN",
      severity: "block",
      subject: "poddisruptionbudget shop/web",
      evidence: "allows 0 disruptions",
      remedy: "Run more replicas.",
    };
    const result = await runCli(
      ["upgrade", "demo", "--to", "1.36"],
      problem(409, "ChecksBlocked", { context: { findings: [finding] } }),
    );
    expect(result.code).toBe(3);
    expect(result.stderr).toMatch(
      /^Blocked by 1 finding\n {2}✗ PDB_BLOCKS_DRAIN {2}poddisruptionbudget shop\/web\n {4}allows 0 disruptions\n {4}→ Run more replicas\.\n/,
    );
  });

  it("names every field error of a problem with its remedy", async () => {
    const errors = [
      {
        field: "managedNodeGroups[0].minSze",
        message: "is not a known field",
        remedy: "did you mean minSize?",
      },
      { field: "metadata.region", message: "is missing" },
    ];
    const result = await runCli(["apply", "-f", "c.yaml"], problem(400, "InvalidInput", { errors }), {
      "c.yaml": "kind: ClusterConfig\nmetadata: { name: demo }\n",
    });
    expect(result.stderr).toContain("managedNodeGroups[0].minSze: is not a known field");
    expect(result.stderr).toContain("did you mean minSize?");
    expect(result.stderr).toContain("metadata.region: is missing");
  });

  it("sends overrides with their reason, and the idempotency key", async () => {
    let seen: { body: unknown; key: string | null; url: string } | undefined;
    const result = await runCli(
      [
        "upgrade",
        "a:b/c",
        "--to",
        "1.36",
        "--minimal-rotations",
        "--override",
        "INSIGHTS",
        "--override",
        "NODE_SKEW",
        "--reason",
        "fixed on Monday",
        "--idempotency-key",
        "k1",
      ],
      async (request) => {
        seen = { body: await request.json(), key: request.headers.get("idempotency-key"), url: request.url };
        return Response.json(
          { id: "op-1", type: "upgrade-cluster", cluster: { name: "c" }, status: "Pending" },
          { status: 202 },
        );
      },
    );
    expect(result.code).toBe(0);
    expect(result.stdout).toContain("slipway watch op-1");
    expect(seen).toEqual({
      url: "http://127.0.0.1:4300/v1/clusters/a%3Ab%2Fc/upgrades",
      key: "k1",
      body: {
        to: "1.36",
        rotations: "minimal",
        reason: "fixed on Monday",
        overrides: [
          { code: "INSIGHTS", reason: "fixed on Monday" },
          { code: "NODE_SKEW", reason: "fixed on Monday" },
        ],
      },
    });
  });

  it("prints the API's own document as JSON", async () => {
    const page = {
      items: [{ ref: { name: "demo", region: "eu-west-1", account: "111122223333" }, status: "ACTIVE" }],
    };
    const result = await runCli(["get", "clusters", "-o", "json"], () => Response.json(page));
    expect(JSON.parse(result.stdout)).toEqual(page.items);
  });

  it("fetches every page of a list", async () => {
    const result = await runCli(["get", "clusters"], (request) => {
      const token = new URL(request.url).searchParams.get("nextToken");
      const item = (name: string) => ({
        ref: { name, region: "eu-west-1", account: "111122223333" },
        status: "ACTIVE",
      });
      return Response.json(token ? { items: [item("second")] } : { items: [item("first")], nextToken: "t" });
    });
    expect(result.stdout).toMatch(/first[\s\S]*second/);
  });
});
