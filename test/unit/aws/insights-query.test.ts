import { describe, expect, it } from "vitest";
import { type LogRecord, parseQuery } from "../../../local/aws/services/insights-query.ts";

const AT = Date.parse("2026-11-20T09:00:00Z");
const record = (body: object | string, over: Partial<LogRecord> = {}): LogRecord => ({
  timestamp: AT,
  message: typeof body === "string" ? body : JSON.stringify(body),
  stream: "kube-apiserver-audit-1",
  log: "111122223333:/aws/eks/demo/cluster",
  ...over,
});

const call = (resource: string, userAgent: string, removed?: string) =>
  record({
    userAgent,
    objectRef: { resource },
    annotations: removed
      ? { "k8s.io/deprecated": "true", "k8s.io/removed-release": removed }
      : { "authorization.k8s.io/decision": "allow" },
  });

const records = [
  call("flowschemas", "helm/3.9", "1.32"),
  call("flowschemas", "helm/3.9", "1.32"),
  call("cronjobs", "kubectl/1.24", "1.25"),
  call("pods", "kubelet"),
  record("a line of text", { stream: "kube-scheduler-1" }),
];

const run = (query: string) =>
  parseQuery(query)
    .run(records)
    .map((row) => Object.fromEntries(row.map(({ field, value }) => [field, value])));

describe("a query of Logs Insights", () => {
  it("finds fields of JSON by their path, with backticks where a name has other characters", () => {
    expect(run('fields userAgent | filter `annotations.k8s.io/deprecated` = "true"')).toEqual([
      { userAgent: "helm/3.9" },
      { userAgent: "helm/3.9" },
      { userAgent: "kubectl/1.24" },
    ]);
  });

  it("counts by fields, sorts, limits", () => {
    expect(
      run(
        "fields `annotations.k8s.io/removed-release` as removed | filter ispresent(removed) | stats count(*) as n by objectRef.resource, removed | sort n desc | limit 1",
      ),
    ).toEqual([{ "objectRef.resource": "flowschemas", removed: "1.32", n: "2" }]);
  });

  it.each([
    ["filter @logStream like /kube-scheduler/", 1],
    ['filter @logStream like "scheduler"', 1],
    ["filter @logStream not like /scheduler/", 4],
    ['filter userAgent = "kubelet" or userAgent like /^helm/', 3],
    ['filter not (userAgent = "kubelet") and ispresent(userAgent)', 3],
    ["filter userAgent like /a|b/ | limit 1", 1],
    ["fields `annotations.k8s.io/removed-release` as r | filter r >= 1.30", 2],
  ])("%s", (query, count) => {
    expect(parseQuery(query).run(records)).toHaveLength(count);
  });

  it("shows time and message where nothing else is asked for, and has one row of nothing counted", () => {
    expect(run("filter @logStream like /scheduler/")).toEqual([
      { "@timestamp": "2026-11-20 09:00:00.000", "@message": "a line of text" },
    ]);
    expect(run('filter userAgent = "nobody" | stats count(*)')).toEqual([{ "count(*)": "0" }]);
    expect(run('filter userAgent = "nobody" | stats count(*) as n by userAgent')).toEqual([]);
  });

  it.each([
    "parse @message 'x'",
    "filter userAgent ~= 3",
    "stats median(x)",
    "limit none",
    "filter a = 1 b",
    "",
  ])("%s is refused", (query) => {
    expect(() => parseQuery(query)).toThrow(/unexpected symbol/);
  });
});
