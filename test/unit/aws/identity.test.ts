import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { describe, expect, it } from "vitest";
import type { Scope, WireRequest } from "../../../local/aws/contract.ts";
import { createEndpoint } from "../../../local/aws/endpoint.ts";
import { createServices } from "../../../local/aws/services/services.ts";
import { createSessions } from "../../../local/aws/sessions.ts";
import { createKernel } from "../../../local/kernel/kernel.ts";
import { setUp } from "./support.ts";

const request = (overrides: Partial<WireRequest>): WireRequest => ({
  method: "GET",
  path: "/clusters",
  query: {},
  headers: {},
  body: new Uint8Array(),
  ...overrides,
});

const signed = (accessKeyId: string, region: string, service: string): Record<string, string> => ({
  authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20261120/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
});

async function scopeOf(wire: WireRequest): Promise<Scope | undefined> {
  const { endpoint } = setUp();
  let seen: Scope | undefined;
  const look = (_input: never, scope: Scope) => {
    seen = scope;
    return {};
  };
  endpoint.serve("eks", { ListClusters: look });
  endpoint.serve("sfn", { ListStateMachines: look });
  endpoint.serve("sts", { GetCallerIdentity: look });
  await endpoint.handle(wire);
  return seen;
}

describe("who calls, and where", () => {
  it.each([
    ["test", "111122223333", "arn:aws:iam::111122223333:user/test"],
    ["AKIA123456789012", "123456789012", "arn:aws:iam::123456789012:user/AKIA123456789012"],
    ["123456789012", "123456789012", "arn:aws:iam::123456789012:user/123456789012"],
  ])("the key %s means account %s", async (key, account, arn) => {
    const scope = await scopeOf(request({ headers: signed(key, "us-west-2", "eks") }));
    expect(scope).toMatchObject({
      account,
      region: "us-west-2",
      principal: { type: "IAMUser", arn, accessKeyId: key },
    });
  });

  it("knows the service of an unsigned request by target, by API version and by path", async () => {
    const target = { "x-amz-target": "AWSStepFunctions.ListStateMachines" };
    expect(await scopeOf(request({ method: "POST", path: "/", headers: target }))).toMatchObject({
      region: "eu-west-1",
    });
    const body = new TextEncoder().encode("Action=GetCallerIdentity&Version=2011-06-15");
    expect(await scopeOf(request({ method: "POST", path: "/", body }))).toBeDefined();
    expect(await scopeOf(request({}))).toBeDefined();
    expect(await scopeOf(request({ path: "/elsewhere" }))).toBeUndefined();
  });

  it("reads a presigned URL", async () => {
    const scope = await scopeOf(
      request({
        path: "/",
        query: {
          Action: "GetCallerIdentity",
          Version: "2011-06-15",
          "X-Amz-Credential": "AKIA123456789012/20261120/eu-north-1/sts/aws4_request",
          "X-Amz-Signature": "0",
        },
      }),
    );
    expect(scope).toMatchObject({ account: "123456789012", region: "eu-north-1" });
  });
});

describe("sessions", () => {
  const RoleArn = "arn:aws:iam::444455556666:role/team/deployer";

  it("an assumed role calls as its session, until it expires", async () => {
    const { endpoint, config, kernel, clock } = setUp();
    endpoint.serve("sts", createServices({ kernel }).sts);
    const { Credentials, AssumedRoleUser } = await new STSClient(config).send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: "me", DurationSeconds: 900 }),
    );
    const arn = "arn:aws:sts::444455556666:assumed-role/deployer/me";
    expect(AssumedRoleUser?.Arn).toBe(arn);
    expect(Credentials?.Expiration).toEqual(new Date(clock.now() + 900_000));
    const sts = new STSClient({
      ...config,
      credentials: {
        accessKeyId: Credentials?.AccessKeyId ?? "",
        secretAccessKey: Credentials?.SecretAccessKey ?? "",
        sessionToken: Credentials?.SessionToken ?? "",
      },
    });
    expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: "444455556666",
      Arn: arn,
      UserId: expect.stringMatching(/^AROA[0-9A-Z]{16}:me$/),
    });
    await clock.advance(900_000);
    await expect(clock.until(sts.send(new GetCallerIdentityCommand({})))).rejects.toMatchObject({
      name: "ExpiredTokenException",
      $metadata: { httpStatusCode: 403 },
    });
  });

  it.each([
    [{ RoleArn: "nonsense", RoleSessionName: "me" }, "ValidationError"],
    [{ RoleArn, RoleSessionName: "not allowed" }, "ValidationError"],
    [{ RoleArn, RoleSessionName: "me", DurationSeconds: 60 }, "ValidationError"],
    [{ RoleArn, RoleSessionName: undefined }, "ValidationError"],
  ])("%j is refused", async (input, name) => {
    const { endpoint, config, kernel } = setUp();
    endpoint.serve("sts", createServices({ kernel }).sts);
    await expect(new STSClient(config).send(new AssumeRoleCommand(input))).rejects.toMatchObject({ name });
  });

  it("survive a restart", () => {
    const folder = mkdtempSync(join(tmpdir(), "slipway-sessions-"));
    try {
      const options = { time: { kind: "virtual" }, journal: join(folder, "journal") } as const;
      const first = createKernel(options);
      const { accessKeyId } = createSessions(first).issue({
        roleArn: RoleArn,
        sessionName: "me",
        caller: "function/x",
      });
      first.durable.close();
      const second = createKernel(options);
      createEndpoint({ kernel: second });
      expect(createSessions(second).find(accessKeyId)?.principal).toMatchObject({
        roleArn: RoleArn,
        caller: "function/x",
      });
      second.durable.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
