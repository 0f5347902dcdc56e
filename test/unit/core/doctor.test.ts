import { describe, expect, it } from "vitest";
import { type DoctorCheck, evaluateDoctor, overall } from "../../../core/doctor/evaluate.ts";
import type { AccountFacts, ClusterAccessFacts, RegionFacts } from "../../../core/doctor/facts.ts";

const HOME = "111122223333";
const ok = <T>(value: T) => ({ ok: true as const, value });
const unread = { ok: false as const, reason: "AccessDenied: not you" };
const quota = (value: number) => ({ value, source: "service-quotas" as const });

const cluster = (over: Partial<ClusterAccessFacts> = {}): ClusterAccessFacts => ({
  ref: { account: HOME, region: "eu-west-1", name: "prod-1" },
  access: ok([{ question: "list nodes", allowed: true }]),
  nodegroups: { count: ok(3), quota: quota(30) },
  ...over,
});

const region = (over: Partial<RegionFacts> = {}): RegionFacts => ({
  region: "eu-west-1",
  trails: ok([{ name: "main", logging: true }]),
  eventPath: ok({ arrivedMs: 640, waitedMs: 10_000 }),
  clusters: { count: ok(2), quota: quota(100) },
  managed: [cluster()],
  ...over,
});

const account = (over: Partial<AccountFacts> = {}): AccountFacts => ({
  account: HOME,
  identity: ok({ account: HOME, arn: "arn:aws:sts::111122223333:assumed-role/slipway-prod-x/x" }),
  permissions: ok({ simulated: 80, denied: [] }),
  regions: [region()],
  ...over,
});

const judge = (facts: AccountFacts): DoctorCheck[] =>
  evaluateDoctor({ home: { account: HOME, region: "eu-west-1", stage: "prod" }, accounts: [facts] });

const only = (facts: AccountFacts, code: string): DoctorCheck => {
  const found = judge(facts).filter((check) => check.code === code);
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} checks ${code}`);
  return found[0];
};

const denied = (missing: string[] = []) => ({
  role: "slipway-prod-workflow-upgrade-cluster",
  action: "eks:UpdateClusterVersion",
  resource: "arn:aws:eks:eu-west-1:111122223333:cluster/x",
  missing,
});

describe("the doctor's judgement", () => {
  it("is ok for what is well, and then asks nobody to do anything", () => {
    const checks = judge(account());
    expect(checks).toHaveLength(7);
    expect(checks.filter((check) => check.status !== "ok" || check.remedy !== undefined)).toEqual([]);
    expect(overall(checks)).toBe("ok");
  });

  const table: [string, AccountFacts, code: string, status: DoctorCheck["status"], evidence: string][] = [
    [
      "another account's identity",
      account({ identity: ok({ account: "9", arn: "arn:x" }) }),
      "IDENTITY",
      "fail",
      "arn:x",
    ],
    ["no identity", account({ identity: unread }), "IDENTITY", "fail", "not you"],
    [
      "a denied action",
      account({ permissions: ok({ simulated: 80, denied: [denied()] }) }),
      "PERMISSIONS",
      "fail",
      "1 of 80 simulated actions are denied: eks:UpdateClusterVersion",
    ],
    [
      "an action that a condition decides",
      account({ permissions: ok({ simulated: 80, denied: [denied(["aws:SourceIp"])] }) }),
      "PERMISSIONS",
      "warn",
      "conditions",
    ],
    [
      "a simulator that may not be asked",
      account({ permissions: unread }),
      "PERMISSIONS",
      "unknown",
      "not you",
    ],
    ["no trail", account({ regions: [region({ trails: ok([]) })] }), "CLOUDTRAIL", "fail", "no trail covers"],
    [
      "a stopped trail",
      account({ regions: [region({ trails: ok([{ name: "main", logging: false }]) })] }),
      "CLOUDTRAIL",
      "fail",
      "no trail logs: main",
    ],
    [
      "a trail that cannot deliver",
      account({
        regions: [region({ trails: ok([{ name: "main", logging: true, deliveryError: "NoSuchBucket" }]) })],
      }),
      "CLOUDTRAIL",
      "warn",
      "NoSuchBucket",
    ],
    [
      "trails that may not be read",
      account({ regions: [region({ trails: unread })] }),
      "CLOUDTRAIL",
      "unknown",
      "not you",
    ],
    [
      "a probe that got lost",
      account({ regions: [region({ eventPath: ok({ arrivedMs: undefined, waitedMs: 10_000 }) })] }),
      "EVENT_PATH",
      "fail",
      "after 10 s",
    ],
    [
      "a probe that could not be put",
      account({ regions: [region({ eventPath: unread })] }),
      "EVENT_PATH",
      "unknown",
      "not you",
    ],
    [
      "a right that is missing",
      account({
        regions: [
          region({ managed: [cluster({ access: ok([{ question: "patch nodes", allowed: false }]) })] }),
        ],
      }),
      "KUBERNETES_ACCESS",
      "fail",
      "not allowed: patch nodes",
    ],
    [
      "a cluster that does not answer",
      account({ regions: [region({ managed: [cluster({ access: unread })] })] }),
      "KUBERNETES_ACCESS",
      "unknown",
      "not you",
    ],
    [
      "80 % of a quota",
      account({ regions: [region({ clusters: { count: ok(80), quota: quota(100) } })] }),
      "QUOTA_CLUSTERS",
      "warn",
      "80 of 100",
    ],
    [
      "no room for one more",
      account({ regions: [region({ clusters: { count: ok(100), quota: quota(100) } })] }),
      "QUOTA_CLUSTERS",
      "fail",
      "100 of 100",
    ],
    [
      "no room for a green group",
      account({
        regions: [region({ managed: [cluster({ nodegroups: { count: ok(30), quota: quota(30) } })] })],
      }),
      "QUOTA_NODEGROUPS",
      "fail",
      "30 of 30",
    ],
    [
      "a quota that could not be read",
      account({
        regions: [
          region({
            clusters: { count: ok(1), quota: { value: 100, source: "default", reason: "AccessDenied" } },
          }),
        ],
      }),
      "QUOTA_CLUSTERS",
      "ok",
      "AWS's default; the quota itself could not be read: AccessDenied",
    ],
  ];
  it.each(table)("%s", (_what, facts, code, status, evidence) => {
    const check = only(facts, code);
    expect(check.status).toBe(status);
    expect(check.evidence).toContain(evidence);
    expect(check.remedy === undefined).toBe(status === "ok");
  });

  it("asks for nothing more where Slipway is not let in", () => {
    const checks = judge(
      account({ account: "444455556666", identity: unread, permissions: unread, regions: [] }),
    );
    expect(checks.map(({ code }) => code)).toEqual(["IDENTITY"]);
    expect(checks[0]?.remedy).toContain("slipway-prod-managed");
  });

  it("counts what it does not name", () => {
    const many = Array.from({ length: 12 }, () => denied());
    expect(
      only(account({ permissions: ok({ simulated: 80, denied: many }) }), "PERMISSIONS").evidence,
    ).toContain("and 7 more");
  });

  it("is as bad as the worst: a failure, then what is unknown, then a warning", () => {
    const check = (status: DoctorCheck["status"]): DoctorCheck => ({
      code: "X",
      status,
      subject: "",
      evidence: "",
    });
    expect(overall([check("warn"), check("fail"), check("unknown")])).toBe("fail");
    expect(overall([check("warn"), check("unknown"), check("ok")])).toBe("unknown");
    expect(overall([check("warn"), check("ok")])).toBe("warn");
  });
});
