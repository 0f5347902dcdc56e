import { MemoryStore } from "../adapters/store/memory-store.ts";
import { createPlatform, type Platform } from "../local/platform.ts";
import { type Figure, perSecond } from "./report.ts";

const PLACE = { account: "111122223333", region: "eu-west-1" };
const ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/demo";
const EVENTS = 1000;
const LOOKS = 100;
const CONFIRM_SECONDS = 60;

const FILE = `apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: { name: demo, region: eu-west-1, version: "1.34" }
managedNodeGroups:
- { name: workers, instanceType: m6i.large, spot: true, minSize: 1, desiredCapacity: 20, maxSize: 30 }
---
apiVersion: slipway.dev/v1
kind: AutomationPolicy
nodes: { mode: remediate, confirmSeconds: ${CONFIRM_SECONDS} }
`;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Simulated milliseconds until the node is cordoned. */
async function untilCordoned(platform: Platform, node: string): Promise<number> {
  const { clock } = platform.kernel;
  const began = clock.now();
  const cordoned = new Promise<number>((resolve) => {
    platform.kubernetes.onChange((_arn, _type, object) => {
      if (object.kind === "Node" && object.metadata.name === node && object.spec?.unschedulable === true)
        resolve(clock.now() - began);
    });
  });
  return clock.until(cordoned);
}

/** Events about nodes handled per second of real time, and simulated time from an event to the action. */
export async function benchNodeEvents(): Promise<Figure[]> {
  const platform = await createPlatform({ time: { kind: "virtual" }, store: new MemoryStore() });
  const { clock } = platform.kernel;
  const request = new Request("http://127.0.0.1/v1/clusters/demo", {
    method: "PUT",
    headers: { "content-type": "application/yaml" },
    body: FILE,
  });
  await clock.until(platform.gateway.fetch(request));
  await clock.until(clock.sleep(2 * 3_600_000));
  const nodes = platform.kubernetes.nodeNames(ARN).sort();
  if (nodes.length !== 20) throw new Error("the cluster was not made");
  const instanceOf = (name: string): string =>
    String(platform.kubernetes.get(ARN, "Node", undefined, name)?.spec?.providerID)
      .split("/")
      .at(-1) ?? "";
  const alarm = {
    Source: "aws.cloudwatch",
    DetailType: "CloudWatch Alarm State Change",
    Detail: JSON.stringify({ alarmName: "eks-demo-nodes", state: { value: "ALARM" } }),
  };

  const timed = async (work: () => Promise<void>): Promise<number> => {
    const began = performance.now();
    await work();
    return performance.now() - began;
  };
  const stormMs = await timed(async () => {
    for (let i = 0; i < EVENTS; i++) platform.events.putEvents([alarm], PLACE);
    await clock.until(clock.sleep(1000));
  });
  // Each in ten seconds of its own, so that each is a look.
  const looksMs = await timed(async () => {
    for (let i = 0; i < LOOKS; i++) {
      platform.events.putEvents([alarm], PLACE);
      await clock.until(clock.sleep(10_000));
    }
  });

  const [taken = "", sick = ""] = nodes;
  platform.troubles.interruptSpot(PLACE, instanceOf(taken));
  const spotMs = await untilCordoned(platform, taken);
  // The other one counts as out of service until it is replaced.
  await clock.until(clock.sleep(1_200_000));
  platform.troubles.sicken(ARN, sick, { condition: "StorageReady" });
  await clock.until(clock.sleep((CONFIRM_SECONDS + 1) * 1000));
  platform.events.putEvents([alarm], PLACE);
  const alarmMs = await untilCordoned(platform, sick);
  await platform.close();
  return [
    {
      what: "a storm of alarms of one cluster",
      value: `${perSecond(EVENTS, stormMs)} events`,
      beside: "those of ten seconds are one look; real time, one core",
    },
    {
      what: `alarms one after the other, ${nodes.length} healthy nodes`,
      value: `${perSecond(LOOKS, looksMs)} looks`,
      beside: "each reads the whole cluster and decides; real time, one core",
    },
    {
      what: "Spot warning to cordon",
      value: seconds(spotMs),
      beside: "5 s; simulated time, AWS adds 0.2 to 0.4 s for the rule",
    },
    {
      what: "alarm to cordon, node confirmed",
      value: seconds(alarmMs),
      beside: "operation, workflow and last look included",
    },
  ];
}
