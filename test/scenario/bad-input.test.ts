import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Problem } from "../../core/api/schemas.ts";
import { EXAMPLE_CLUSTER, type Rig, startRig } from "../builders/platform.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  await rig.provision();
});
afterAll(() => rig.close());

/** Everything that a refused request must leave as it was. */
const state = async (): Promise<unknown> => ({
  clusters: await (await rig.api("GET", "/v1/clusters")).json(),
  operations: await (await rig.api("GET", "/v1/operations")).json(),
});

const bomb = `a: &a ["x","x","x","x","x","x","x","x","x"]\n${"bcdefghi"
  .split("")
  .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[i]}`).join(",")}]`)
  .join("\n")}\n`;

const cases: [string, string, string, unknown, number, RegExp][] = [
  [
    "an unknown field, with the nearest name",
    "PUT",
    "/v1/clusters/other",
    EXAMPLE_CLUSTER.replace("demo", "other").replace("minSize: 3", "minSze: 3"),
    400,
    /managedNodeGroups\[0\]\.minSze.*minSize/s,
  ],
  [
    "a wrong type",
    "PUT",
    "/v1/clusters/other",
    EXAMPLE_CLUSTER.replace("name: demo", "name: other").replace(
      "desiredCapacity: 4",
      "desiredCapacity: four",
    ),
    400,
    /managedNodeGroups\[0\]\.desiredCapacity/,
  ],
  ["a name that is not the path's", "PUT", "/v1/clusters/other", EXAMPLE_CLUSTER, 400, /metadata\.name/],
  ["text that is no YAML", "PUT", "/v1/clusters/other", "kind: [ClusterConfig", 400, /YAML|flow/i],
  ["a YAML bomb", "PUT", "/v1/clusters/other", `${bomb}kind: ClusterConfig\n`, 400, /alias|refused|not/i],
  [
    "a body of 5 MB",
    "PUT",
    "/v1/clusters/other",
    `# ${"x".repeat(5 * 1024 * 1024)}\n${EXAMPLE_CLUSTER}`,
    413,
    /bytes/,
  ],
  ["a version that does not exist", "POST", "/v1/clusters/demo/upgrades", { to: "1.99" }, 400, /to.*1\.99/s],
  ["a downgrade", "POST", "/v1/clusters/demo/upgrades", { to: "1.32" }, 400, /1\.32/],
  ["a version that is a number", "POST", "/v1/clusters/demo/upgrades", { to: 1.36 }, 400, /"field":"to"/],
  [
    "an unknown field of a request",
    "POST",
    "/v1/clusters/demo/upgrades",
    { to: "1.36", forec: true },
    400,
    /forec/,
  ],
  ["a cluster that does not exist", "POST", "/v1/clusters/nowhere/upgrades", { to: "1.36" }, 404, /nowhere/],
  [
    "a node group that does not exist",
    "POST",
    "/v1/clusters/demo/nodegroups/wrokers/rotations",
    {},
    400,
    /workers/,
  ],
  [
    "an add-on that is not installed",
    "POST",
    "/v1/clusters/demo/addon-updates",
    { addons: ["corends"] },
    400,
    /coredns/,
  ],
  [
    "an operation that does not exist",
    "GET",
    "/v1/operations/op-01ARZ3NDEKTSV4RRFFQ69G5FAV",
    undefined,
    404,
    /op-01ARZ/,
  ],
  ["an unknown query parameter", "GET", "/v1/operations?limt=3", undefined, 400, /limt/],
];

describe("input that is refused changes nothing", () => {
  it.each(cases)("%s", async (_name, method, path, body, status, text) => {
    const before = await state();
    const response = await rig.api(method, path, body);
    const problem = (await response.json()) as Problem;
    expect({ status: response.status, type: response.headers.get("content-type") }).toEqual({
      status,
      type: "application/problem+json",
    });
    expect(JSON.stringify(problem)).toMatch(text);
    expect(await state()).toEqual(before);
  });

  it("plans a skipped minor as hops instead of refusing it", async () => {
    const response = await rig.api("POST", "/v1/clusters/demo/upgrades?dryRun=true", { to: "1.36" });
    expect(response.status).toBe(200);
    const plan = (await response.json()) as { phases: { id: string }[] };
    expect(plan.phases.map((phase) => phase.id)).toEqual(expect.arrayContaining(["1.34", "1.35", "1.36"]));
  });

  it("refuses a second operation on a busy cluster and names the first", async () => {
    const first = await rig.api("POST", "/v1/clusters/demo/upgrades", { to: "1.34" });
    expect(first.status).toBe(202);
    const { id } = (await first.json()) as { id: string };
    const second = await rig.api("POST", "/v1/clusters/demo/upgrades", { to: "1.35" });
    expect(second.status).toBe(409);
    expect(await second.json()).toMatchObject({ code: "ClusterBusy", operation: id });
    const watched = await rig.slipway("watch", id);
    expect(watched.code).toBe(0);
  });

  it("starts once for the same idempotency key", async () => {
    const start = () =>
      rig.api("POST", "/v1/clusters/demo/upgrades", { to: "1.35" }, { "idempotency-key": "k-1" });
    const [a, b] = [await (await start()).json(), await (await start()).json()] as [
      { id: string },
      { id: string },
    ];
    expect(b.id).toBe(a.id);
    expect((await rig.slipway("watch", a.id)).code).toBe(0);
  });
});
