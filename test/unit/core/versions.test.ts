import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInputError } from "../../../core/errors.ts";
import { describeSkew, skewOf } from "../../../core/versions/skew.ts";
import { compareVersions, formatMinor, hops, minorOf, parseMinor } from "../../../core/versions/version.ts";

describe("versions", () => {
  it.each(["", "1", "1.", "v1.33", "1.33.4", "2.1", "1.033", "1.-1", " 1.33", "latest"])(
    "refuses %j",
    (text) => {
      expect(() => parseMinor(text, "to")).toThrow(InvalidInputError);
      expect(() => parseMinor(text, "to")).toThrow(/^to: /);
    },
  );

  it("says what to write instead of a patch version", () => {
    expect(() => parseMinor("v1.33.4")).toThrow(/write "1\.33"/);
  });

  it.each([
    ["v1.33.4-eks-3abbec1", "1.33"],
    ["1.33.4-20250904", "1.33"],
    ["v1.33.3-eksbuild.4", "1.33"],
    ["1.9", "1.9"],
  ])("finds the minor of %s", (text, minor) => {
    expect(minorOf(text)).toBe(minor);
  });

  it.each([
    ["1.9", "1.10"],
    ["v1.19.2-eksbuild.1", "v1.19.2-eksbuild.2"],
    ["v1.19.10-eksbuild.1", "v1.20.0-eksbuild.1"],
    ["1.33.4-20250904", "1.33.4-20251016"],
  ])("%s is older than %s", (older, newer) => {
    expect(compareVersions(older, newer)).toBeLessThan(0);
    expect(compareVersions(newer, older)).toBeGreaterThan(0);
    expect(compareVersions(older, older)).toBe(0);
  });

  it("goes up one minor at a time", () => {
    expect(hops("1.33", "1.36")).toEqual(["1.34", "1.35", "1.36"]);
    expect(hops("1.33", "1.33")).toEqual([]);
    expect(hops("1.34", "1.33")).toEqual([]);
    fc.assert(
      fc.property(fc.nat(90), fc.nat(9), (from, by) => {
        const way = [formatMinor(from), ...hops(formatMinor(from), formatMinor(from + by))].map((v) =>
          parseMinor(v),
        );
        expect(way).toEqual(Array.from({ length: by + 1 }, (_, i) => from + i));
      }),
    );
  });
});

describe("version skew", () => {
  it.each([
    ["v1.33.1-eks-1", "1.33", true],
    ["v1.30.1-eks-1", "1.33", true],
    ["v1.29.1-eks-1", "1.33", false],
    ["v1.34.0", "1.33", false],
    // Before 1.28 two minors.
    ["1.27", "1.29", true],
    ["1.27", "1.30", false],
    ["1.28", "1.31", true],
  ])("kubelet %s with %s: %s", (kubelet, apiServer, ok) => {
    expect(skewOf(kubelet, apiServer).ok).toBe(ok);
  });

  it("is put in words", () => {
    expect(describeSkew(1)).toBe("1 minor behind");
    expect(describeSkew(4)).toBe("4 minors behind");
    expect(describeSkew(-1)).toBe("1 minor ahead of");
  });
});
