// What kubectl users meet first: found by hand, kept here.
import { beforeEach, describe, expect, it } from "vitest";
import { ARN, call, deployment, nodeSpec, type TestWorld, testWorld, wireRequest } from "./world.ts";

let t: TestWorld;
beforeEach(async () => {
  t = testWorld();
  t.world.addNode(ARN, nodeSpec(0));
  await t.pass(60);
});

const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";

describe("defaults of a deployment's strategy", () => {
  const rolling = (maxSurge: string | number) => ({
    type: "RollingUpdate",
    rollingUpdate: { maxUnavailable: "25%", maxSurge },
  });
  it.each([
    ["nothing", undefined, rolling("25%")],
    ["nothing in it, as kubectl create --dry-run writes it", {}, rolling("25%")],
    ["a part of it", { rollingUpdate: { maxSurge: 2 } }, rolling(2)],
    ["another type", { type: "Recreate" }, { type: "Recreate" }],
  ])("given %s", async (_name, strategy, expected) => {
    const object = deployment("web", 1);
    const body = { ...object, spec: { ...object.spec, ...(strategy === undefined ? {} : { strategy }) } };
    const answer = await call(t.world, "POST", DEPLOYMENTS, { body });
    expect(answer.body.spec.strategy).toEqual(expected);
  });
});

describe("what needs a running container", () => {
  it.each(["exec", "attach", "portforward"])("%s is refused with the reason", async (what) => {
    const answer = await call(t.world, "POST", `/api/v1/namespaces/default/pods/web-0/${what}`, {});
    expect([answer.status, answer.body.reason]).toEqual([501, "NotImplemented"]);
    expect(answer.body.message).toContain("run no processes");
  });
});

it("a cluster that is not there is said so at once: with a time to retry after, kubectl would try for a minute", async () => {
  const answer = await t.world.handle(`${ARN}-nope`, wireRequest("GET", "/api"));
  expect(answer.status).toBe(503);
  expect(answer.headers).not.toHaveProperty("retry-after");
});
