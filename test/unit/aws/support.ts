import { inMemoryClientConfig } from "../../../local/aws/client-config.ts";
import type { CallScope } from "../../../local/aws/contract.ts";
import { createEndpoint, type ServiceDefect } from "../../../local/aws/endpoint.ts";
import { VirtualClock } from "../../../local/kernel/clock.ts";
import { createKernel } from "../../../local/kernel/kernel.ts";

export const root: CallScope = {
  account: "111122223333",
  region: "eu-west-1",
  principal: {
    type: "Root",
    arn: "arn:aws:iam::111122223333:root",
    account: "111122223333",
    accessKeyId: "root",
  },
};

/** An endpoint on a virtual kernel, and configuration for SDK clients that talk to it. */
export function setUp(seed = 1) {
  const kernel = createKernel({ time: { kind: "virtual" }, seed });
  const { clock } = kernel;
  if (!(clock instanceof VirtualClock)) throw new Error("expected virtual time");
  const defects: ServiceDefect[] = [];
  const endpoint = createEndpoint({ kernel, onDefect: (defect) => defects.push(defect) });
  const config = inMemoryClientConfig({ endpoint, clock, random: kernel.random });
  return { kernel, clock, endpoint, config, defects };
}
