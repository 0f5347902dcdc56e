import type { Operation, OperationEvent } from "../../core/operation/types.ts";
import { AwsError, type ServiceName } from "../../local/aws/contract.ts";
import type { CallLog } from "./call-record.ts";
import { type Rig, type RigOptions, startRig } from "./platform.ts";

const MINUTE = 60_000;

/** One platform, driven through the lives of its clusters. */
export class Story {
  readonly rig: Rig;
  readonly #interferences: Promise<unknown>[] = [];

  #away = false;
  /** Writes of API functions to the table that still go well; the others fail. */
  #writes = Number.POSITIVE_INFINITY;

  constructor(rig: Rig) {
    this.rig = rig;
    rig.platform.endpoint.beforeCall((call) => {
      if (this.#away && call.operation === "StartExecution")
        throw new AwsError("ServiceUnavailable", "away", { status: 503 });
      const byApi = call.scope.principal.caller?.startsWith("function/api-") ?? false;
      if (byApi && call.operation === "PutItem" && this.#writes-- <= 0)
        throw new AwsError("InternalServerError", "away", { status: 500 });
    });
  }

  static async begin(log: CallLog, options: RigOptions = {}): Promise<Story> {
    const rig = await startRig({ onFailure: () => {}, ...options });
    log.watch(rig.platform);
    return new Story(rig);
  }

  pass(minutes: number): Promise<void> {
    const { clock } = this.rig.platform.kernel;
    return clock.until(clock.sleep(minutes * MINUTE));
  }

  async start(path: string, body: object = {}, method = "POST"): Promise<string> {
    const response = await this.rig.api(method, path, body);
    const answer = (await response.json()) as Operation;
    if (response.status !== 202) throw new Error(JSON.stringify(answer));
    return answer.id;
  }

  /** Lets time pass until the operation has ended, and expects the status. */
  async ends(id: string, status: Operation["status"]): Promise<void> {
    for (let i = 0; i < 600; i++) {
      const operation = await this.rig.operation(id);
      if (operation.status === status) return;
      if (["Succeeded", "Failed", "RolledBack", "Cancelled"].includes(operation.status))
        throw new Error(`${id} is ${operation.status}, not ${status}: ${JSON.stringify(operation.error)}`);
      await this.pass(2);
    }
    throw new Error(`${id} has not ended`);
  }

  async until(id: string, seen: (event: OperationEvent) => boolean): Promise<void> {
    for (let i = 0; i < 600; i++) {
      if ((await this.rig.events(id)).some(seen)) return;
      await this.pass(0.1);
    }
    throw new Error(`${id} never got there`);
  }

  async newest(type: Operation["type"]): Promise<string> {
    const listed = (await (await this.rig.api("GET", "/v1/operations")).json()) as { items: Operation[] };
    const found = listed.items.find((operation) => operation.type === type);
    if (!found) throw new Error(`no operation ${type}`);
    return found.id;
  }

  /** A call as a person beside Slipway makes it. */
  byHand(service: ServiceName, operation: string, input: object): Promise<Record<string, unknown>> {
    return this.rig.platform.kernel.clock.until(this.#call(service, operation, input));
  }

  #call(service: ServiceName, operation: string, input: object): Promise<Record<string, unknown>> {
    const { endpoint, home } = this.rig.platform;
    const arn = `arn:aws:iam::${home.account}:user/test`;
    const principal = { type: "IAMUser", arn, account: home.account, accessKeyId: "" } as const;
    return endpoint.call(service, operation, input, { ...home, principal });
  }

  /** The answer to the next such call is lost: the work was done, the caller gets an error. */
  loseAnswer(operation: string): void {
    let lost = false;
    this.rig.platform.endpoint.onCall((call) => {
      if (lost || call.operation !== operation || call.error) return;
      lost = true;
      throw new AwsError("ServerException", "the answer got lost", { status: 500 });
    });
  }

  /**
   * A request whose operation cannot be stored, so that it gives the cluster back. Then one during which Step
   * Functions is away: the operation is stored, and the sweep starts it later.
   */
  async lostStart(type: Operation["type"], method: string, path: string, body: unknown): Promise<void> {
    this.#writes = 1;
    const unstored = await this.rig.api(method, path, body);
    this.#writes = Number.POSITIVE_INFINITY;
    if (unstored.status < 500) throw new Error(`${path}: ${unstored.status} ${await unstored.text()}`);
    this.#away = true;
    const response = await this.rig.api(method, path, body);
    this.#away = false;
    if (response.status < 500) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    await this.ends(await this.newest(type), "Succeeded");
  }

  /** Somebody else does something in the moment before the next such call of Slipway's. */
  interfere(service: ServiceName, operation: string, about: string, by: string, input: object): void {
    let done = false;
    this.rig.platform.endpoint.beforeCall((call) => {
      if (done || call.operation !== operation || !call.scope.principal.caller) return;
      if (!Object.values(call.input).includes(about)) return;
      done = true;
      this.#interferences.push(this.#call(service, by, input));
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#interferences);
    await this.rig.close();
  }
}
