import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import table from "../../../local/aws/model/enum-members.json" with { type: "json" };
import { ENUM_SERVICES, readEnumMembers } from "../../../local/aws/model/read-enums.ts";
import { modelOf } from "../../../local/aws/model/service-model.ts";
import { SERVICE_NAMES, SERVICES } from "../../../local/aws/services.ts";
import { setUp } from "./support.ts";

const require = createRequire(import.meta.url);

interface ClientConfig {
  readonly protocol: { getShapeId(): string };
  readonly protocolSettings?: { version?: string; serviceTarget?: string; xmlNamespace?: string };
  readonly serviceId: string;
}

const PROTOCOLS: Readonly<Record<string, string>> = {
  restJson: "aws.protocols#restJson1",
  "awsJson1.0": "aws.protocols#awsJson1_0",
  "awsJson1.1": "aws.protocols#awsJson1_1",
  query: "aws.protocols#awsQuery",
  ec2: "aws.protocols#ec2Query",
};

describe("the table of services says what the SDK's clients say", () => {
  it.each(SERVICE_NAMES)("%s", async (service) => {
    const sdk = require(`@aws-sdk/client-${service}`) as Record<
      string,
      new (
        config: object,
      ) => { config: ClientConfig }
    >;
    const name = Object.keys(sdk).find((key) => /^[A-Z]\w*Client$/.test(key) && key !== "__Client");
    const Client = sdk[name ?? ""];
    if (!Client) throw new Error(`no client in ${service}`);
    const { config: client } = new Client(setUp().config);
    const traits = SERVICES[service];
    expect(client.protocol.getShapeId()).toBe(PROTOCOLS[traits.protocol]);
    const settings = client.protocolSettings;
    expect(settings?.version).toBe(traits.version);
    expect(settings?.serviceTarget).toBe(traits.target);
    expect(settings?.xmlNamespace ?? "").toBe(traits.xmlNamespace);
  });
});

it("the table of enumerations is that of the installed SDK", () => {
  const root = join(import.meta.dirname, "../../../node_modules/@aws-sdk");
  const now = Object.fromEntries(
    ENUM_SERVICES.map((service) => [service, readEnumMembers(join(root, `client-${service}`))]),
  );
  expect(now).toEqual(table);
});

it("every enumeration of the table has values", () => {
  for (const service of ENUM_SERVICES) {
    const model = modelOf(service);
    for (const members of Object.values(table[service] as Record<string, Record<string, string>>))
      for (const name of Object.values(members)) expect(model.enumValues(name), name).not.toHaveLength(0);
  }
});

it("every REST operation has a route of its own", async () => {
  const { Router } = await import("../../../local/aws/protocol/router.ts");
  for (const service of ["eks", "scheduler", "lambda"] as const) {
    const operations = [...modelOf(service).operations.values()];
    const router = new Router(operations);
    for (const { name, http } of operations) {
      const [path = "", constants = ""] = (http?.path ?? "").split("?");
      const concrete = path.replace(/\{[^}]+\}/g, "x");
      const query = Object.fromEntries(new URLSearchParams(constants));
      expect(
        router.match(http?.method ?? "", concrete, query)?.operation.name,
        `${http?.method} ${concrete}`,
      ).toBe(name);
    }
  }
});
