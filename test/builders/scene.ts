import { expect } from "vitest";
import { ENDED, type Operation } from "../../core/operation/types.ts";
import { CLUSTER_ARN, type Stage, send } from "../simulation/cluster.ts";
import { runCli } from "./cli.ts";

const MINUTE = 60_000;

/** A test's hands on a stage: requests, time, what the CLI shows. */
export class Scene {
  readonly #stage: Stage;

  constructor(on: Stage) {
    this.#stage = on;
  }

  pass(minutes: number): Promise<void> {
    const { clock } = this.#stage.platform.kernel;
    return clock.until(clock.sleep(minutes * MINUTE));
  }

  async send(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    const { clock } = this.#stage.platform.kernel;
    const response = await clock.until(send(this.#stage.platform, method, path, body));
    return { status: response.status, text: await response.text() };
  }

  async ended(id: string): Promise<Operation> {
    for (let looks = 0; looks < 400; looks++) {
      const operation = await this.#stage.store.getOperation(id);
      if (operation && ENDED.has(operation.status)) return operation;
      await this.pass(10);
    }
    throw new Error(`${id} has not ended`);
  }

  async described(id: string): Promise<string> {
    const { platform } = this.#stage;
    const run = await platform.kernel.clock.until(
      runCli(["describe", "operation", id], (request) => platform.gateway.fetch(request)),
    );
    return run.stdout;
  }

  /** No lease, no second group, nothing cordoned: whatever happened. */
  async expectNothingLeft(): Promise<void> {
    const { platform, store } = this.#stage;
    expect(await store.listLeases()).toEqual([]);
    if (!platform.kubernetes.hasCluster(CLUSTER_ARN)) return;
    const { text } = await this.send("GET", "/v1/clusters/demo");
    const { nodegroups = [] } = JSON.parse(text) as { nodegroups?: { physicalName: string }[] };
    expect(nodegroups.map((group) => group.physicalName)).toHaveLength(1);
    const nodes = platform.kubernetes.list(CLUSTER_ARN, "Node");
    expect(nodes.filter((node) => node.spec?.unschedulable === true)).toEqual([]);
  }
}
