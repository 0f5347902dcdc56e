import { describe, expect, it } from "vitest";
import { fromAws } from "../../../adapters/aws/errors.ts";
import { eksToken } from "../../../adapters/kubernetes/token.ts";
import { RUNTIME, type Runtime } from "../../../adapters/runtime.ts";
import { perRuntime, readConfig, runtimeOf } from "../../../adapters/system-runtime.ts";
import { InvalidInputError } from "../../../core/errors.ts";

const env = {
  SLIPWAY_STAGE: "prod",
  SLIPWAY_ACCOUNT: "111122223333",
  AWS_REGION: "eu-west-1",
  SLIPWAY_TABLE: "slipway-prod",
  SLIPWAY_BUS: "slipway-prod",
  SLIPWAY_WORKFLOW_ARN_PREFIX: "arn:aws:states:eu-west-1:111122223333:stateMachine:slipway-prod-",
};

describe("configuration", () => {
  it("is read from the environment", () => {
    expect(readConfig(env)).toMatchObject({ stage: "prod", region: "eu-west-1", logLevel: "INFO" });
  });

  it("names every problem at once", () => {
    const read = () =>
      readConfig({ ...env, SLIPWAY_ACCOUNT: "12", SLIPWAY_TABLE: "", SLIPWAY_LOG_LEVEL: "LOUD" });
    expect(read).toThrow(InvalidInputError);
    expect(read).toThrow(/SLIPWAY_ACCOUNT.*SLIPWAY_TABLE|SLIPWAY_LOG_LEVEL/s);
    try {
      read();
    } catch (error) {
      expect((error as InvalidInputError).problems.map((problem) => problem.field).sort()).toEqual([
        "SLIPWAY_ACCOUNT",
        "SLIPWAY_LOG_LEVEL",
        "SLIPWAY_TABLE",
      ]);
    }
  });
});

describe("runtime", () => {
  const runtime = { config: readConfig(env) } as Runtime;

  it("is the one that the platform put into the context", () => {
    expect(runtimeOf({ [RUNTIME]: runtime })).toBe(runtime);
  });

  it("has one client of each kind", () => {
    let made = 0;
    const clientOf = perRuntime(() => ({ n: ++made }));
    expect(clientOf(runtime)).toBe(clientOf(runtime));
    expect(clientOf({ ...runtime })).not.toBe(clientOf(runtime));
    expect(made).toBe(2);
  });
});

describe("errors of AWS", () => {
  const error = (name: string, status?: number, code?: string) =>
    Object.assign(new Error("text"), {
      name,
      $metadata: { httpStatusCode: status },
      ...(code ? { code } : {}),
    });

  it.each([
    [error("ThrottlingException", 400), "Throttled", true],
    [error("Whatever", 429), "Throttled", true],
    [error("ServerException", 500), "ServiceFault", true],
    [error("Unknown", 502), "ServiceFault", true],
    [error("Error", undefined, "ECONNRESET"), "Unreachable", true],
    [error("ResourceInUseException", 409), "ResourceInUseException", false],
    [error("AccessDeniedException", 403), "AccessDeniedException", false],
    ["not an error", "Unexpected", false],
  ])("%s is %s", (given, code, retryable) => {
    expect(fromAws(given, "eks DescribeCluster x")).toMatchObject({ code, retryable });
  });

  it("says what was called, and keeps the cause", () => {
    const cause = error("InvalidParameterException", 400);
    expect(fromAws(cause, "eks DescribeCluster x")).toMatchObject({
      message: "eks DescribeCluster x: text",
      cause,
    });
  });
});

describe("EKS token", () => {
  it("is a presigned GetCallerIdentity bound to the cluster", async () => {
    const token = await eksToken({
      region: "eu-west-1",
      cluster: "prod-1",
      credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret", sessionToken: "session" },
      now: Date.parse("2026-11-20T09:00:00Z"),
    });
    expect(token).toMatch(/^k8s-aws-v1\.[A-Za-z0-9_-]+$/);
    const url = new URL(Buffer.from(token.slice("k8s-aws-v1.".length), "base64url").toString());
    expect(url.host).toBe("sts.eu-west-1.amazonaws.com");
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      Action: "GetCallerIdentity",
      Version: "2011-06-15",
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Date": "20261120T090000Z",
      "X-Amz-Expires": "60",
      "X-Amz-Security-Token": "session",
      "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
    });
  });
});
