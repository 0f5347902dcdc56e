import { afterEach, describe, expect, it, vi } from "vitest";
import type { LogEntry, Runtime } from "../../../adapters/runtime.ts";
import type { Operation } from "../../../core/operation/types.ts";
import { logOf } from "../../../functions/lib/logger.ts";
import { putMetric, putOverdue } from "../../../functions/lib/metrics.ts";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const runtime = (logLevel: Runtime["config"]["logLevel"], more: Partial<Runtime> = {}): Runtime =>
  ({ clock: { now: () => NOW }, config: { stage: "prod", logLevel }, ...more }) as Runtime;

const written: string[] = [];
const streams = [vi.spyOn(process.stdout, "write"), vi.spyOn(process.stderr, "write")];
afterEach(() => {
  written.splice(0);
  vi.unstubAllEnvs();
});
const capture = (work: () => void): string[] => {
  for (const stream of streams)
    stream.mockImplementation((line) => {
      written.push(String(line));
      return true;
    });
  try {
    work();
  } finally {
    for (const stream of streams) stream.mockReset();
  }
  return [...written];
};

describe("log lines on AWS", () => {
  it("are JSON, one a line, with the fields of the invocation", () => {
    const log = logOf(runtime("INFO"), { task: "verify", operationId: "op-1" });
    const [line = "", ...more] = capture(() => log.warn("late", { step: "1.35/verify" }));
    expect(more).toEqual([]);
    expect(line.endsWith("\n")).toBe(true);
    expect(JSON.parse(line)).toEqual({
      level: "WARN",
      message: "late",
      timestamp: "2026-11-20T12:00:00.000Z",
      service: "slipway",
      task: "verify",
      operationId: "op-1",
      step: "1.35/verify",
    });
  });

  it("say what an error is, with its cause", () => {
    const cause = new TypeError("deep");
    const log = logOf(runtime("INFO"), {});
    const [line = ""] = capture(() => log.error("failed", { error: new Error("outer", { cause }) }));
    const { error } = JSON.parse(line) as { error: Record<string, unknown> };
    expect(error).toMatchObject({
      name: "Error",
      message: "outer",
      cause: { name: "TypeError", message: "deep" },
    });
    expect(error.stack).toContain("outer");
  });

  it.each([undefined, "INFO", "DEBUG"])("are left out below the level of the stage (function: %s)", (own) => {
    vi.stubEnv("AWS_LAMBDA_LOG_LEVEL", own);
    const log = logOf(runtime("WARN"), {});
    const lines = capture(() => {
      log.debug("a");
      log.info("b");
      log.warn("c");
      log.error("d");
    });
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(["c", "d"]);
  });
});

describe("log lines of a platform with a sink", () => {
  it("go there, whatever their level, and nowhere else", () => {
    const logged: LogEntry[] = [];
    const log = logOf(runtime("WARN", { log: (entry) => void logged.push(entry) }), { task: "verify" });
    expect(capture(() => log.debug("early", { step: 1 }))).toEqual([]);
    expect(logged).toEqual([{ level: "DEBUG", message: "early", task: "verify", step: 1 }]);
  });
});

describe("metrics", () => {
  it("are lines in CloudWatch's embedded metric format", () => {
    const lines: string[] = [];
    putMetric(runtime("INFO"), { namespace: "Slipway", name: "Things", value: 3 }, (line) =>
      lines.push(line),
    );
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      _aws: {
        Timestamp: NOW,
        CloudWatchMetrics: [
          { Namespace: "Slipway", Dimensions: [["Stage"]], Metrics: [{ Name: "Things", Unit: "Count" }] },
        ],
      },
      Stage: "prod",
      Things: 3,
    });
  });

  const operation = (status: Operation["status"], hoursAgo: number, expectedSeconds: number): Operation =>
    ({
      status,
      startedAt: new Date(NOW - hoursAgo * 3_600_000).toISOString(),
      createdAt: new Date(NOW - hoursAgo * 3_600_000).toISOString(),
      plan: { expectedSeconds },
    }) as Operation;

  it.each([
    ["three times its plan's time has passed", operation("Running", 6.1, 7200), 1],
    ["it is within that", operation("Running", 5.9, 7200), 0],
    ["it is short and young", operation("Running", 0.9, 60), 0],
    ["it is short and an hour has passed", operation("Running", 1.1, 60), 1],
    ["it is being undone", operation("RollingBack", 9, 7200), 1],
    ["it is paused by somebody", operation("Paused", 99, 60), 0],
    ["it waits for its window", operation("AwaitingWindow", 99, 60), 0],
    ["it has ended", operation("Succeeded", 99, 60), 0],
  ])("count an operation as overdue when %s", (_, one, count) => {
    const logged: Record<string, unknown>[] = [];
    putOverdue(runtime("INFO", { log: (entry) => void logged.push(entry) }), [one]);
    expect(logged[0]).toMatchObject({ OperationsOverdue: count, Stage: "prod" });
  });
});
