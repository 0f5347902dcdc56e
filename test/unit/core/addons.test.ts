import { describe, expect, it } from "vitest";
import { byUpdateOrder, chooseAddon, resolveAddon } from "../../../core/addons/resolve.ts";
import { release } from "./builders.ts";

const cni = [19, 20, 21, 22].map((minor) =>
  release(
    "vpc-cni",
    `v1.${minor}.0-eksbuild.1`,
    "1.33",
    minor === 20 ? "1.34*" : "1.34",
    minor === 22 ? "1.35*" : "1.35",
  ),
);
const dns = [
  release("coredns", "v1.13.0-eksbuild.1", "1.34"),
  release("coredns", "v1.12.4-eksbuild.1", "1.34*"),
  release("coredns", "v1.12.1-eksbuild.2", "1.33*", "1.34"),
  release("coredns", "v1.11.0-eksbuild.1", "1.32*"),
];
const resolve = (addon: string, current: string, target: string, over: object = {}) =>
  resolveAddon({ addon, current, target, catalogue: [...cni, ...dns], prefer: "default", ...over });
const path = (r: ReturnType<typeof resolve>) =>
  r.kind === "steps" ? r.steps.map((s) => `${s.from}>${s.to}`) : r.kind;

describe("the version of an add-on", () => {
  it("moves to EKS's default although the old one would still work", () => {
    expect(path(resolve("coredns", "v1.12.1-eksbuild.2", "1.34"))).toEqual([
      "v1.12.1-eksbuild.2>v1.12.4-eksbuild.1",
    ]);
  });

  it("stays when it is the default, or newer and compatible", () => {
    expect(resolve("coredns", "v1.12.4-eksbuild.1", "1.34").kind).toBe("stay");
    expect(resolve("coredns", "v1.13.0-eksbuild.1", "1.34")).toEqual({
      kind: "stay",
      version: "v1.13.0-eksbuild.1",
    });
  });

  it("takes the newest where the policy prefers that", () => {
    expect(path(resolve("coredns", "v1.12.1-eksbuild.2", "1.34", { prefer: "latest" }))).toEqual([
      "v1.12.1-eksbuild.2>v1.13.0-eksbuild.1",
    ]);
  });

  it("never goes back", () => {
    expect(resolve("coredns", "v1.14.0-eksbuild.1", "1.34")).toMatchObject({
      kind: "unresolved",
      unknown: false,
    });
    expect(resolve("coredns", "v1.13.0-eksbuild.1", "1.34", { want: "v1.12.4-eksbuild.1" }).kind).toBe(
      "unresolved",
    );
  });

  it("passes over the default for the next one up when it is newer than the default but not offered", () => {
    expect(path(resolve("coredns", "v1.12.9-eksbuild.1", "1.34"))).toEqual([
      "v1.12.9-eksbuild.1>v1.13.0-eksbuild.1",
    ]);
  });

  it("moves vpc-cni one minor at a time", () => {
    expect(path(resolve("vpc-cni", "v1.19.0-eksbuild.1", "1.35"))).toEqual([
      "v1.19.0-eksbuild.1>v1.20.0-eksbuild.1",
      "v1.20.0-eksbuild.1>v1.21.0-eksbuild.1",
      "v1.21.0-eksbuild.1>v1.22.0-eksbuild.1",
    ]);
    expect(path(resolve("vpc-cni", "v1.19.0-eksbuild.1", "1.34"))).toHaveLength(1);
  });

  it("does not skip a minor of vpc-cni that EKS does not offer for the target", () => {
    const gap = cni.filter((r) => !r.version.startsWith("v1.21"));
    const result = resolve("vpc-cni", "v1.19.0-eksbuild.1", "1.35", { catalogue: gap });
    expect(result).toMatchObject({ kind: "unresolved", unknown: false });
    expect(result.kind === "unresolved" && result.reason).toMatch(/no 1\.21 for Kubernetes 1\.35/);
  });

  it("is unknown when the catalogue has no word of it, and unresolved when nothing works", () => {
    expect(resolve("other", "v1.0.0", "1.34")).toMatchObject({ kind: "unresolved", unknown: true });
    expect(resolve("coredns", "v1.12.1-eksbuild.2", "1.35")).toMatchObject({
      kind: "unresolved",
      unknown: false,
    });
  });

  it("is the one asked for, when it works", () => {
    expect(path(resolve("coredns", "v1.12.1-eksbuild.2", "1.34", { want: "v1.13.0-eksbuild.1" }))).toEqual([
      "v1.12.1-eksbuild.2>v1.13.0-eksbuild.1",
    ]);
    const refused = resolve("coredns", "v1.12.1-eksbuild.2", "1.34", { want: "v9.0.0" });
    expect(refused.kind === "unresolved" && refused.remedy).toMatch(/v1\.13\.0.*v1\.12\.4/);
  });

  it("for a new cluster is the default or the newest, undefined when there is none", () => {
    const choose = (over: object) =>
      chooseAddon({ addon: "coredns", target: "1.34", catalogue: dns, prefer: "default", ...over });
    expect(choose({})).toBe("v1.12.4-eksbuild.1");
    expect(choose({ prefer: "latest" })).toBe("v1.13.0-eksbuild.1");
    expect(choose({ target: "1.36" })).toBeUndefined();
    expect(choose({ want: "v1.11.0-eksbuild.1" })).toBeUndefined();
  });
});

it("add-ons are updated in the order that AWS's guide gives, then by name", () => {
  expect(["zeta", "coredns", "aws-ebs-csi-driver", "vpc-cni", "kube-proxy"].toSorted(byUpdateOrder)).toEqual([
    "kube-proxy",
    "vpc-cni",
    "coredns",
    "aws-ebs-csi-driver",
    "zeta",
  ]);
});
