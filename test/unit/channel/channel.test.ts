import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { oldNodesOf } from "../../../core/channel/old-nodes.ts";
import { type ChannelFacts, isDue, mayPropose, wantedOf } from "../../../core/channel/proposal.ts";
import { supportNotice } from "../../../core/channel/support.ts";
import { channelTarget, inStandardSupport, LEAD_DAYS } from "../../../core/channel/target.ts";
import { OPERATION_STATUSES } from "../../../core/operation/types.ts";
import { channelSchema } from "../../../core/policy/channel.ts";
import type { NodegroupFacts, VersionFacts } from "../../../core/snapshot.ts";
import { compareVersions } from "../../../core/versions/version.ts";

const DAY = 86_400_000;
const at = (date: string): number => Date.parse(`${date}T12:00:00Z`);

const version = (
  minor: string,
  standard: string,
  extended: string,
  status: VersionFacts["status"] = "STANDARD_SUPPORT",
): VersionFacts => ({
  version: minor,
  status,
  endOfStandardSupport: `${standard}T00:00:00.000Z`,
  endOfExtendedSupport: `${extended}T00:00:00.000Z`,
  defaultVersion: false,
});

/** AWS's own dates (aws-facts 6). */
const VERSIONS = [
  version("1.33", "2026-07-29", "2027-07-29"),
  version("1.34", "2026-12-02", "2027-12-02"),
  version("1.35", "2027-03-27", "2028-03-27"),
  version("1.36", "2027-08-02", "2028-08-02"),
];

describe("the version of a channel", () => {
  it.each([
    ["none", "2026-11-20", undefined],
    ["newest", "2026-11-20", "1.36"],
    ["previous", "2026-11-20", "1.35"],
    ["oldestStandard", "2026-06-01", "1.34"],
    ["oldestStandard", "2026-09-01", "1.34"],
    // 1.34 ends on 2026-12-02: sixty days before, the channel leaves it.
    ["oldestStandard", "2026-10-02", "1.34"],
    ["oldestStandard", "2026-10-04", "1.35"],
    ["previous", "2027-01-20", "1.35"],
    ["previous", "2027-02-01", "1.36"],
    // Nothing newer: to stay in support is all there is.
    ["oldestStandard", "2027-07-30", "1.36"],
    ["newest", "2027-09-01", undefined],
  ] as const)("%s on %s is %s", (channel, date, wanted) => {
    expect(channelTarget(channel, VERSIONS, at(date))).toBe(wanted);
  });
});

const anyVersions = fc
  .array(fc.tuple(fc.integer({ min: 30, max: 60 }), fc.integer({ min: -400, max: 800 })), {
    minLength: 1,
    maxLength: 8,
  })
  .map((list) =>
    [...new Map(list)].map(([minor, days]) => {
      const end = new Date(at("2026-11-20") + days * DAY);
      return version(
        `1.${minor}`,
        end.toISOString().slice(0, 10),
        new Date(end.getTime() + 365 * DAY).toISOString().slice(0, 10),
      );
    }),
  );
const anyChannel = fc.constantFrom("newest" as const, "previous" as const, "oldestStandard" as const);
const now = at("2026-11-20");

describe("whatever EKS offers", () => {
  it("a channel never names a version that is not in standard support", () => {
    fc.assert(
      fc.property(anyVersions, anyChannel, (versions, channel) => {
        const target = channelTarget(channel, versions, now);
        const standard = versions.filter((one) => inStandardSupport(one, now));
        if (target === undefined) {
          expect(standard).toEqual([]);
          return;
        }
        expect(standard.map((one) => one.version)).toContain(target);
        // Where another lasts, it is not one that ends soon, unless it is the newest.
        const facts = standard.find((one) => one.version === target);
        const newest = standard.toSorted((a, b) => compareVersions(a.version, b.version)).at(-1);
        if (facts && target !== newest?.version)
          expect(Date.parse(facts.endOfStandardSupport) - now).toBeGreaterThanOrEqual(LEAD_DAYS * DAY);
      }),
    );
  });

  it("never proposes a downgrade, and nothing where everything is as wanted", () => {
    fc.assert(
      fc.property(anyVersions, anyChannel, fc.integer({ min: 30, max: 60 }), (versions, channel, minor) => {
        const facts: ChannelFacts = { version: `1.${minor}`, versions, oldNodes: [], oldAddons: [] };
        for (const { kind, request } of wantedOf(channelSchema.parse({ version: channel }), facts, now)) {
          expect(kind).toBe("version");
          expect(compareVersions(String(request.to), facts.version)).toBeGreaterThan(0);
        }
      }),
    );
  });

  it("nobody slides into extended support unnoticed: warned at 90, 60 and 30 days and when it has begun, once each", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -30, max: 200 }),
        fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 10, maxLength: 40 }),
        (first, steps) => {
          const [facts] = [version("1.34", "2026-12-02", "2027-12-02")];
          const end = Date.parse("2026-12-02T00:00:00Z");
          let time = end - first * DAY;
          const told: string[] = [];
          const levels: string[] = [];
          for (const days of [0, ...steps]) {
            time += days * DAY;
            const notice = supportNotice({ name: "c", version: "1.34" }, [facts], time, told);
            if (notice) {
              levels.push(notice.keys.at(-1) ?? "");
              for (const key of notice.keys)
                expect(told).not.toContain(key === notice.keys.at(-1) ? key : "");
              told.push(...notice.keys);
            }
            const left = (end - time) / DAY;
            if (left <= 90) expect(told).toContain("1.34/90");
            if (left <= 60) expect(told).toContain("1.34/60");
            if (left <= 30) expect(told).toContain("1.34/30");
            if (left <= 0) expect(told).toContain("1.34/extended");
            if (left > 90) expect(told).toEqual([]);
          }
          expect(new Set(levels).size).toBe(levels.length);
        },
      ),
    );
  });
});

describe("support", () => {
  it.each([
    ["2026-08-01", undefined, ""],
    ["2026-09-10", "ending", "ends in 83 days, on 2026-12-02; then extended support begins"],
    ["2026-11-20", "ending", "ends in 12 days"],
    ["2026-12-02", "extended", "in extended support since 2026-12-02, at six times the price"],
    ["2027-12-03", "unsupported", "extended support ended on 2027-12-02"],
  ])("on %s: %s", (date, level, text) => {
    const notice = supportNotice({ name: "c", version: "1.34" }, VERSIONS, at(date), []);
    expect(notice?.level).toBe(level);
    expect(notice?.message ?? "").toContain(text);
  });

  it("is told of a version that EKS says nothing of, and of EKS's own upgrade at the end", () => {
    expect(supportNotice({ name: "c", version: "1.20" }, VERSIONS, now, [])?.level).toBe("unknown");
    expect(
      supportNotice({ name: "c", version: "1.34", supportType: "STANDARD" }, VERSIONS, now, [])?.message,
    ).toContain("EKS upgrades it by itself");
  });
});

describe("proposals", () => {
  const proposal = {
    kind: "version" as const,
    key: "1.34 1.35 propose",
    reason: "",
    request: { to: "1.35" },
  };
  const before = { key: proposal.key, operationId: "op-1", at: "" };

  it.each(OPERATION_STATUSES)(
    "the same again after %s: never; something else when it has ended",
    (status) => {
      const ended = ["Succeeded", "Failed", "RolledBack", "Cancelled"].includes(status);
      expect(mayPropose(proposal, before, status)).toBe(false);
      expect(mayPropose({ ...proposal, key: "1.34 1.36 propose" }, before, status)).toBe(ended);
    },
  );

  it("what was blocked, or cut off before there was an operation, is tried again", () => {
    expect(mayPropose(proposal, undefined, undefined)).toBe(true);
    expect(mayPropose(proposal, { key: proposal.key, at: "", blocked: ["X y"] }, undefined)).toBe(true);
    expect(mayPropose(proposal, before, undefined)).toBe(true);
  });

  it("add-ons and nodes are proposed only where no upgrade is wanted", () => {
    const facts: ChannelFacts = {
      version: "1.34",
      versions: VERSIONS,
      oldNodes: [{ nodegroup: "workers", from: "1.34.8-20261018", to: "20261108" }],
      oldAddons: [{ addon: "coredns", from: "v1", to: "v2" }],
    };
    const all = { version: "newest", addons: true, nodeReleases: true };
    const kinds = (policy: object, of = facts) =>
      wantedOf(channelSchema.parse(policy), of, now).map(({ kind }) => kind);
    expect(kinds(all)).toEqual(["version"]);
    expect(kinds(all, { ...facts, version: "1.36" })).toEqual(["addons", "nodes"]);
    expect(kinds({ version: "none", nodeReleases: true })).toEqual(["nodes"]);
    expect(kinds({})).toEqual([]);
  });

  it("each cluster is due once a day at its own time, and after a missed one", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 40 }),
        (spread, days) => {
          let last: number | undefined;
          let looks = 0;
          for (let hour = 0; hour < days * 24; hour++) {
            const time = now + hour * 3_600_000;
            if (!isDue(last, spread, time)) continue;
            looks++;
            last = time;
          }
          expect(Math.abs(looks - days)).toBeLessThanOrEqual(1);
        },
      ),
    );
    expect(isDue(now - 5 * DAY, 0.9, now)).toBe(true);
  });

  it("only nodes whose image EKS chooses and that are on the cluster's version are old", () => {
    const group = (more: Partial<NodegroupFacts>) =>
      ({
        logicalName: "w",
        status: "ACTIVE",
        version: "1.34",
        amiType: "AL2023_x86_64_STANDARD",
        releaseVersion: "1.34.8-20261018",
        ...more,
      }) as NodegroupFacts;
    const newest = [{ amiType: "AL2023_x86_64_STANDARD", date: "20261108" }];
    const old = (more: Partial<NodegroupFacts>) => oldNodesOf([group(more)], "1.34", newest).length;
    expect(old({})).toBe(1);
    expect(old({ releaseVersion: "1.34.9-20261108" })).toBe(0);
    expect(old({ version: "1.33" })).toBe(0);
    expect(old({ status: "UPDATING" })).toBe(0);
    expect(old({ amiType: "CUSTOM", releaseVersion: "ami-0abc" })).toBe(0);
    expect(old({ amiType: "BOTTLEROCKET_x86_64", releaseVersion: "1.51.0-abcdef12" })).toBe(0);
  });
});
