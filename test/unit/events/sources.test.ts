import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ExecutionStatusChange } from "../../../local/asl/contract.ts";
import { type AwsEndpoint, AwsError, type CallRecord, type Principal } from "../../../local/aws/contract.ts";
import type { EventEnvelope } from "../../../local/events/envelope.ts";
import { cloudTrailEvents } from "../../../local/events/sources/cloud-trail.ts";
import { executionStatusEvents } from "../../../local/events/sources/execution-status.ts";
import { createFaults, type Faults } from "../../../local/world/faults.ts";
import { PLACE, world } from "./support.ts";

const FILE = join(import.meta.dirname, "../../../../shared/cases/event-examples.json");
const found = existsSync(FILE);
if (!found) console.warn(`SKIPPED: ${FILE} is missing, event shapes are not compared with real ones`);
type Json = Record<string, unknown>;
const examples: { title: string; event: EventEnvelope & { detail: Json } }[] = found
  ? JSON.parse(readFileSync(FILE, "utf8"))
  : [];

/** Observers of an endpoint that never is called: the tests tell them what was. */
function stubEndpoint(): { endpoint: AwsEndpoint; call: (record: CallRecord) => void } {
  const observers: ((call: CallRecord) => void)[] = [];
  const unused = (): never => {
    throw new Error("not used here");
  };
  return {
    endpoint: {
      handle: unused,
      call: unused,
      direct: unused,
      serve: unused,
      beforeCall: unused,
      onCall: (observer) => void observers.push(observer),
    },
    call: (record) => {
      for (const observer of observers) observer(record);
    },
  };
}

async function emitted(records: readonly CallRecord[], faults?: Faults) {
  const w = world();
  const { endpoint, call } = stubEndpoint();
  cloudTrailEvents({ kernel: w.kernel, endpoint, events: w.events, ...(faults ? { faults } : {}) });
  const seen: { event: EventEnvelope; after: number }[] = [];
  const start = w.kernel.clock.now();
  w.events.onEvent((event) => seen.push({ event, after: w.kernel.clock.now() - start }));
  for (const record of records) call(record);
  await w.kernel.clock.until(w.kernel.clock.sleep(3_600_000));
  return seen;
}

/** The path of every leaf with its type: what the shape of an event is. Ids, names and agents may differ. */
function shape(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [`${path}[]`] : shape(value[0], `${path}[]`);
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([key, member]) => shape(member, `${path}.${key}`));
  return [`${path}: ${value === null ? "null" : typeof value}`];
}

const HTTP_LABELS = new Set(["name", "principalArn"]);
const CLUSTER_OPERATIONS = /^(Create|Update|Delete)Cluster/;

/** The SDK's view of a call that CloudTrail recorded: the way back from an example to what made it. */
function sdkCall(event: (typeof examples)[number]["event"]): CallRecord {
  const detail = event.detail as Json & {
    userIdentity: {
      type: Principal["type"];
      arn: string;
      accessKeyId: string;
      invokedBy?: string;
      sessionContext?: { sessionIssuer: { arn: string } };
    };
    requestParameters: Json;
    responseElements: Json | null;
  };
  const operation = String(detail.eventName);
  const input = Object.fromEntries(
    Object.entries(detail.requestParameters).map(([name, value]) => [
      name === "name" && !CLUSTER_OPERATIONS.test(operation) ? "clusterName" : name,
      HTTP_LABELS.has(name) && typeof value === "string"
        ? decodeURIComponent(value)
        : name === "preserve"
          ? value === "true"
          : value,
    ]),
  );
  const withDates = (value: unknown, key = ""): unknown =>
    /At$/.test(key) && typeof value === "number"
      ? new Date(value * 1000)
      : Array.isArray(value)
        ? value.map((v) => withDates(v))
        : typeof value === "object" && value !== null
          ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withDates(v, k)]))
          : value;
  const { userIdentity: identity } = detail;
  const service =
    identity.invokedBy ??
    (detail.sourceIPAddress === "states.amazonaws.com" ? "states.amazonaws.com" : undefined);
  return {
    service: "eks",
    operation,
    input,
    ...(detail.responseElements ? { output: withDates(detail.responseElements) as Json } : {}),
    ...(detail.errorCode
      ? { error: new AwsError(String(detail.errorCode), "refused", { status: 409 }) }
      : {}),
    scope: {
      ...PLACE,
      principal: {
        type: identity.type,
        arn: identity.arn,
        account: PLACE.account,
        accessKeyId: identity.accessKeyId,
        ...(identity.sessionContext ? { roleArn: identity.sessionContext.sessionIssuer.arn } : {}),
        ...(service === undefined ? {} : { invokedBy: service }),
      },
      requestId: String(detail.requestID),
      userAgent: String(detail.userAgent),
      sourceIp: String(detail.sourceIPAddress),
    },
    time: Date.parse(String(detail.eventTime)),
  };
}

const trail = examples.filter(({ event }) => event["detail-type"] === "AWS API Call via CloudTrail");

describe.skipIf(!found)("CloudTrail events of EKS calls", () => {
  it.each(trail.map(({ title, event }) => [title, event] as const))("%s", async (_, event) => {
    const [got, ...more] = await emitted([sdkCall(event)]);
    expect(more).toEqual([]);
    expect(shape(got?.event).sort()).toEqual(shape(event).sort());
    // What is not an identifier must be equal, not only alike.
    const { id: _id, detail, ...envelope } = event;
    const { userIdentity, eventID: _eventId, ...rest } = detail;
    const identity = structuredClone(userIdentity) as Json & { sessionContext?: Json };
    delete identity.principalId;
    delete identity.sessionContext;
    expect(got?.event).toMatchObject({ ...envelope, detail: { ...rest, userIdentity: identity } });
  });
});

const deleteCluster: CallRecord = {
  service: "eks",
  operation: "DeleteCluster",
  input: { name: "prod-1" },
  output: {},
  scope: {
    ...PLACE,
    principal: {
      type: "IAMUser",
      arn: "arn:aws:iam::111122223333:user/bob",
      account: PLACE.account,
      accessKeyId: "AKIA1",
    },
    requestId: "r",
    userAgent: "cli",
    sourceIp: "203.0.113.9",
  },
  time: Date.parse("2026-11-20T09:00:00Z"),
};

describe("a CloudTrail event", () => {
  it("comes 5 to 90 seconds after the call", async () => {
    const seen = await emitted(Array.from({ length: 50 }, () => deleteCluster));
    expect(seen).toHaveLength(50);
    for (const { after } of seen) {
      expect(after).toBeGreaterThanOrEqual(5_000);
      expect(after).toBeLessThanOrEqual(90_000);
    }
    expect(new Set(seen.map(({ after }) => after)).size).toBeGreaterThan(10);
  });

  it("names an IAM user without a session", async () => {
    const [got] = await emitted([deleteCluster]);
    expect(got?.event.detail.userIdentity).toMatchObject({ type: "IAMUser", userName: "bob" });
    expect(got?.event.detail.userIdentity).not.toHaveProperty("sessionContext");
  });

  it("is not sent for reads and for other services", async () => {
    const { output: _, ...call } = deleteCluster;
    expect(
      await emitted([
        { ...call, operation: "DescribeCluster" },
        { ...call, operation: "ListInsights" },
        { ...call, service: "iam", operation: "CreateRole" },
      ]),
    ).toEqual([]);
  });

  it("can be missing, late and sent twice", async () => {
    const faults = createFaults();
    faults.inject({ name: "CloudTrailEventMissing", times: 1 });
    faults.inject({ name: "CloudTrailEventTwice", times: 1 });
    faults.inject({ name: "CloudTrailEventLate", subject: "prod-2", args: { seconds: "600" } });
    const seen = await emitted(
      [deleteCluster, deleteCluster, { ...deleteCluster, input: { name: "prod-2" } }],
      faults,
    );
    expect(seen).toHaveLength(3);
    expect(seen[0]?.event.detail.eventID).toBe(seen[1]?.event.detail.eventID);
    expect(seen[0]?.event.id).not.toBe(seen[1]?.event.id);
    expect(seen[2]?.after).toBeGreaterThanOrEqual(605_000);
  });
});

describe.skipIf(!found)("Step Functions status events", () => {
  it("have the shape of real ones", () => {
    const example = examples.find(({ event }) => event.source === "aws.states")?.event;
    if (!example) throw new Error("no example");
    const w = world();
    const listeners: ((change: ExecutionStatusChange) => void)[] = [];
    executionStatusEvents({ onStatusChange: (listener) => void listeners.push(listener) }, w.events);
    const seen: EventEnvelope[] = [];
    w.events.onEvent((event) => seen.push(event));
    const { inputDetails: _i, outputDetails: _o, ...change } = example.detail;
    for (const listener of listeners) listener(change as unknown as ExecutionStatusChange);
    const { id: _id, time: _time, ...expected } = example;
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject(expected);
    expect(shape(seen[0]).sort()).toEqual(shape(example).sort());
  });
});
