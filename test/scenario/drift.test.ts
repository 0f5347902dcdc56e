import { afterEach, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { ClusterDrift } from "../../core/api/routes/drift.ts";
import type { Operation } from "../../core/operation/types.ts";
import type { CallRecord } from "../../local/aws/contract.ts";
import { type Rig, type RigOptions, startRig } from "../builders/platform.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

type Mode = "ignore" | "report" | "approve" | "remediate";
interface Policy {
  readonly mode: Mode;
  readonly classes?: Readonly<Record<string, Mode>>;
}

/** The example cluster with a drift policy. */
async function provisioned(drift: Policy, options: RigOptions = {}): Promise<Rig> {
  rig = await startRig(options);
  const [config = "", policy = ""] = rig.clusterFile.split(/^---$/m);
  rig.clusterFile = `${config}---\n${stringify({ ...parse(policy), drift })}`;
  await rig.provision({ workloads: false });
  return rig;
}

const pass = (on: Rig, minutes: number): Promise<void> =>
  on.platform.kernel.clock.until(on.platform.kernel.clock.sleep(minutes * 60_000));

const ALICE = "arn:aws:sts::111122223333:assumed-role/PlatformAdmin/alice";

/** A call as somebody beside Slipway makes it. */
async function as<T = Record<string, unknown>>(
  on: Rig,
  arn: string,
  operation: string,
  input: object,
): Promise<T> {
  const { endpoint, home, kernel } = on.platform;
  const role = /assumed-role\/([^/]+)\//.exec(arn)?.[1];
  const principal = {
    type: role ? "AssumedRole" : "IAMUser",
    arn,
    account: home.account,
    accessKeyId: "ASIAEXAMPLE",
    ...(role ? { roleArn: `arn:aws:iam::${home.account}:role/${role}` } : {}),
  } as const;
  const scope = { ...home, principal, sourceIp: "203.0.113.20", userAgent: "aws-cli/2.31.0" };
  return kernel.clock.until(
    (endpoint.call as (...args: unknown[]) => Promise<T>)("eks", operation, input, scope),
  );
}

/** Calls of EKS that change something, by role, from now on. */
function writes(on: Rig): string[] {
  const calls: string[] = [];
  on.platform.endpoint.onCall((call: CallRecord) => {
    if (call.service !== "eks" || /^(Describe|List|Get)/.test(call.operation)) return;
    calls.push(`${call.operation} ${call.scope.principal.caller ?? "somebody"}`);
  });
  return calls;
}

async function drift(on: Rig, query = ""): Promise<ClusterDrift> {
  return (await (await on.api("GET", `/v1/clusters/demo/drift${query}`)).json()) as ClusterDrift;
}

const summary = ({ items }: ClusterDrift): string[] =>
  items.map(
    ({ field, desired, actual, resolution }) => `${field}: ${desired} -> ${actual} ${resolution.state}`,
  );

async function operations(on: Rig): Promise<Operation[]> {
  const listed = (await (await on.api("GET", "/v1/operations")).json()) as { items: Operation[] };
  return listed.items.filter(({ type }) => type === "reconcile-drift");
}

const OPEN_TO_ALL = {
  name: "demo",
  resourcesVpcConfig: { endpointPublicAccess: true, publicAccessCidrs: ["0.0.0.0/0", "198.51.100.0/24"] },
};

describe("drift", () => {
  it("is seen, attributed and undone, once", async () => {
    const on = await provisioned({ mode: "remediate" });
    expect(summary(await drift(on, "?all=true"))).toEqual([]);
    const calls = writes(on);
    await as(on, ALICE, "UpdateClusterConfig", {
      name: "demo",
      logging: { clusterLogging: [{ types: ["audit"], enabled: false }] },
    });
    await pass(on, 20);
    const [seen] = (await drift(on, "?all=true")).items;
    expect(seen).toMatchObject({
      field: "cloudWatch.clusterLogging.enableTypes",
      class: "logging",
      desired: "api, audit, authenticator",
      actual: "api, authenticator",
      change: { actor: ALICE, call: "UpdateClusterConfig", sourceAddress: "203.0.113.20" },
      resolution: { state: "remediated" },
    });
    const [operation, ...others] = await operations(on);
    expect(others).toEqual([]);
    expect(operation).toMatchObject({ status: "Succeeded", requester: "slipway/drift" });
    expect(seen?.resolution.operation).toBe(operation?.id);
    expect(calls).toEqual(["UpdateClusterConfig somebody", "UpdateClusterConfig workflow/reconcile-drift"]);
    const shown = await on.slipway("drift", "demo", "--all");
    expect(shown.stdout).toContain(`brought back by ${operation?.id}`);
    expect(shown.stdout).toContain(ALICE);
    // No second event loop: nothing more happens.
    await pass(on, 120);
    expect(calls).toHaveLength(2);
    expect(await operations(on)).toHaveLength(1);
  });

  it("is only reported where the policy says so, and said where the file says nothing", async () => {
    const on = await provisioned({ mode: "report" });
    const calls = writes(on);
    await as(on, ALICE, "UpdateClusterConfig", OPEN_TO_ALL);
    await pass(on, 10);
    await as(on, ALICE, "UpdateClusterConfig", { name: "demo", deletionProtection: true });
    await as(on, ALICE, "TagResource", {
      resourceArn: "arn:aws:eks:eu-west-1:111122223333:cluster/demo",
      tags: { team: "others" },
    });
    await pass(on, 10);
    expect(summary(await drift(on))).toEqual([
      "deletionProtection: false -> true reported",
      "metadata.tags.team: platform -> others reported",
      "vpc.publicAccessCIDRs: 0.0.0.0/0 -> 0.0.0.0/0, 198.51.100.0/24 reported",
    ]);
    expect((await drift(on)).items.map(({ change }) => change?.call)).toEqual([
      "UpdateClusterConfig",
      "TagResource",
      "UpdateClusterConfig",
    ]);
    expect(calls.filter((call) => !call.endsWith("somebody"))).toEqual([]);
    expect(await operations(on)).toEqual([]);
  });
});
