import { afterEach, describe, expect, it } from "vitest";
import {
  addonEvent,
  alarmEvent,
  eventsOfNobody,
  fargateEvent,
  lifecycleEvent,
  type SentEvent,
} from "../../builders/node-events.ts";
import { CLUSTER_ARN, HOME, type NodeStage, nodeStage } from "../../builders/nodes.ts";

/** Every source of events about nodes: what it leads to, also twice, late, with parts missing and with hostile parts. */
let on: NodeStage;
afterEach(() => on.close());

const HOUR = 3600;
const DAY = 24 * HOUR;

const send = (event: SentEvent): Promise<void> =>
  on.put(event.source, event["detail-type"], event.detail, [...event.resources]);

/** Before the sweep that comes every five minutes; with `confirmSeconds` below that. */
const PATIENCE = { confirmSeconds: 60 } as const;

const principal = {
  type: "Root" as const,
  arn: "arn:aws:iam::111122223333:root",
  account: HOME.account,
  accessKeyId: "AKIA111122223333",
};

/** Somebody terminates a machine by hand. */
const terminateOne = async (): Promise<void> => {
  const { endpoint, kernel } = on.stage.platform;
  const [node = ""] = on.nodes();
  const input = { InstanceIds: [on.instanceOf(node)] };
  await kernel.clock.until(endpoint.call("ec2", "TerminateInstances", input, { ...HOME, principal }));
};

const silence = async (): Promise<string> => {
  const [sick = ""] = on.nodes();
  on.stage.platform.troubles.sicken(CLUSTER_ARN, sick, { condition: "Ready" });
  await on.pass(61);
  return sick;
};

describe("CloudWatch alarms", () => {
  it.each([
    ["by the dimension of its metric", { name: "eks-somebodys-own" }],
    ["by its name alone", { dimension: null }],
  ])("leads to its cluster %s, and the sick node goes at once", async (_, change) => {
    on = await nodeStage({ nodes: { mode: "remediate", ...PATIENCE } });
    await silence();
    await send(alarmEvent(change));
    await on.pass(20);
    expect((await on.operations()).map((operation) => operation.status)).toEqual(["Running"]);
    expect((await on.operations())[0]?.reason).toContain("alarm eks-");
    await on.pass(HOUR);
    expect((await on.operations()).map((operation) => operation.status)).toEqual(["Succeeded"]);
  });

  it.each([
    ["that is over", { value: "OK" }],
    ["without data", { value: "INSUFFICIENT_DATA" }],
    ["whose actions are suppressed", { suppressedBy: "WaitPeriod" }],
    ["of another cluster", { name: "eks-nobody-nodes", dimension: null }],
    ["of somebody else", { name: "billing", dimension: "demo" }],
  ])("one %s leads to nothing", async (_, change) => {
    on = await nodeStage({ nodes: { mode: "remediate", ...PATIENCE } });
    await silence();
    await send(alarmEvent(change));
    await on.pass(20);
    expect(await on.operations()).toEqual([]);
    expect(on.ofType("Alarm Raised")).toEqual([]);
  });

  it("a composite alarm that is released from suppression counts: ALARM to ALARM", async () => {
    on = await nodeStage({ nodes: { mode: "remediate", ...PATIENCE } });
    const { endpoint, kernel } = on.stage.platform;
    const call = (operation: string, input: object) =>
      kernel.clock.until(endpoint.call("cloudwatch", operation, input, { ...HOME, principal }));
    const metric = {
      Namespace: "Own",
      MetricName: "x",
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      Statistic: "Sum",
      ComparisonOperator: "GreaterThanThreshold",
    };
    await call("PutMetricAlarm", { AlarmName: "own-nodes", ...metric });
    await call("PutMetricAlarm", { AlarmName: "maintenance", ...metric });
    await call("SetAlarmState", {
      AlarmName: "maintenance",
      StateValue: "ALARM",
      StateReason: "we work here",
    });
    await call("PutCompositeAlarm", {
      AlarmName: "eks-demo-degraded",
      AlarmRule: 'ALARM("own-nodes")',
      ActionsSuppressor: "maintenance",
      ActionsSuppressorWaitPeriod: 60,
      ActionsSuppressorExtensionPeriod: 60,
    });
    await silence();
    await call("SetAlarmState", { AlarmName: "own-nodes", StateValue: "ALARM", StateReason: "x" });
    await on.pass(30);
    expect(await on.operations()).toEqual([]);
    await call("SetAlarmState", { AlarmName: "maintenance", StateValue: "OK", StateReason: "done" });
    await on.pass(30);
    expect(await on.operations()).toEqual([]);
    await on.pass(60);
    expect((await on.operations()).map((operation) => operation.type)).toEqual(["remediate-node"]);
  });

  it("a false alarm changes nothing, however often it comes", async () => {
    on = await nodeStage({ nodes: { mode: "remediate", ...PATIENCE } });
    const before = on.nodes();
    for (let i = 0; i < 5; i++) await send(alarmEvent());
    await on.pass(HOUR);
    expect(await on.operations()).toEqual([]);
    expect(on.nodes()).toEqual(before);
    expect(on.cordoned()).toEqual([]);
  });

  it("the same alarm many times at once starts one operation", async () => {
    on = await nodeStage({ nodes: { mode: "remediate", maxConcurrent: 3, ...PATIENCE } });
    await silence();
    for (let i = 0; i < 6; i++)
      on.stage.platform.events.putEvents(
        [
          {
            Source: "aws.cloudwatch",
            DetailType: "CloudWatch Alarm State Change",
            Detail: JSON.stringify(alarmEvent().detail),
          },
        ],
        HOME,
      );
    await on.pass(HOUR);
    expect((await on.operations()).map((operation) => operation.status)).toEqual(["Succeeded"]);
    expect((await on.automation()).remediations).toHaveLength(1);
  });
});

describe("EC2 and Auto Scaling", () => {
  it("a rebalance recommendation is told once, and EKS is left to do its work", async () => {
    on = await nodeStage({ spot: true });
    const [node = ""] = on.nodes();
    on.stage.platform.troubles.recommendRebalance(HOME, on.instanceOf(node));
    on.stage.platform.troubles.recommendRebalance(HOME, on.instanceOf(node));
    await on.pass(60);
    expect(on.ofType("Rebalance Recommended").map((told) => told.detail.nodes)).toEqual([[node]]);
    expect(on.cordoned()).toEqual([]);
  });

  it("a machine that somebody terminates is replaced by its group, and nothing else is done", async () => {
    on = await nodeStage({ nodes: { mode: "remediate" } });
    await terminateOne();
    await on.pass(HOUR);
    expect(on.nodes()).toHaveLength(4);
    expect(await on.operations()).toEqual([]);
  });

  it("a group that gets no machine says why in words, once an hour", async () => {
    on = await nodeStage({ nodes: { mode: "remediate" } });
    on.stage.platform.faults.inject({ name: "InsufficientInstanceCapacity" });
    await terminateOne();
    await on.pass(40 * 60);
    const told = on.ofType("Launch Failed");
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThanOrEqual(2);
    expect(told[0]?.detail).toMatchObject({ code: "NoCapacity" });
    expect(told[0]?.detail.message).toMatch(/general-1 gets no new machine: EC2 has no capacity/);
  });

  it("an event about a group or a machine of nobody leads to nothing", async () => {
    on = await nodeStage({ nodes: { mode: "remediate" } });
    for (const event of eventsOfNobody) await send(event);
    await on.pass(60);
    expect(on.told).toEqual([]);
    expect(await on.operations()).toEqual([]);
  });
});

describe("AWS Health", () => {
  it("maintenance of a machine: told once, and replaced before its date, in a window", async () => {
    on = await nodeStage();
    await on.policy(
      {},
      {
        apiVersion: "slipway.dev/v1",
        kind: "AutomationPolicy",
        nodes: { mode: "remediate" },
        windows: { open: [{ days: ["Sat"], start: "02:00", durationMinutes: 180 }] },
      },
    );
    const [node = ""] = on.nodes();
    const { troubles, kernel } = on.stage.platform;
    const date = kernel.clock.now() + 10 * DAY * 1000;
    troubles.scheduleMaintenance(HOME, on.instanceOf(node), { code: "instance-retirement", at: date });
    await on.pass(HOUR);
    expect(on.ofType("Maintenance Scheduled")).toHaveLength(1);
    expect(on.ofType("Remediation Withheld").map((told) => told.detail.code)).toEqual(["window"]);
    expect(on.nodes()).toContain(node);
    // 2026-11-20 is a Friday.
    await on.pass(DAY);
    expect(on.nodes()).not.toContain(node);
    const [operation] = await on.operations();
    expect(new Date(operation?.startedAt ?? 0).getUTCDay()).toBe(6);
    expect(kernel.clock.now()).toBeLessThan(date);
  });

  it("the end of support is told once for a cluster, page by page, and not when it is upgraded already", async () => {
    on = await nodeStage();
    const ours = lifecycleEvent("demo", "1.33");
    await send(ours);
    await send({ ...ours, detail: { ...ours.detail, communicationId: "another", page: "2" } });
    await send(lifecycleEvent("demo", "1.32"));
    await on.pass(60);
    const told = on.ofType("End Of Support Announced");
    expect(told).toHaveLength(1);
    expect(told[0]?.detail.message).toMatch(/1\.33 .*2027-05-14/);
  });
});

describe("EKS", () => {
  it("a pod on Fargate that EKS is going to end is told where it is still there", async () => {
    on = await nodeStage();
    on.workload(1, 1);
    await on.pass(60);
    const [pod] = on.stage.platform.kubernetes.list(CLUSTER_ARN, "Pod", "default");
    const event = fargateEvent("demo", pod?.metadata.name ?? "");
    await send(event);
    await send(event);
    await send(fargateEvent("demo", "gone"));
    await on.pass(10);
    const told = on.ofType("Fargate Pod Termination Scheduled");
    expect(told).toHaveLength(1);
    expect(told[0]?.detail.message).toContain("2026-12-01T04:05:06.007Z");
  });

  it("an add-on is described, whatever its event says", async () => {
    on = await nodeStage();
    await send(addonEvent("demo", "vpc-cni", "EKS Addon Health Degraded"));
    expect(on.ofType("Addon Unhealthy")).toEqual([]);
    on.stage.platform.faults.inject({
      name: "AddonHealthIssue",
      subject: "coredns",
      args: { code: "InsufficientNumberOfReplicas", message: "no replicas" },
    });
    await send(addonEvent("demo", "coredns", "EKS Addon Update Succeeded"));
    await on.pass(10);
    expect(on.ofType("Addon Unhealthy").map((told) => told.detail.message)).toEqual([
      expect.stringMatching(/coredns is DEGRADED: InsufficientNumberOfReplicas/),
    ]);
  });
});

describe("events that nobody should send", () => {
  const hostile: readonly (readonly [string, string, object])[] = [
    ["aws.ec2", "EC2 Spot Instance Interruption Warning", {}],
    ["aws.ec2", "EC2 Spot Instance Interruption Warning", { "instance-id": "i-0; rm -rf /" }],
    ["aws.ec2", "EC2 Instance Rebalance Recommendation", { "instance-id": ["i-0abc1234def567890"] }],
    ["aws.ec2", "EC2 Instance State-change Notification", { state: "terminated" }],
    [
      "aws.autoscaling",
      "EC2 Instance Launch Unsuccessful",
      { AutoScalingGroupName: "x".repeat(5000), StatusCode: "Failed" },
    ],
    ["aws.autoscaling", "EC2 Instance Launch Unsuccessful", { AutoScalingGroupName: 7 }],
    ["aws.cloudwatch", "CloudWatch Alarm State Change", { alarmName: "eks-", state: { value: "ALARM" } }],
    [
      "aws.cloudwatch",
      "CloudWatch Alarm State Change",
      { alarmName: "eks-../../demo", state: { value: "ALARM" }, configuration: "x" },
    ],
    ["aws.health", "AWS Health Event", { service: "EC2" }],
    [
      "aws.health",
      "AWS Health Event",
      {
        service: "EKS",
        eventTypeCode: "AWS_EKS_PLANNED_LIFECYCLE_EVENT",
        eventArn: "x",
        affectedEntities: [{ entityValue: "arn:aws:eks:eu-west-1:999999999999:cluster/demo" }],
      },
    ],
    [
      "aws.eks",
      "EKS Fargate Pod Scheduled Termination",
      { clusterName: "demo", podName: "../secrets/x", podNamespace: "kube-system" },
    ],
    ["aws.eks", "EKS Addon Update Failed", { __proto__: { polluted: true } }],
  ];

  it("are put away without harm, and what is sent properly after them is done", async () => {
    on = await nodeStage({ nodes: { mode: "remediate", ...PATIENCE } });
    const before = on.nodes();
    for (const [source, type, detail] of hostile) await on.put(source, type, detail, ["arn:::", "💥"]);
    await on.pass(600);
    expect(on.nodes()).toEqual(before);
    expect(on.told).toEqual([]);
    expect(await on.operations()).toEqual([]);
    await silence();
    await send(alarmEvent());
    await on.pass(HOUR);
    expect((await on.operations()).map((operation) => operation.status)).toEqual(["Succeeded"]);
  });
});
