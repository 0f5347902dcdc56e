import type { Adoption, Cluster } from "../../core/api/types.ts";
import { ENDED, type Operation, type OperationEvent, type Plan } from "../../core/operation/types.ts";
import type { CallScope } from "../../local/aws/contract.ts";
import type { Platform } from "../../local/platform.ts";
import {
  CLUSTER_ARN,
  clusterFile,
  objectsOf,
  REF,
  restartStage,
  type Stage,
  send,
  stageOf,
} from "./cluster.ts";
import { type Act, type Scenario, scenarioOf, type Trouble } from "./scenario.ts";
import { type Violation, Watch } from "./watch.ts";

export interface Run {
  readonly seed: number;
  readonly scenario: Scenario;
  /** `Succeeded`, ..., or `refused CODE` when the API did not take it on. */
  readonly outcome: string;
  readonly error: string | undefined;
  readonly attempts: number;
  readonly violations: readonly Violation[];
  readonly refusals: ReadonlyMap<string, number>;
  readonly virtualMs: number;
  readonly calls: number;
  /**
   * A digest of every call, its answer and its time: equal where two runs did the same. The order of calls of one
   * moment does not count: whoever makes them in parallel does not ask for one.
   */
  readonly history: string;
}

const MINUTE = 60_000;
/** Longer than anything that is drawn: a pause of two hours, retries of half an hour, drains that give up. */
const LONGEST_MS = 5 * 24 * 60 * MINUTE;
const LOOK_MS = 20 * MINUTE;
/** A retry that fails for what the failed attempt left is a defect; what a person has to mend may need two. */
const MOST_RETRIES = 2;

/** One run, from its seed alone. */
export const simulate = (seed: number, options: PlayOptions = {}): Promise<Run> =>
  play(scenarioOf(seed), options);

export interface PlayOptions {
  /** Whether every call goes into {@link Run.history}; it costs a tenth of a run. */
  readonly history?: boolean;
  /** With bytes between SDK clients and the endpoint. */
  readonly wire?: boolean;
}

/** One run of a scenario that was drawn or written down. */
export async function play(scenario: Scenario, options: PlayOptions = {}): Promise<Run> {
  const stage = await stageOf({ ...scenario, wire: options.wire ?? false });
  const simulation = new Simulation(scenario, stage, options);
  try {
    return await simulation.run();
  } finally {
    await simulation.close();
  }
}

/** What makes a node group DEGRADED for a while, whatever the operation does. */
const DEGRADE = [
  "NodegroupHealthIssue",
  "InsufficientInstanceCapacity",
  "InstanceQuota",
  "SubnetWithoutIps",
  "SubnetGone",
];

class Simulation {
  readonly #scenario: Scenario;
  readonly #stage: Stage;
  #platform: Platform;
  readonly #watch: Watch;
  readonly #began: number;
  /** What happens at a time of its own, a killed platform or not. */
  readonly #later = new Set<{ readonly at: number; readonly happen: () => void }>();
  #kill = Promise.withResolvers<string>();
  /** Nothing more happens: what was on its way to happen does not. */
  #over = false;
  /** Operations that somebody else started when ours had ended. */
  readonly #rivals: string[] = [];
  /** The file that an adoption wrote. */
  #adopted: unknown;
  #due: { readonly at: number; readonly happen: () => void }[] = [];

  constructor(scenario: Scenario, stage: Stage, { history = false }: PlayOptions) {
    this.#scenario = scenario;
    this.#stage = stage;
    this.#platform = stage.platform;
    this.#watch = new Watch(scenario, history);
    this.#watch.attach(stage.platform);
    this.#began = stage.platform.kernel.clock.now();
  }

  close(): Promise<void> {
    return this.#platform.close();
  }

  async run(): Promise<Run> {
    const { broken } = this.#watch;
    if (this.#scenario.work.type !== "provision") {
      this.#deploy();
      await this.#pass(5 * MINUTE);
    }
    if (this.#scenario.work.type === "rollback") {
      const climbed = await this.#climb(this.#scenario.work.from);
      if (climbed !== undefined) return this.#report(`not upgraded ${climbed}`, undefined, 0);
    }
    const started = await this.#ask();
    if ("refused" in started) return this.#report(`refused ${started.refused}`, undefined, 0);
    this.#schedule(started.id);
    let operation = await this.#ended(started.id);
    this.#over = true;
    this.#due = [];
    const outcome = operation?.status ?? "never ended";
    const error = operation?.error && `${operation.error.code}: ${operation.error.message}`;
    await this.#pass(10 * MINUTE);
    let attempts = 1;
    while (operation && operation.status !== "Succeeded" && attempts <= MOST_RETRIES) {
      await this.#leftoversAreNamed(operation);
      this.#heal();
      // Pods that were slow to become ready take an hour; the rest settles soon.
      await this.#pass((this.#struck("PodsSlowToReady") ? 90 : 20) * MINUTE);
      const refused = await this.#retry(operation.id);
      if (refused) {
        broken("a retry completes it", `refused: ${refused}`);
        break;
      }
      operation = await this.#ended(operation.id);
      attempts++;
      await this.#pass(10 * MINUTE);
    }
    if (operation && operation.status !== "Succeeded" && attempts > MOST_RETRIES)
      broken("a retry completes it", `${operation.error?.code}: ${operation.error?.message}`);
    for (const rival of this.#rivals) await this.#ended(rival);
    this.#heal();
    if (operation?.status === "Succeeded") await this.#isAsWanted();
    const leases = await this.#stage.store.listLeases();
    for (const { lease } of leases) broken("every lease is free at the end", lease.operationId);
    for (const defect of this.#stage.defects)
      broken(
        "no defect",
        JSON.stringify(defect, (_, v) => (v instanceof Error ? v.stack : v)).slice(0, 2_000),
      );
    return this.#report(outcome, error, attempts);
  }

  #report(outcome: string, error: string | undefined, attempts: number): Run {
    const { violations, refusals, calls, history } = this.#watch;
    return {
      seed: this.#scenario.seed,
      scenario: this.#scenario,
      outcome,
      error,
      attempts,
      violations,
      refusals,
      virtualMs: this.#platform.kernel.clock.now() - this.#began,
      calls,
      history,
    };
  }

  async #pass(ms: number): Promise<void> {
    const until = this.#platform.kernel.clock.now() + ms;
    for (;;) {
      const { clock } = this.#platform.kernel;
      const killed = await Promise.race([
        clock.until(clock.sleep(until - clock.now())).then(() => undefined),
        this.#kill.promise,
      ]);
      if (killed === undefined) return;
      await this.#restart(killed);
    }
  }

  /** The process is gone; another one begins from what was on disk. */
  async #restart(checkpoint: string): Promise<void> {
    this.#kill = Promise.withResolvers();
    const faults = this.#platform.faults.list();
    await this.#platform.close();
    this.#platform = await restartStage(this.#stage, checkpoint, this.#scenario.seed + 1);
    for (const fault of faults) this.#platform.faults.inject(fault);
    this.#watch.attach(this.#platform);
    this.#platform.endpoint.onCall(() => this.#checkDue());
    for (const entry of this.#later) this.#arm(entry);
  }

  #arm(entry: { readonly at: number; readonly happen: () => void }): void {
    this.#platform.kernel.clock.at(entry.at, () => {
      if (this.#later.delete(entry)) entry.happen();
    });
  }

  #after(ms: number, happen: () => void): void {
    const entry = { at: this.#platform.kernel.clock.now() + ms, happen };
    this.#later.add(entry);
    this.#arm(entry);
  }

  #deploy(): void {
    for (const workload of this.#scenario.workloads)
      for (const object of objectsOf(workload)) this.#platform.kubernetes.apply(CLUSTER_ARN, object);
  }

  async #send(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const { clock } = this.#platform.kernel;
    const response = await clock.until(send(this.#platform, method, path, body));
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  }

  /** The upgrade that will be taken back; why there is none, where the drawn cluster does not let it through. */
  async #climb(to: string): Promise<string | undefined> {
    const { status, body } = await this.#send("POST", "/v1/clusters/demo/upgrades", { to });
    if (status !== 202) return (body as { code: string }).code;
    const ended = await this.#ended((body as Operation).id);
    return ended?.status === "Succeeded" ? undefined : (ended?.error?.code ?? "never ended");
  }

  async #ask(): Promise<{ id: string } | { refused: string }> {
    const { work } = this.#scenario;
    const path = "/v1/clusters/demo";
    const { status, body } =
      work.type === "upgrade"
        ? await this.#send("POST", `${path}/upgrades`, { to: work.to })
        : work.type === "rollback"
          ? await this.#send("POST", `${path}/rollbacks`, {})
          : work.type === "rotate"
            ? await this.#send("POST", `${path}/nodegroups/${work.nodegroup}/rotations`, {})
            : work.type === "addons"
              ? await this.#send("POST", `${path}/addon-updates`, {})
              : work.type === "delete"
                ? await this.#send("DELETE", path)
                : work.type === "adopt"
                  ? await this.#adopt()
                  : await this.#send("PUT", path, this.#file());
    if (status === 202) return { id: (body as Operation).id };
    const { operation, config } = body as Adoption;
    if (status === 201 && operation) {
      this.#adopted = config;
      return { id: operation };
    }
    const { code, detail } = body as { code: string; detail: string };
    if (status >= 500) this.#watch.broken("the API answers", `${status} ${code} ${detail}`);
    return { refused: code };
  }

  /** The file that was applied. */
  #file(): string {
    const { work, cluster } = this.#scenario;
    return clusterFile(cluster, this.#scenario, work.type === "apply" ? work.change : undefined);
  }

  /** A cluster that Slipway does not know, and to which its functions have no access. */
  async #adopt(): Promise<{ status: number; body: unknown }> {
    const { endpoint, kernel } = this.#platform;
    const call = (operation: string, input: object): Promise<Record<string, unknown>> =>
      kernel.clock.until(endpoint.call("eks", operation, input, this.#somebody()));
    const { accessEntries = [] } = await call("ListAccessEntries", { clusterName: "demo" });
    for (const principalArn of accessEntries as string[])
      if (principalArn.includes("role/slipway-local-"))
        await call("DeleteAccessEntry", { clusterName: "demo", principalArn });
    return this.#send("POST", "/v1/clusters/demo/adopt", {});
  }

  /** Of a call that a person makes to AWS. */
  #somebody(): CallScope {
    const { home } = this.#platform;
    const arn = `arn:aws:iam::${home.account}:user/somebody`;
    return { ...home, principal: { type: "IAMUser", arn, account: home.account, accessKeyId: "" } };
  }

  /** Troubles and acts happen when so many calls have been made, whatever the clock says. */
  #schedule(id: string): void {
    const first = this.#watch.calls;
    this.#due = [
      ...this.#scenario.troubles.map((trouble) => ({
        at: first + trouble.after,
        happen: () => this.#strike(trouble),
      })),
      ...this.#scenario.acts.map((act) => ({ at: first + act.after, happen: () => this.#act(act, id) })),
    ].sort((x, y) => x.at - y.at);
    this.#checkDue();
    this.#platform.endpoint.onCall(() => this.#checkDue());
  }

  #checkDue(): void {
    while (this.#due[0] && this.#watch.calls >= this.#due[0].at) {
      const next = this.#due.shift();
      if (next)
        this.#after(0, () => {
          if (!this.#over) next.happen();
        });
    }
  }

  #strike({ fault, lasts }: Trouble): void {
    this.#platform.faults.inject(fault);
    if (lasts !== undefined) this.#after(lasts * 1000, () => this.#platform.faults.clear(fault.name));
  }

  #act({ what, lasts }: Act, id: string): void {
    const { kernel, endpoint } = this.#platform;
    const later = (happen: () => void): void => this.#after(lasts * 1000, happen);
    const control = (name: string): void =>
      this.#meanwhile(
        send(this.#platform, "POST", `/v1/operations/${id}/${name}`, {}),
        `POST ${name}`,
        [200, 202, 404, 409, 422, 429, 503],
      );
    const call = (service: "sfn" | "ec2", operation: string, input: object): void => {
      // It may have ended a moment ago: then there is nothing to stop.
      endpoint.call(service, operation, input, this.#somebody()).catch(() => {});
    };
    switch (what) {
      case "pause":
        control("pause");
        later(() => control("resume"));
        return;
      case "cancel":
        control("cancel");
        return;
      case "kill":
        // After this turn of the event loop: what has happened until then is in the journal.
        setImmediate(() => {
          kernel.clock.stop();
          this.#kill.resolve(kernel.durable.dump());
        });
        return;
      case "rival":
        this.#meanwhile(
          send(
            this.#platform,
            "POST",
            `/v1/clusters/demo/nodegroups/${this.#scenario.cluster.groups[0]?.name}/rotations`,
            {},
          ),
          "a second operation",
          [400, 404, 409, 422, 429, 503],
          id,
        );
        return;
      case "stop":
        void this.#stage.store.getOperation(id).then((operation) => {
          if (operation?.executionArn) call("sfn", "StopExecution", { executionArn: operation.executionArn });
        });
        return;
      case "tighten":
        for (const { name, budget } of this.#scenario.workloads) {
          if (!budget) continue;
          this.#watch.excuse(`default/${name}`);
          this.#budget(name, { maxUnavailable: 0 });
          later(() => this.#budget(name, budget));
        }
        return;
      case "terminate": {
        if (!this.#platform.kubernetes.hasCluster(CLUSTER_ARN)) return;
        const [node] = this.#platform.kubernetes.list(CLUSTER_ARN, "Node");
        const instance = String(node?.spec?.providerID ?? "")
          .split("/")
          .at(-1);
        if (!instance) return;
        this.#watch.excuse("all");
        this.#watch.excuseNodes();
        call("ec2", "TerminateInstances", { InstanceIds: [instance] });
        return;
      }
    }
  }

  /** A request beside the operation; its answer must be one of these. */
  #meanwhile(request: Promise<Response>, what: string, wanted: readonly number[], during?: string): void {
    void request.then(async (response) => {
      if (wanted.includes(response.status)) return;
      // It came after the end and was taken on: it has to end as well.
      const rival = response.status === 202 ? ((await response.clone().json()) as Operation) : undefined;
      if (rival) this.#rivals.push(rival.id);
      // One that waits for its own window has taken nothing.
      if (rival?.status === "AwaitingWindow" || rival?.status === "AwaitingApproval") return;
      const operation = during === undefined ? undefined : await this.#stage.store.getOperation(during);
      if (operation && ENDED.has(operation.status)) return;
      if (operation && response.status === 202 && (await this.#waits(operation))) return;
      this.#watch.broken("the API answers", `${what}: ${response.status} ${await response.text()}`);
    });
  }

  /**
   * One that waits for its window or its approval has given the cluster back, so that a rival may have it; woken while
   * the rival is at work it is Pending, without a lease, until it finds that out and waits again (`startPending`).
   */
  async #waits({ id, status }: Operation): Promise<boolean> {
    if (status === "AwaitingWindow" || status === "AwaitingApproval") return true;
    const leases = await this.#stage.store.listLeases();
    return status === "Pending" && !leases.some(({ lease }) => lease.operationId === id);
  }

  #budget(name: string, spec: object): void {
    const { kubernetes } = this.#platform;
    if (!kubernetes.hasCluster(CLUSTER_ARN)) return;
    kubernetes.delete(CLUSTER_ARN, "PodDisruptionBudget", "default", name);
    kubernetes.apply(CLUSTER_ARN, {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name, namespace: "default" },
      spec: { ...spec, selector: { matchLabels: { app: name } } },
    });
  }

  /** Somebody mends what the operation named. */
  #heal(): void {
    const { kubernetes, faults } = this.#platform;
    faults.clear();
    if (!kubernetes.hasCluster(CLUSTER_ARN)) return;
    this.#endStrays();
    for (const { name, budget } of this.#scenario.workloads) if (budget) this.#budget(name, budget);
  }

  /**
   * Machines that run count as members of their group, whether they joined, whether they became Ready or not, until
   * somebody ends them.
   */
  #endStrays(): void {
    if (!this.#struck("NodesNeverJoin") && !this.#struck("NodesNeverReady")) return;
    const { endpoint, kernel, kubernetes } = this.#platform;
    const machines = kernel.durable.map<{
      instanceId: string;
      state: string;
      nodeName: string;
      launchedAt: number;
    }>("infra.instances");
    const strays = [...machines.values()].filter(
      ({ state, nodeName, launchedAt }) =>
        state === "running" &&
        !kubernetes.isNodeReady(CLUSTER_ARN, nodeName) &&
        kernel.clock.now() - launchedAt > 10 * MINUTE,
    );
    if (strays.length === 0) return;
    const InstanceIds = strays.map(({ instanceId }) => instanceId);
    endpoint.call("ec2", "TerminateInstances", { InstanceIds }, this.#somebody()).catch(() => {});
  }

  async #ended(id: string): Promise<Operation | undefined> {
    const { clock } = this.#platform.kernel;
    const until = clock.now() + LONGEST_MS;
    while (clock.now() < until) {
      const operation = await this.#stage.store.getOperation(id);
      if (operation && ENDED.has(operation.status)) return operation;
      if (operation?.status === "AwaitingApproval") await this.#approve(id);
      await this.#pass(LOOK_MS);
    }
    const operation = await this.#stage.store.getOperation(id);
    this.#watch.broken("every operation ends", `${operation?.status} after five days`);
    return undefined;
  }

  async #approve(id: string): Promise<void> {
    const { clock } = this.#platform.kernel;
    const answer = await clock.until(
      send(this.#platform, "POST", `/v1/operations/${id}/approve`, {}, "somebody-else"),
    );
    if (answer.status >= 500) this.#watch.broken("the API answers", `approve: ${await answer.text()}`);
  }

  async #retry(id: string): Promise<string | undefined> {
    const { status, body } = await this.#send("POST", `/v1/operations/${id}/retry`, {});
    if (status === 202) return undefined;
    return `${status} ${JSON.stringify(body)}`;
  }

  /** What a failed operation leaves is in its error or in its log. */
  async #leftoversAreNamed(operation: Operation): Promise<void> {
    const events = await this.#stage.store.listEvents(operation.id, 0, 10_000);
    // That a rotation began names its groups too, and tells nobody that they were left.
    const ends = events.filter((event) => event.kind === "StepFailed" || event.kind === "Note");
    const told = JSON.stringify([operation.error, ends.map((event: OperationEvent) => event.message)]);
    const { broken } = this.#watch;
    if (!this.#platform.kubernetes.hasCluster(CLUSTER_ARN)) return;
    const cluster = await this.#cluster();
    if (this.#scenario.work.type === "delete" || this.#scenario.work.type === "provision") return;
    const groups = Map.groupBy(cluster?.nodegroups ?? [], (group) => group.name);
    for (const [name, all] of groups) {
      if (all.length < 2) continue;
      const green =
        all
          .map((group) => group.physicalName)
          .sort()
          .at(-1) ?? "";
      if (!told.includes(green))
        broken("leftovers are named", `${name} exists as ${all.map((g) => g.physicalName).join(", ")}`);
    }
    const cordoned = this.#platform.kubernetes
      .list(CLUSTER_ARN, "Node")
      .filter((node) => node.spec?.unschedulable === true);
    if (cordoned.length > 0 && !/cordoned/.test(told))
      broken("leftovers are named", `cordoned: ${cordoned.map((node) => node.metadata.name).join(", ")}`);
  }

  async #cluster(): Promise<Cluster | undefined> {
    const { status, body } = await this.#send("GET", "/v1/clusters/demo");
    return status === 200 ? (body as Cluster) : undefined;
  }

  #struck(name: string): boolean {
    return this.#scenario.troubles.some(({ fault }) => fault.name === name);
  }

  /** After success the world is what was asked for, and nothing is left over. */
  async #isAsWanted(): Promise<void> {
    const { work, cluster: shape } = this.#scenario;
    const { broken } = this.#watch;
    const { kubernetes } = this.#platform;
    if (work.type === "delete") {
      if (kubernetes.hasCluster(CLUSTER_ARN)) broken("it is as wanted", "the cluster is still there");
      if (await this.#stage.store.getCluster(REF)) broken("it is as wanted", "the cluster is still known");
      return;
    }
    const cluster = await this.#cluster();
    // What came over add-ons and groups after the operation had looked at them is not its doing.
    const struck = (name: string): boolean => this.#struck(name);
    const groups = cluster?.nodegroups ?? [];
    // A rollback ends where its cluster began.
    const wanted = work.type === "upgrade" ? work.to : shape.version;
    if (cluster?.version !== wanted) broken("it is as wanted", `control plane on ${cluster?.version}`);
    const more = work.type === "apply" && (work.change === "group" || work.change === "several") ? 1 : 0;
    if (groups.length !== shape.groups.filter((group) => !group.selfManaged).length + more)
      broken("no group is left over", groups.map((group) => group.physicalName).join(", "));
    for (const { name, selfManaged } of shape.groups) if (selfManaged) this.#isOneGroup(name, wanted);
    for (const group of groups) {
      if ((work.type === "upgrade" || work.type === "rollback") && group.version !== wanted)
        broken("it is as wanted", `${group.physicalName} is on ${group.version}`);
      if (group.status !== "ACTIVE" && !DEGRADE.some(struck))
        broken("it is as wanted", `${group.physicalName} is ${group.status}`);
    }
    for (const addon of struck("AddonHealthIssue") ? [] : (cluster?.addons ?? []))
      if (addon.status !== "ACTIVE") broken("it is as wanted", `add-on ${addon.name} is ${addon.status}`);
    for (const node of kubernetes.list(CLUSTER_ARN, "Node"))
      if (node.spec?.unschedulable === true) broken("it is as wanted", `${node.metadata.name} is cordoned`);
    if (work.type === "apply" || work.type === "adopt") await this.#plansNothing();
  }

  /** The nodes of a self-managed group are of one stack, and on the version. */
  #isOneGroup(name: string, version: string): void {
    const { kubernetes } = this.#platform;
    const nodes = kubernetes.list(CLUSTER_ARN, "Node").filter((node) => node.metadata.labels?.pool === name);
    const stacks = new Set(nodes.map((node) => node.metadata.labels?.["slipway.dev/nodegroup"]));
    if (stacks.size !== 1) this.#watch.broken("no group is left over", `${name}: ${[...stacks].join(", ")}`);
    for (const { metadata, status } of nodes) {
      const { kubeletVersion = "" } = (status?.nodeInfo ?? {}) as { kubeletVersion?: string };
      const { type } = this.#scenario.work;
      if (!kubeletVersion.startsWith(`v${version}.`) && (type === "upgrade" || type === "rollback"))
        this.#watch.broken("it is as wanted", `${metadata.name} of ${name} is on ${kubeletVersion}`);
    }
  }

  /** What was applied, or written by an adoption, applied again would change nothing. */
  async #plansNothing(): Promise<void> {
    const file = this.#adopted === undefined ? this.#file() : JSON.stringify(this.#adopted);
    const { status, body } = await this.#send("PUT", "/v1/clusters/demo?dryRun=true", file);
    const { differences = [] } = body as Plan;
    if (status !== 200 || differences.length > 0)
      this.#watch.broken(
        "it is as wanted",
        `applied again: ${status} ${JSON.stringify(differences.slice(0, 5))}`,
      );
  }
}
