import { afterEach, expect, it } from "vitest";
import { AwsError } from "../../local/aws/contract.ts";
import { type Rig, startRig } from "../builders/platform.ts";

let rig: Rig;
afterEach(() => rig.close());

it("keeps the cluster locked when an operation was started and its request failed afterwards", async () => {
  rig = await startRig();
  await rig.provision();
  const { endpoint } = rig.platform;
  let started = false;
  let failures = 0;
  endpoint.onCall(({ service, operation }) => {
    if (service === "sfn" && operation === "StartExecution") started = true;
  });
  endpoint.beforeCall(({ service, operation, scope }) => {
    if (
      !started ||
      service !== "dynamodb" ||
      operation === "DeleteItem" ||
      scope.principal.caller !== "function/api-upgrade-cluster"
    )
      return;
    failures++;
    throw new AwsError("InternalServerError", "the answer got lost", { status: 500 });
  });
  const first = await rig.api("POST", "/v1/clusters/demo/upgrades", { to: "1.34" });
  expect(first.status).toBeGreaterThanOrEqual(500);
  expect(failures).toBeGreaterThan(0);

  const rival = await rig.api("POST", "/v1/clusters/demo/addon-updates", {});
  expect(rival.status).toBe(409);
  const { operation } = (await rival.json()) as { operation: string };
  expect((await rig.slipway("watch", operation)).code).toBe(0);
});
