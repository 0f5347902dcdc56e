import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { renderToml } from "../../../core/provision/toml.ts";
import { type UserDataRequest, userData } from "../../../core/provision/user-data.ts";
import { readUserData } from "../../../local/world/infra/auto-scaling/user-data.ts";

const cluster = {
  name: "prod-1",
  endpoint: "https://ABC.gr7.eu-west-1.eks.amazonaws.com",
  certificateAuthority: "LS0tLS1CRUdJTg==",
  serviceCidr: "172.20.0.0/16",
  ipv6: false,
};
const request = (over: Partial<UserDataRequest> = {}): UserDataRequest => ({
  family: "AmazonLinux2023",
  cluster,
  mode: "complete",
  labels: {},
  taints: [],
  preCommands: [],
  ssh: false,
  efa: false,
  ...over,
});
const FAMILIES = [
  "AmazonLinux2023",
  "AmazonLinux2",
  "Bottlerocket",
  "WindowsServer2022FullContainer",
] as const;

describe("user data", () => {
  it("makes machines of every family join with exactly the labels and taints of their group", () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z0-9]$/);
    const key = fc.oneof(
      word,
      fc.tuple(word, word).map(([domain, name]) => `${domain}.example.com/${name}`),
    );
    const taints = fc.uniqueArray(
      fc.record({ key, value: word, effect: fc.constantFrom("NoSchedule", "PreferNoSchedule", "NoExecute") }),
      { selector: (taint) => taint.key, maxLength: 4 },
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...FAMILIES),
        fc.dictionary(key, word, { maxKeys: 5 }),
        taints,
        fc.array(fc.constantFrom("echo hello", "yum -y update"), { maxLength: 2 }),
        (family, labels, wanted, commands) => {
          const preCommands = family === "Bottlerocket" ? [] : commands;
          const text = userData(request({ family, labels, taints: wanted, preCommands })) ?? "";
          const joined = readUserData(Buffer.from(text).toString("base64"));
          expect(joined?.cluster).toBe("prod-1");
          expect(joined?.labels).toEqual({ ...labels });
          const order = (list: readonly { key: string }[]) =>
            list.toSorted((a, b) => (a.key < b.key ? -1 : 1));
          expect(order(joined?.taints ?? [])).toEqual(order(wanted));
        },
      ),
    );
  });

  it("of Amazon Linux 2023 is a MIME document with scripts before nodeadm's configuration", () => {
    const text = userData(
      request({
        preCommands: ["echo hello"],
        maxPods: 50,
        kubeletConfig: { evictionHard: { "memory.available": "200Mi" } },
      }),
    );
    const parts = (text ?? "").split("--==SLIPWAY==").map((part) => part.trim());
    expect(parts[0]).toBe('MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="==SLIPWAY=="');
    expect(parts[1]).toContain("#!/bin/bash\necho hello");
    expect(parse((parts[2] ?? "").split("\n\n")[1] ?? "")).toEqual({
      apiVersion: "node.eks.aws/v1alpha1",
      kind: "NodeConfig",
      spec: {
        cluster: {
          name: "prod-1",
          apiServerEndpoint: cluster.endpoint,
          certificateAuthority: cluster.certificateAuthority,
          cidr: "172.20.0.0/16",
        },
        kubelet: { config: { evictionHard: { "memory.available": "200Mi" }, maxPods: 50 } },
      },
    });
    expect(parts.at(-1)).toBe("--");
  });

  it.each(FAMILIES)("of %s says nothing where EKS adds its own and the file adds nothing", (family) => {
    expect(userData(request({ family, mode: "addition", labels: { a: "b" } }))).toBeUndefined();
  });

  it.each([
    ["AmazonLinux2", "#!/bin/bash\n/etc/eks/bootstrap.sh ${CLUSTER_NAME} --b64-cluster-ca $B64_CLUSTER_CA"],
    [
      "WindowsServer2019FullContainer",
      '& $EKSBootstrapScriptFile -EKSClusterName "$EKSClusterName" -KubeletExtraArgs "$KubeletExtraArgs"',
    ],
  ] as const)("of %s lets a command of the file's own find the cluster", (family, overrideCommand) => {
    const text = userData(request({ family, overrideCommand }));
    expect(readUserData(text)?.cluster).toBe("prod-1");
  });

  it.each([
    "#!/bin/bash\necho no bootstrap at all",
    "MIME-Version: 1.0\n\nkind: NodeConfig\nspec:\n  kubelet:\n    config:\n      maxPods: 5\n",
    "[settings.kubernetes]\nmax-pods = 5\n",
  ])("without what joins makes no machine join: %j", (text) => {
    expect(readUserData(text)).toBeUndefined();
  });

  it("of Bottlerocket is TOML, the file's settings beside ours", () => {
    const settings = {
      motd: 'Hello, "eksctl"!',
      kubernetes: { "allowed-unsafe-sysctls": ["net.core.somaxconn"] },
    };
    const text = userData(request({ family: "Bottlerocket", ssh: true, bottlerocket: { settings } })) ?? "";
    expect(text).toContain('motd = "Hello, \\"eksctl\\"!"');
    expect(text).toContain('allowed-unsafe-sysctls = ["net.core.somaxconn"]');
    expect(text).toContain('cluster-name = "prod-1"');
    expect(text).toContain("[settings.host-containers.admin]\nenabled = true");
  });

  it("refuses what TOML cannot hold", () => {
    expect(() => renderToml({ settings: { a: null } })).toThrow(TypeError);
  });
});
