import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { version as esbuildVersion } from "esbuild";
import { describe, expect, it } from "vitest";
import { apiFunctions } from "../../functions/api/platform.ts";
import { functions } from "../../functions/platform.ts";
import { controls } from "../../infra/controls.ts";
import { documents } from "../../infra/document.ts";
import { deployments, readGraph } from "../../infra/evaluations.ts";
import { type Graph, ofType, regionsOf } from "../../infra/offline/graph.ts";
import { roleStatements } from "../../infra/rules/rule.ts";
import { rules } from "../../infra/rules/rules.ts";
import { bundleFunction, bundleRequest } from "../../local/bundles.ts";
import { logical } from "../../stacks/names.ts";
import { WORTH_A_MAIL } from "../../stacks/worth-a-mail.ts";

const root = { root: join(import.meta.dirname, "..", "..") };

describe.each(deployments)("deployment $name ($stage, $region)", ({ name }) => {
  const graph = readGraph(root, name);

  it("is evaluated without an error", () => {
    expect(graph.errors).toEqual([]);
    expect(graph.resources.length).toBeGreaterThan(100);
  });

  it.each(rules)("$name: $demands", async ({ check }) => {
    expect(await check(graph)).toEqual([]);
  });
});

describe("deliberate defects are found", () => {
  it.each(controls)("$name", async ({ name, found }) => {
    const graph = readGraph(root, `control-${name}`);
    if ("error" in found) {
      expect(graph.errors.join("\n")).toMatch(found.error);
    } else {
      expect(graph.errors).toEqual([]);
      const rule = rules.find((one) => one.name === found.rule);
      expect(rule).toBeDefined();
      expect(await rule?.check(graph)).not.toEqual([]);
    }
  });
});

describe("bundles", () => {
  const { builds } = readGraph(root, "prod-eu");

  it("are made with the esbuild that is inside of SST", () => {
    const platform = `sst-${process.platform}-${process.arch}`;
    const sst = join(root.root, "node_modules", platform, "bin", "sst");
    expect(readFileSync(sst).includes(`github.com/evanw/esbuild\tv${esbuildVersion}\t`)).toBe(true);
  });

  it.each([...functions, ...apiFunctions])("of $name are asked for as the embedded platform does", (one) => {
    // Both are made by local/bundles.ts, and esbuild makes the same of the same.
    const { handler, runtime, minify } = bundleRequest(root.root, one, "");
    expect(builds.find(({ functionID }) => functionID === logical(one.name))).toMatchObject({
      ...{ handler, runtime, properties: { minify, format: "esm", architecture: "arm64" } },
      bytes: expect.any(Number),
    });
  });

  it("are asked for in the same way in every stage and region", () => {
    const same = new Map(builds.map((build) => [build.handler, build]));
    for (const { name } of deployments) {
      const asked = readGraph(root, name).builds;
      for (const { handler, runtime, properties } of asked)
        expect({ handler, runtime, properties }).toEqual({
          handler,
          runtime: same.get(handler)?.runtime,
          properties: same.get(handler)?.properties,
        });
      expect(new Set(asked.map(({ handler }) => handler))).toEqual(new Set(same.keys()));
    }
  });

  it("are the same made alone and among others", async () => {
    const folder = join(root.root, ".build", "infra", "bundles");
    const [one, other] = functions;
    if (!one || !other) throw new Error("there are no functions");
    const sha256 = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
    const [among] = await Promise.all([one, other].map((f) => bundleFunction(root.root, f, folder)));
    const alone = await bundleFunction(root.root, one, join(folder, "alone"));
    expect(among && sha256(among.file)).toBe(sha256(alone.file));
  });
});

describe("stages and regions", () => {
  /** A graph as text with what may differ taken out. */
  const alike = (name: string): string => {
    const { stage, region, resources } = readGraph(root, name);
    const types = resources.filter(({ type }) => !type.startsWith("aws:s3/") && !type.startsWith("sst:"));
    return (
      JSON.stringify(types, null, 1)
        .replaceAll(region, "REGION")
        // Only one of the evaluations builds bundles.
        .replaceAll(/-code-[0-9a-f]{64}/g, "-code")
        .replaceAll(`slipway-${stage}`, "slipway")
    );
  };

  it("differ between regions in nothing but the region", () => {
    expect(alike("prod-us")).toBe(alike("prod-eu"));
  });

  it("is deterministic: two evaluations make the same", () => {
    // A control that only opens a route changes nothing about roles.
    const roles = (name: string) => ofType(readGraph(root, name), "role");
    expect(roles("control-open-route")).toEqual(roles("prod-eu"));
  });
});

describe("further regions", () => {
  const graph = readGraph(root, "regions");

  it("are those of the setting", () => {
    expect(regionsOf(graph).sort()).toEqual(["ap-southeast-2", "eu-central-1", "us-east-1"]);
  });

  it("have what workflows need and nothing else: no table, no API, no bus, no listener, no schedule", () => {
    const away = graph.resources.filter(({ region, existing }) => region !== graph.region && !existing);
    expect([...new Set(away.map(({ type }) => type.split("/").at(-1)?.split(":").at(-1)))].sort()).toEqual([
      "Alias",
      "BucketObjectv2",
      "EventRule",
      "EventTarget",
      "Function",
      "Key",
      "LogGroup",
      "MetricAlarm",
      "Queue",
      "QueuePolicy",
      "StateMachine",
      "Topic",
      "TopicPolicy",
      "aws",
    ]);
  });

  it("leave the home region as it is without them, but for what roles may and functions know", () => {
    const home = (name: string): unknown[] =>
      readGraph(root, name)
        .resources.filter(({ region, type }) => region === "eu-central-1" && !type.startsWith("sst:"))
        .filter(({ type }) => !/Role$|Function$|BucketObjectv2$|providers/.test(type));
    expect(home("regions")).toEqual(home("prod-eu"));
  });
});

describe("documents", () => {
  it.each(documents(root, readGraph(root, "prod-eu")))(
    "$path is up to date (npm run docs:infra)",
    (document) => {
      expect(readFileSync(join(root.root, document.path), "utf8")).toBe(document.text);
    },
  );
});

describe("settings", () => {
  const graph = readGraph(root, "settings");
  const declared = new Map(
    [...functions, ...apiFunctions].map((one) => [`slipway-${graph.stage}-${one.name}`, one]),
  );

  it("attach to the VPC exactly the functions that call Kubernetes, and keep that permission from their code", () => {
    // The subnets are of the home region.
    const atHome = ofType(graph, "function").filter(({ region }) => region === graph.region);
    for (const { inputs } of atHome) {
      const kubernetes = declared.get(String(inputs.name))?.kubernetes;
      expect(inputs.vpcConfig).toEqual(
        kubernetes
          ? { subnetIds: ["subnet-0a1b2c3d", "subnet-1b2c3d4e"], securityGroupIds: ["sg-0a1b2c3d"] }
          : undefined,
      );
      const role = ofType(graph, "role").find((one) => one.inputs.name === inputs.name);
      const about = role
        ? roleStatements(role).filter(({ actions }) =>
            actions.some((action) => action.startsWith("ec2:CreateNetwork")),
          )
        : [];
      expect(about.map(({ effect }) => effect)).toEqual(kubernetes ? ["Allow", "Deny"] : []);
    }
  });

  it("bound every role", () => {
    for (const { inputs } of ofType(graph, "role"))
      expect(inputs.permissionsBoundary).toBe("arn:aws:iam::111122223333:policy/boundary");
  });

  it("let cluster files bring policies only to roles within the boundary", () => {
    const writing = (graph: Graph) =>
      ofType(graph, "role").flatMap((role) =>
        roleStatements(role).filter(({ actions }) => actions.includes("iam:PutRolePolicy")),
      );
    expect(writing(readGraph(root, "prod-eu"))).toEqual([]);
    expect(writing(graph).map(({ conditions }) => conditions)).toEqual([
      { ArnEquals: { "iam:PermissionsBoundary": "arn:aws:iam::111122223333:policy/boundary" } },
    ]);
    const all = ofType(graph, "role").flatMap(roleStatements);
    expect(all.flatMap(({ actions }) => actions)).not.toContain("iam:DeleteRolePermissionsBoundary");
  });

  it("ask for tokens of the issuer on every route", () => {
    for (const { inputs } of ofType(graph, "apiRoute")) expect(inputs.authorizationType).toBe("JWT");
    const authorizer = graph.resources.find(({ type }) => type === "aws:apigatewayv2/authorizer:Authorizer");
    expect(authorizer?.inputs.jwtConfiguration).toEqual({
      issuer: "https://login.example.com/",
      audiences: ["slipway"],
    });
  });

  it("tell alarms by mail, in every region, and of the events those that somebody has to do something about", () => {
    const subscriptions = ofType(graph, "subscription");
    expect(subscriptions.map(({ region }) => region).sort()).toEqual(["eu-west-1", "us-east-1"]);
    for (const { inputs } of subscriptions) {
      expect([inputs.protocol, inputs.endpoint]).toEqual(["email", "platform@example.com"]);
      expect(JSON.parse(String(inputs.filterPolicy))).toEqual(WORTH_A_MAIL);
    }
  });

  it("deploy to the region that is set, with tags", () => {
    expect(graph.app.providers).toEqual({
      aws: { region: "us-east-1", defaultTags: { tags: { "slipway.dev/stage": "prod-settings" } } },
    });
  });
});
