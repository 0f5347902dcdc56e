import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amiTypeOf } from "../../../core/cluster-config/ami-type.ts";
import {
  desiredAddons,
  desiredLogTypes,
  desiredNodegroup,
  ownVpc,
} from "../../../core/cluster-config/desired.ts";
import { eksctlFieldsAt } from "../../../core/cluster-config/eksctl-fields.ts";
import { nearest } from "../../../core/cluster-config/nearest.ts";
import {
  parseAutomationPolicy,
  parseClusterConfig,
  parseClusterFile,
} from "../../../core/cluster-config/parse.ts";
import { renderClusterConfig } from "../../../core/cluster-config/render.ts";
import { type InputProblem, InvalidInputError } from "../../../core/errors.ts";
import { defaultPolicy } from "../../../core/policy/schema.ts";

const ROOT = join(import.meta.dirname, "../../..");
const CASES = join(ROOT, "../shared/cases");
const hasCases = existsSync(CASES);
if (!hasCases) console.warn("SKIPPED: the eksctl cases are not beside the project; its own files go unread");

const base = (over: object = {}) => ({
  apiVersion: "eksctl.io/v1alpha5",
  kind: "ClusterConfig",
  metadata: { name: "demo", region: "eu-west-1", version: "1.33" },
  ...over,
});
const group = (over: object = {}) => base({ managedNodeGroups: [{ name: "workers", ...over }] });

function problemsOf(act: () => unknown): readonly InputProblem[] {
  try {
    act();
  } catch (error) {
    if (error instanceof InvalidInputError) return error.problems;
    throw error;
  }
  return [];
}
const refused = (value: unknown) =>
  problemsOf(() => parseClusterConfig(value)).map((p) => `${p.field}: ${p.message}`);

describe("a ClusterConfig", () => {
  it("is read from YAML and from JSON alike", () => {
    const yaml =
      "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {name: demo, region: eu-west-1, version: '1.33'}\n";
    expect(parseClusterFile(yaml)).toEqual(parseClusterFile(JSON.stringify(base(), null, "\t")));
    expect(parseClusterFile(yaml)).toEqual({ config: base(), policy: undefined });
  });

  it("comes with its policy in either order", () => {
    const policy = "apiVersion: slipway.dev/v1\nkind: AutomationPolicy\nrotation: {strategy: minimal}\n";
    const config = JSON.stringify(base());
    const one = parseClusterFile(`${config}\n---\n${policy}`);
    expect(one.policy?.rotation.strategy).toBe("minimal");
    expect(parseClusterFile(`---\n${policy}---\n${config}\n---\n`)).toEqual(one);
  });

  it("may use anchors and merge keys, as people's files do", () => {
    const text = `${JSON.stringify(base()).slice(0, -1)}, managedNodeGroups: [&a {name: one, minSize: 1}, {<<: *a, name: two}]}`;
    expect(parseClusterFile(text).config.managedNodeGroups).toEqual([
      { name: "one", minSize: 1 },
      { name: "two", minSize: 1 },
    ]);
  });

  it.each<[string, unknown, string]>([
    [
      "a misspelt field",
      group({ minSze: 1 }),
      "managedNodeGroups[0].minSze: unknown field; did you mean minSize?",
    ],
    [
      "a misspelt section",
      base({ mangedNodeGroups: [] }),
      "mangedNodeGroups: unknown field; did you mean managedNodeGroups?",
    ],
    [
      "another case",
      group({ minsize: 1 }),
      "managedNodeGroups[0].minsize: unknown field; did you mean minSize?",
    ],
    ["a field like none", group({ zzzzzz: 1 }), "managedNodeGroups[0].zzzzzz: unknown field"],
    [
      "what is not simulated",
      base({ outpost: {} }),
      "outpost: a control plane on an Outpost is not supported",
    ],
    [
      "App Mesh",
      group({ iam: { withAddonPolicies: { appMesh: true } } }),
      "managedNodeGroups[0].iam.withAddonPolicies.appMesh: AWS App Mesh was discontinued on 2026-09-30",
    ],
    [
      "a key on the reader's machine",
      base({ nodeGroups: [{ name: "a", ssh: { allow: true, publicKeyPath: "~/.ssh/id_rsa.pub" } }] }),
      "nodeGroups[0].ssh.publicKeyPath: is a file on your machine, which the API cannot read",
    ],
    [
      "an image of Canonical's",
      base({ nodeGroups: [{ name: "a", amiFamily: "Ubuntu2204" }] }),
      "nodeGroups[0].amiFamily: Ubuntu2204 is Canonical's image",
    ],
    [
      "dockerd",
      base({ nodeGroups: [{ name: "a", containerRuntime: "dockerd" }] }),
      "nodeGroups[0].containerRuntime: dockerd is not in the images",
    ],
    [
      "Windows alone",
      base({ nodeGroups: [{ name: "a", amiFamily: "WindowsServer2022FullContainer" }] }),
      "nodeGroups[0].amiFamily: CoreDNS needs Linux",
    ],
    [
      "a name in both kinds of group",
      base({ managedNodeGroups: [{ name: "a" }], nodeGroups: [{ name: "a" }] }),
      'nodeGroups[0].name: "a" is already at managedNodeGroups[0]',
    ],
    [
      "a field near one of eksctl's",
      base({ fargateProfile: [] }),
      "fargateProfile: unknown field; did you mean fargateProfiles?",
    ],
    [
      "text for a number",
      group({ minSize: "3" }),
      'managedNodeGroups[0].minSize: expected a number, found the text "3"',
    ],
    [
      "a number for text",
      group({ instanceType: 5 }),
      "managedNodeGroups[0].instanceType: expected text, found 5",
    ],
    ["a list for an object", base({ vpc: [] }), "vpc: expected a group of fields, found a list of 0"],
    ["an object for a list", base({ addons: {} }), "addons: expected a list, found a group of fields"],
    ["null", base({ vpc: null }), "vpc: expected a group of fields, found nothing (null)"],
    [
      "text for a boolean",
      base({ iam: { withOIDC: "yes" } }),
      'iam.withOIDC: expected true or false, found the text "yes"',
    ],
    [
      "a fraction",
      group({ minSize: 1.5 }),
      "managedNodeGroups[0].minSize: expected a whole number, found 1.5",
    ],
    [
      "a negative size",
      group({ minSize: -1 }),
      "managedNodeGroups[0].minSize: expected at least 0, found -1",
    ],
    [
      "a version without quotes",
      base({ metadata: { name: "a", region: "eu-west-1", version: 1.3 } }),
      'metadata.version: expected text such as "1.34", found the number 1.3: put the version in quotes',
    ],
    [
      "a patch version",
      base({ metadata: { name: "a", region: "eu-west-1", version: "1.33.1" } }),
      'metadata.version: expected a Kubernetes minor version such as "1.34", found "1.33.1"',
    ],
    ["no name", base({ metadata: { region: "eu-west-1" } }), "metadata.name: required; expected text"],
    [
      "a wrong choice",
      base({ upgradePolicy: { supportType: "STANDRD" } }),
      'upgradePolicy.supportType: expected one of STANDARD, EXTENDED, found the text "STANDRD"; did you mean STANDARD?',
    ],
    [
      "no apiVersion",
      { kind: "ClusterConfig", metadata: { name: "a", region: "eu-west-1" } },
      'apiVersion: required; expected "eksctl.io/v1alpha5"',
    ],
    [
      "an old apiVersion",
      base({ apiVersion: "eksctl.io/v1alpha4" }),
      'apiVersion: expected "eksctl.io/v1alpha5", found the text "eksctl.io/v1alpha4"',
    ],
    [
      "a prototype as a field",
      JSON.parse(`{"__proto__": 1, ${JSON.stringify(base()).slice(1)}`),
      "__proto__: unknown field",
    ],
    [
      "minSize over maxSize",
      group({ minSize: 5, maxSize: 3 }),
      "managedNodeGroups[0].minSize: 5 is more than maxSize 3",
    ],
    [
      "two instance settings",
      group({ instanceType: "m5.large", instanceTypes: ["m5.large"] }),
      "managedNodeGroups[0].instanceType: cannot stand beside instanceTypes",
    ],
    [
      "a subnet nobody declared",
      group({ subnets: ["private-one"] }),
      'managedNodeGroups[0].subnets[0]: "private-one" is neither a subnet id nor a name under vpc.subnets',
    ],
    [
      "AL2 after 1.32",
      group({ amiFamily: "AmazonLinux2" }),
      "managedNodeGroups[0].amiFamily: there are no AmazonLinux2 images for Kubernetes 1.33; 1.32 was the last",
    ],
    [
      "two groups of one name",
      base({ managedNodeGroups: [{ name: "a" }, { name: "a" }] }),
      'managedNodeGroups[1].name: "a" is already at managedNodeGroups[0]',
    ],
    [
      "no way in",
      base({ vpc: { clusterEndpoints: { publicAccess: false } } }),
      "vpc.clusterEndpoints: public and private access are both off: nobody could reach the cluster",
    ],
    [
      "some subnets without id",
      base({ vpc: { subnets: { private: { a: { id: "subnet-1" }, b: {} } } } }),
      "vpc.subnets.b: nothing tells which subnet it is; expected an id, a cidr or an az",
    ],
    [
      "a log retention nobody offers",
      base({ cloudWatch: { clusterLogging: { logRetentionInDays: 8 } } }),
      "cloudWatch.clusterLogging.logRetentionInDays: expected a retention",
    ],
    [
      "a label key with a space",
      group({ labels: { "a b": "c" } }),
      'managedNodeGroups[0].labels["a b"]: expected a Kubernetes label key',
    ],
    ["nothing", null, ": expected a ClusterConfig, found nothing (null)"],
    ["text", "hello", ': expected a ClusterConfig, found the text "hello"'],
  ])("with %s is refused by path and reason", (_, value, expected) => {
    expect(
      refused(value).some((line) => line.startsWith(expected)),
      refused(value).join("\n"),
    ).toBe(true);
  });

  it("is told all its problems at once", () => {
    expect(refused(base({ vpc: 1, addons: [{ nam: "x" }], outpost: {} })).length).toBeGreaterThanOrEqual(4);
  });

  it("says no more than a screenful about thousands of unknown fields", () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`field${i}`, i]));
    expect(refused(base(many)).length).toBeLessThan(30);
  });

  it("renders back to what was read, with its policy", () => {
    const text = readFileSync(join(ROOT, "examples/cluster.yaml"), "utf8");
    const file = parseClusterFile(text);
    expect(parseClusterFile(renderClusterConfig(file.config, file.policy))).toEqual(file);
    expect(file.config.managedNodeGroups?.reduce((n, g) => n + desiredNodegroup(g).desiredSize, 0)).toBe(12);
  });

  it("is refused, never crashed on, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 5 }),
        fc.constantFrom("vpc", "managedNodeGroups", "addons", "metadata", "iam", "x"),
        (value, key) => {
          problemsOf(() => parseClusterConfig(value));
          for (const problem of problemsOf(() => parseClusterConfig(base({ [key]: value })))) {
            expect(problem.message).not.toBe("");
            expect(
              problem.field === "" || problem.field.startsWith(key) || problem.field.startsWith(`["`),
            ).toBe(true);
          }
        },
      ),
    );
  });

  it("with any one letter of a field's name wrong is told the right name", () => {
    const fields = [
      "minSize",
      "maxSize",
      "desiredCapacity",
      "instanceType",
      "volumeSize",
      "updateConfig",
      "privateNetworking",
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...fields),
        fc.nat(30),
        fc.constantFrom("q", "Z", "_"),
        (field, position, letter) => {
          const i = position % field.length;
          const wrong = field.slice(0, i) + letter + field.slice(i + 1);
          fc.pre(wrong !== field);
          expect(nearest(wrong, fields)).toBe(field);
        },
      ),
    );
  });
});

describe("a document", () => {
  const text = (body: string) =>
    problemsOf(() => parseClusterFile(body))
      .map((p) => `${p.field}: ${p.message}`)
      .join("\n");
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    ..."bcdefgh".split("").map((c, i) => `${c}: &${c} [${Array(9).fill(`*${"abcdefg"[i]}`).join(",")}]`),
  ].join("\n");

  it.each([
    ["over 1 MiB", "a".repeat(1024 * 1024 + 1), /larger than 1 MiB \(1048577 bytes\)/],
    ["over 1 MiB in bytes only", "é".repeat(600_000), /larger than 1 MiB \(1200000 bytes\)/],
    ["with aliases that multiply", bomb, /aliases .* expand too often/],
    ["with duplicate keys", "a: 1\nb: 2\na: 3", /line 3, column 1: the key "a" appears twice/],
    ["with duplicate keys in JSON", '{"a": {"b": 1, "b": 2}}', /the key "b" appears twice/],
    ["nested 65 deep", "[".repeat(65) + "]".repeat(65), /nested deeper than 64/],
    ["nested 5,000 deep", "[".repeat(5000) + "]".repeat(5000), /nested deeper than 64/],
    ["with a custom tag", "a: !foo 1", /custom tags/],
    ["with a binary tag", "a: !!binary aGk=", /custom tags|not allowed/],
    ["with a key that is no text", "? [a]\n: b", /a key that is text/],
    ["that is not closed", '{"a": ', /line 1/],
    ["with bad indentation", "a:\n  b: 1\n c: 2", /line 3/],
    ["that is empty", "", /no ClusterConfig/],
    [
      "of another kind",
      "kind: Deployment\napiVersion: apps/v1",
      /expected ClusterConfig or AutomationPolicy, found the text "Deployment"/,
    ],
    [
      "with two clusters",
      `${JSON.stringify(base())}\n---\n${JSON.stringify(base())}`,
      /one cluster at a time/,
    ],
    ["with 17 documents", "---\na: 1\n".repeat(17), /17 documents/],
    ["with only a policy", "kind: AutomationPolicy\napiVersion: slipway.dev/v1", /no ClusterConfig/],
  ])("%s is refused", (_, body, message) => {
    expect(text(body)).toMatch(message);
  });

  it("with problems in both halves tells them all", () => {
    const both = `${JSON.stringify(group({ minSze: 1 }))}\n---\nkind: AutomationPolicy\napiVersion: slipway.dev/v1\nrotation: {maxUnavailable: 0}\n`;
    expect(text(both)).toMatch(/minSze.*\n?.*rotation\.maxUnavailable/s);
  });

  it("of any text is refused or read, never crashed on", () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (body) => text(body) !== undefined));
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            "a",
            ":",
            " ",
            "\n",
            "-",
            "[",
            "]",
            "{",
            "}",
            "&x",
            "*x",
            "!",
            '"',
            "'",
            "|",
            "#",
            "?",
            "<<",
          ),
          { maxLength: 40 },
        ),
        (parts) => text(parts.join("")) !== undefined,
      ),
    );
  });
});

describe("an AutomationPolicy", () => {
  const policy = (over: object = {}) => ({ apiVersion: "slipway.dev/v1", kind: "AutomationPolicy", ...over });

  it("fills its defaults in", () => {
    expect(parseAutomationPolicy(policy())).toEqual(defaultPolicy);
    expect(parseAutomationPolicy(policy({ rotation: { maxUnavailable: "25%" } })).rotation).toEqual({
      ...defaultPolicy.rotation,
      maxUnavailable: "25%",
    });
  });

  it.each([
    [{ rotation: { maxUnavailable: 0 } }, "rotation.maxUnavailable"],
    [{ rotation: { maxUnavailable: "0%" } }, "rotation.maxUnavailable"],
    [{ rotation: { maxUnavailable: "lots" } }, "rotation.maxUnavailable"],
    [{ rotation: { perZone: true } }, "rotation.perZone"],
    [{ rotation: { bakeSeconds: -1 } }, "rotation.bakeSeconds"],
    [{ rotation: { stratgy: "minimal" } }, "rotation.stratgy"],
    [{ approvals: "always" }, "approvals"],
    [{ checks: { overrides: [{ code: "PDB_OVERLAP" }] } }, "checks.overrides[0].reason"],
    [{ windows: [] }, "windows"],
  ])("%j is an error at %s, never a default", (over, field) => {
    expect(problemsOf(() => parseAutomationPolicy(policy(over))).map((p) => p.field)).toEqual([field]);
  });
});

describe("the defaults of a node group", () => {
  const desired = (over: object = {}) =>
    desiredNodegroup({ name: "workers", ...over } as Parameters<typeof desiredNodegroup>[0]);

  it.each([
    [{}, 2, 2, 2],
    [{ desiredCapacity: 4 }, 4, 4, 4],
    [{ minSize: 1 }, 1, 1, 1],
    [{ minSize: 1, maxSize: 5 }, 1, 1, 5],
    [{ minSize: 0, maxSize: 8, desiredCapacity: 4 }, 0, 4, 8],
    [{ maxSize: 1 }, 1, 1, 1],
    [{ minSize: 0, desiredCapacity: 0 }, 0, 0, 1],
  ])("%j: min %i, desired %i, max %i", (over, minSize, desiredSize, maxSize) => {
    expect(desired(over)).toMatchObject({ minSize, desiredSize, maxSize });
  });

  it("are eksctl's", () => {
    expect(desired()).toMatchObject({
      amiType: "AL2023_x86_64_STANDARD",
      instanceTypes: ["m5.large"],
      capacityType: "ON_DEMAND",
      diskSize: 80,
    });
    expect(desired({ spot: true, taints: [{ key: "a", effect: "PreferNoSchedule" }] })).toMatchObject({
      capacityType: "SPOT",
      taints: [{ key: "a", effect: "PREFER_NO_SCHEDULE" }],
    });
    expect(desired({ launchTemplate: { id: "lt-1" } })).toMatchObject({
      instanceTypes: [],
      launchTemplate: { id: "lt-1" },
    });
    expect(desired({ launchTemplate: { id: "lt-1" } })).not.toHaveProperty("diskSize");
  });

  it.each([
    ["AmazonLinux2023", "m7g.large", "AL2023_ARM_64_STANDARD"],
    ["AmazonLinux2023", "c7gn.large", "AL2023_ARM_64_STANDARD"],
    ["AmazonLinux2023", "m6i.large", "AL2023_x86_64_STANDARD"],
    ["AmazonLinux2023", "g4dn.xlarge", "AL2023_x86_64_NVIDIA"],
    ["AmazonLinux2023", "g5g.xlarge", "AL2023_ARM_64_NVIDIA"],
    ["AmazonLinux2023", "inf2.xlarge", "AL2023_x86_64_NEURON"],
    ["AmazonLinux2", "a1.large", "AL2_ARM_64"],
    ["AmazonLinux2", "p4d.24xlarge", "AL2_x86_64_GPU"],
    ["Bottlerocket", "t4g.small", "BOTTLEROCKET_ARM_64"],
    ["Bottlerocket", "p5.48xlarge", "BOTTLEROCKET_x86_64_NVIDIA"],
    ["WindowsServer2022CoreContainer", "m5.large", "WINDOWS_CORE_2022_x86_64"],
  ] as const)("%s on %s is %s", (family, type, amiType) => {
    expect(amiTypeOf(family, type)).toBe(amiType);
  });
});

describe("what a file asks for", () => {
  const names = (over: object) => desiredAddons(parseClusterConfig(base(over))).map((a) => a.name);

  it("has eksctl's default add-ons unless they are disabled", () => {
    expect(names({ addons: [{ name: "coredns" }] })).toEqual(["coredns", "vpc-cni", "kube-proxy"]);
    expect(names({ addons: [{ name: "coredns" }], addonsConfig: { disableDefaultAddons: true } })).toEqual([
      "coredns",
    ]);
    expect(names({ autoModeConfig: { enabled: true } })).toEqual([]);
  });

  it("has a VPC of its own without subnet ids, and all log types for *", () => {
    expect(ownVpc(parseClusterConfig(base()))).toBe(true);
    expect(
      ownVpc(parseClusterConfig(base({ vpc: { controlPlaneSubnetIDs: ["subnet-1", "subnet-2"] } }))),
    ).toBe(false);
    expect(
      desiredLogTypes(parseClusterConfig(base({ cloudWatch: { clusterLogging: { enableTypes: ["*"] } } }))),
    ).toHaveLength(5);
  });
});

describe.skipIf(!hasCases)("eksctl's own files", () => {
  const folder = join(CASES, "eksctl");
  const files = hasCases ? readdirSync(folder) : [];

  it.each(files)("%s parses, or is refused with path and reason", (file) => {
    const problems = problemsOf(() => parseClusterFile(readFileSync(join(folder, file), "utf8")));
    for (const problem of problems) {
      expect(problem.field).not.toBe("");
      expect(problem.message).toMatch(/not supported|expected/);
      // These files are right: nothing in them is unknown.
      expect(problem.message).not.toMatch(/unknown field/);
    }
  });

  it("with managed node groups alone are read", () => {
    const ok = files.filter(
      (file) => problemsOf(() => parseClusterFile(readFileSync(join(folder, file), "utf8"))).length === 0,
    );
    expect(ok).toEqual(
      expect.arrayContaining([
        "26-managed-nodegroup-spot-instances.yaml",
        "38-cluster-subnets-sgs.yaml",
        "42-auto-mode.yaml",
      ]),
    );
  });

  it("and our table of its fields agree with the published schema", () => {
    const schema = JSON.parse(readFileSync(join(CASES, "eksctl-schema.json"), "utf8")) as {
      definitions: Record<string, { properties?: Record<string, unknown> }>;
    };
    const fieldsOf = (type: string) => Object.keys(schema.definitions[type]?.properties ?? {}).toSorted();
    expect(eksctlFieldsAt([]).toSorted()).toEqual(fieldsOf("ClusterConfig"));
    expect(eksctlFieldsAt(["managedNodeGroups", 0]).toSorted()).toEqual(fieldsOf("ManagedNodeGroup"));
    expect(eksctlFieldsAt(["nodeGroups", 3, "ssh"]).toSorted()).toEqual(fieldsOf("NodeGroupSSH"));
    expect(eksctlFieldsAt(["vpc", "subnets", "private", "any"]).toSorted()).toEqual(fieldsOf("AZSubnetSpec"));
    expect(eksctlFieldsAt(["metadata", "tags", "x"])).toEqual([]);
  });
});
