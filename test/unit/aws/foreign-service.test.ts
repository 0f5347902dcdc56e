import { describe, expect, it } from "vitest";
import { foreignService } from "../../../local/aws/foreign-service.ts";

const ask = (signingName: string, type?: string) => {
  const answer = foreignService(
    {
      method: "POST",
      path: "/",
      query: {},
      headers: type === undefined ? {} : { "content-type": type },
      body: new Uint8Array(),
      remoteAddress: "127.0.0.1",
    },
    signingName,
    "id-1",
  );
  if (!(answer.body instanceof Uint8Array)) throw new Error("a stream");
  return { status: answer.status, headers: answer.headers, text: new TextDecoder().decode(answer.body) };
};

describe("a request for a service that is not here", () => {
  it("is told so, with what is here", () => {
    expect(ask("kms", "application/x-amz-json-1.1").text).toMatch(
      /The service kms is not part of the embedded platform, which has .*eks.*states/,
    );
  });

  it.each([
    ["kms", "application/x-amz-json-1.1", /^\{"__type":"NotImplemented","message":/],
    ["monitoring", "application/x-www-form-urlencoded; charset=utf-8", /<Code>NotImplemented<\/Code>/],
    ["s3", undefined, /<Code>NotImplemented<\/Code>/],
    ["batch", "application/json", /^\{"message":/],
  ])("in the protocol of %s (%s)", (service, type, text) => {
    const answer = ask(service, type);
    expect(answer.status).toBe(501);
    expect(answer.text).toMatch(text);
  });
});
