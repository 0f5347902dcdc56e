import { MemoryStore } from "../adapters/store/memory-store.ts";
import { ENDED, type Operation } from "../core/operation/types.ts";
import { createPlatform, type Platform } from "../local/platform.ts";
import { benchNodeEvents } from "./node-events.ts";
import { type Figure, perSecond } from "./report.ts";

const CHANGES = 500;
const ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/demo";

const FILE = `apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: { name: demo, region: eu-west-1, version: "1.34" }
managedNodeGroups:
- { name: workers, instanceType: m6i.large, minSize: 1, desiredCapacity: 2, maxSize: 3 }
---
apiVersion: slipway.dev/v1
kind: AutomationPolicy
drift: { mode: report, classes: { endpoint-access: remediate } }
`;

/** A call to EKS as somebody beside Slipway makes it. */
function byHand(platform: Platform, operation: string, input: object): Promise<unknown> {
  const { endpoint, home, kernel } = platform;
  const arn = "arn:aws:iam::111122223333:user/alice";
  const principal = { type: "IAMUser", arn, account: home.account, accessKeyId: "AKIAEXAMPLE" } as const;
  return kernel.clock.until(Promise.resolve(endpoint.call("eks", operation, input, { ...home, principal })));
}

/** Changes by others: how many are looked at per second of real time, and simulated time until one is undone. */
async function benchDriftEvents(): Promise<Figure[]> {
  const platform = await createPlatform({ time: { kind: "virtual" }, store: new MemoryStore() });
  const { clock } = platform.kernel;
  const call = (path: string, body?: string): Promise<Response> =>
    clock.until(
      platform.gateway.fetch(
        new Request(`http://127.0.0.1${path}`, {
          method: body === undefined ? "GET" : "PUT",
          ...(body === undefined ? {} : { headers: { "content-type": "application/yaml" }, body }),
        }),
      ),
    );
  await call("/v1/clusters/demo", FILE);
  await clock.until(clock.sleep(3 * 3_600_000));

  const handled = (): number => platform.lambda.invocations.get("on-cluster-change") ?? 0;
  const before = handled();
  const began = performance.now();
  for (let i = 0; i < CHANGES; i++)
    await byHand(platform, "TagResource", { resourceArn: ARN, tags: { note: String(i) } });
  await clock.until(clock.sleep(1_800_000));
  const ms = performance.now() - began;
  const invocations = handled() - before;

  const at = clock.now();
  await byHand(platform, "UpdateClusterConfig", {
    name: "demo",
    resourcesVpcConfig: { endpointPublicAccess: true, publicAccessCidrs: ["203.0.113.0/24"] },
  });
  let operation: Operation | undefined;
  for (let i = 0; i < 240 && !(operation && ENDED.has(operation.status)); i++) {
    await clock.until(clock.sleep(30_000));
    const { items } = (await (await call("/v1/operations?cluster=demo&limit=20")).json()) as {
      items: Operation[];
    };
    operation = items.find(({ type }) => type === "reconcile-drift");
  }
  await platform.close();
  const since = (time: string | undefined): string =>
    time === undefined ? "never" : `${Math.round((Date.parse(time) - at) / 1000)} s`;
  return [
    {
      what: `${CHANGES} changes to one cluster by somebody else`,
      value: `${perSecond(CHANGES, ms)} events`,
      beside: `${invocations} handler invocations, call and CloudTrail included; real time, one core`,
    },
    {
      what: "a changed endpoint to the operation that undoes it",
      value: since(operation?.createdAt),
      beside: "simulated time: CloudTrail's delivery and EKS's own update are in it",
    },
    {
      what: "a changed endpoint to the end of that operation",
      value: since(operation?.endedAt),
      beside: operation?.status ?? "no operation",
    },
  ];
}

/** Events handled per second, and the time from an event to the action. */
export const benchEvents = async (): Promise<Figure[]> => [
  ...(await benchDriftEvents()),
  ...(await benchNodeEvents()),
];
