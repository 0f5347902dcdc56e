import { describe, expect, it } from "vitest";
import { CliError } from "../../../cli/errors.ts";
import { authenticated } from "../../../cli/signing.ts";

const API = "https://abc123.execute-api.eu-west-1.amazonaws.com";

/** Sends one request by the authenticated fetch and returns what went out. */
async function sent(
  env: Readonly<Record<string, string>>,
  url: string,
  init: RequestInit = {},
  credentials = async () => ({
    accessKeyId: "AKIDEXAMPLE",
    secretAccessKey: "secret",
    sessionToken: "session",
  }),
): Promise<Request> {
  let request: Request | undefined;
  const fetch = authenticated(
    async (input, given) => {
      request = new Request(input, given);
      return new Response("{}");
    },
    { env, credentials, now: () => new Date("2026-11-20T09:00:00Z") },
  );
  await fetch(url, init);
  if (!request) throw new Error("nothing was sent");
  return request;
}

const authorization = (request: Request): string => request.headers.get("authorization") ?? "";

describe("who the CLI says it is", () => {
  it("signs for API Gateway, in the region of the API, with the session token", async () => {
    const request = await sent({}, `${API}/v1/clusters?limit=100`, {
      headers: { accept: "application/json" },
    });
    expect(authorization(request)).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20261120\/eu-west-1\/execute-api\/aws4_request, SignedHeaders=accept;host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/,
    );
    expect(request.headers.get("x-amz-security-token")).toBe("session");
  });

  it("signs the body that it sends, and another body otherwise", async () => {
    const post = (body: string) =>
      sent({}, `${API}/v1/doctor`, {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
      });
    const [first, again, other] = await Promise.all([post('{"a":1}'), post('{"a":1}'), post('{"a":2}')]);
    expect(await first.text()).toBe('{"a":1}');
    expect(first.headers.get("content-type")).toBe("application/json");
    expect(authorization(first)).toBe(authorization(again));
    expect(authorization(first)).not.toBe(authorization(other));
  });

  it("sends a token where one is given, and signs nothing", async () => {
    const request = await sent({ SLIPWAY_TOKEN: "eyJ" }, `${API}/v1/clusters`);
    expect(authorization(request)).toBe("Bearer eyJ");
  });

  it("asks for no keys on the embedded platform", async () => {
    const request = await sent({}, "http://127.0.0.1:4300/v1/clusters", {}, () => {
      throw new Error("keys were asked for");
    });
    expect(authorization(request)).toBe("");
  });

  it("signs for a domain of one's own when it is told to", async () => {
    const env = { SLIPWAY_AUTH: "iam", AWS_REGION: "eu-central-1" };
    expect(authorization(await sent(env, "https://slipway.example.com/v1/clusters"))).toContain(
      "/eu-central-1/execute-api/",
    );
    await expect(sent({ SLIPWAY_AUTH: "iam" }, "https://slipway.example.com/")).rejects.toThrow("AWS_REGION");
  });

  it("says what to do when there are no keys", async () => {
    const none = () => Promise.reject(new Error("Could not load credentials from any providers"));
    const failure = await sent({}, `${API}/v1/clusters`, {}, none).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CliError);
    expect(String(failure)).toContain("aws sso login");
  });
});
