import type { SdkIntegrations } from "../../../local/asl/contract.ts";
import { createEngine } from "../../../local/asl/engine.ts";
import type { AwsEndpoint, CallScope } from "../../../local/aws/contract.ts";
import { AwsError } from "../../../local/aws/contract.ts";
import type { VirtualClock } from "../../../local/kernel/clock.ts";
import type { DurableMap } from "../../../local/kernel/durable.ts";
import { createKernel, type Kernel } from "../../../local/kernel/kernel.ts";

export const ACCOUNT = "111111111111";
export const REGION = "us-east-1";
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/sfn-role`;

/** What a function does with an event; what it throws becomes the function error. */
export type Behaviour = (event: unknown, rig: Rig) => unknown;

/** An error as a function reports it. */
export class FunctionError extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

export interface Rig {
  readonly kernel: Kernel;
  readonly engine: ReturnType<typeof createEngine>;
  /** Calls made through `sdk` and `lambda:Invoke`, in order. */
  readonly calls: { service: string; action: string; args: unknown; scope: CallScope }[];
  api<T = Record<string, unknown>>(operation: string, input: object): Promise<T>;
  create(definition: object, options?: { name?: string; type?: string }): Promise<string>;
  /** Creates the machine, runs it to its end in virtual time, describes it. */
  run(definition: object, input?: unknown, options?: { type?: string }): Promise<Described>;
  /** Moves simulated time on. */
  advance(ms: number): Promise<void>;
  settle(executionArn: string): Promise<Described>;
  history(executionArn: string): Promise<Event[]>;
}

export interface Described {
  readonly executionArn: string;
  readonly status: string;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
  readonly startDate: Date;
  readonly stopDate?: Date;
  readonly redriveCount?: number;
  readonly redriveStatus?: string;
}

export interface Event {
  readonly id: number;
  readonly previousEventId: number;
  readonly type: string;
  readonly timestamp: Date;
  readonly [details: string]: unknown;
}

export interface RigOptions {
  readonly functions?: Readonly<Record<string, Behaviour>>;
  readonly sdk?: Readonly<Record<string, (args: Readonly<Record<string, unknown>>, rig: Rig) => unknown>>;
  readonly journal?: string;
  readonly seed?: number;
  /** Commits the journal after each microtask that changed something: many more points to be killed at. */
  readonly eager?: boolean;
}

function commitEagerly({ durable }: Kernel): void {
  const open = durable.map.bind(durable);
  const soon = (): void => queueMicrotask(() => durable.flush());
  durable.map = <V>(name: string): DurableMap<V> => {
    const map = open<V>(name);
    return {
      ...map,
      get size() {
        return map.size;
      },
      set: (key, value) => {
        map.set(key, value);
        soon();
      },
      touch: (key) => {
        map.touch(key);
        soon();
      },
      delete: (key) => {
        soon();
        return map.delete(key);
      },
    };
  };
}

const scope: CallScope = {
  account: ACCOUNT,
  region: REGION,
  principal: { type: "Root", arn: `arn:aws:iam::${ACCOUNT}:root`, account: ACCOUNT, accessKeyId: "test" },
};

/** An engine in virtual time, with functions and services made of plain callbacks. */
export function createRig(options: RigOptions = {}): Rig {
  const kernel = createKernel({
    time: { kind: "virtual" },
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.journal === undefined ? {} : { journal: options.journal }),
  });
  if (options.eager) commitEagerly(kernel);
  const calls: Rig["calls"] = [];

  async function invoke(input: Record<string, unknown>): Promise<Record<string, unknown>> {
    const name = String(input.FunctionName).split(":").at(-1) ?? "";
    const behaviour = options.functions?.[name];
    if (!behaviour)
      throw new AwsError("ResourceNotFoundException", `Function not found: ${String(input.FunctionName)}`, {
        status: 404,
      });
    const event: unknown =
      input.Payload === undefined ? {} : JSON.parse(Buffer.from(input.Payload as Uint8Array).toString());
    try {
      const result = await behaviour(event, rig);
      return {
        StatusCode: 200,
        ExecutedVersion: "$LATEST",
        Payload: Buffer.from(JSON.stringify(result ?? null)),
      };
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error;
      const body = {
        errorMessage: error.message,
        errorType: error.type,
        requestId: kernel.ids.uuid(),
        stackTrace: [],
      };
      return {
        StatusCode: 200,
        ExecutedVersion: "$LATEST",
        FunctionError: "Unhandled",
        Payload: Buffer.from(JSON.stringify(body)),
      };
    }
  }

  /** Anybody may assume any role, unless `sdk["sts:AssumeRole"]` says otherwise. */
  function assumeRole(input: Record<string, unknown>): Record<string, unknown> {
    options.sdk?.["sts:AssumeRole"]?.(input, rig);
    const [, , , , account, path = ""] = String(input.RoleArn).split(":");
    const session = `${path.split("/").at(-1)}/${input.RoleSessionName}`;
    return {
      Credentials: { AccessKeyId: "ASIA0" },
      AssumedRoleUser: { Arn: `arn:aws:sts::${account}:assumed-role/${session}` },
    };
  }

  const endpoint = {
    async call(service: string, operation: string, input: Record<string, unknown>, from: CallScope) {
      if (service === "sfn") {
        const handler = (
          rig.engine.handlers as Record<string, ((i: object, s: object) => unknown) | undefined>
        )[operation];
        return (await handler?.(input, from)) as Record<string, unknown>;
      }
      calls.push({ service, action: operation, args: input, scope: from });
      if (service === "sts") return assumeRole(input);
      return invoke(input);
    },
  } as unknown as AwsEndpoint;

  const sdk: SdkIntegrations = {
    check: (service, action) =>
      options.sdk?.[`${service}:${action}`] ? [] : [`unknown action ${service}:${action}`],
    async invoke(service, action, args, from) {
      calls.push({ service, action, args, scope: from });
      const behaviour = options.sdk?.[`${service}:${action}`];
      return (await behaviour?.(args, rig)) as Record<string, unknown>;
    },
  };

  const engine = createEngine({ kernel, endpoint, sdk });
  kernel.timers.start();
  engine.resume();
  let machines = 0;
  const ended = new Map<string, boolean>();
  const waiting = new Map<string, () => void>();
  engine.onStatusChange(({ executionArn, status }) => {
    ended.set(executionArn, status !== "RUNNING");
    if (status !== "RUNNING") waiting.get(executionArn)?.();
  });
  const clock = kernel.clock as VirtualClock;

  const rig: Rig = {
    kernel,
    engine,
    calls,
    async api<T>(operation: string, input: object): Promise<T> {
      const handler = (engine.handlers as Record<string, ((i: object, s: object) => unknown) | undefined>)[
        operation
      ];
      if (!handler) throw new Error(`no handler for ${operation}`);
      return (await handler(input, {
        ...scope,
        requestId: "r",
        userAgent: "test",
        sourceIp: "127.0.0.1",
      })) as T;
    },
    async create(definition, { name = `machine-${++machines}`, type = "STANDARD" } = {}) {
      const created = await rig.api<{ stateMachineArn: string }>("CreateStateMachine", {
        name,
        type,
        roleArn: ROLE,
        definition: JSON.stringify(definition),
      });
      return created.stateMachineArn;
    },
    async run(definition, input = {}, { type = "STANDARD" } = {}) {
      const stateMachineArn = await rig.create(definition, { type });
      const { executionArn } = await rig.api<{ executionArn: string }>("StartExecution", {
        stateMachineArn,
        input: JSON.stringify(input),
      });
      return rig.settle(executionArn);
    },
    async advance(ms) {
      const end = clock.now() + ms;
      const reached = clock.until(new Promise<void>((resolve) => void clock.at(end, resolve)));
      await reached;
    },
    async settle(executionArn) {
      const known = ended.get(executionArn);
      const described =
        known ?? (await rig.api<Described>("DescribeExecution", { executionArn })).status !== "RUNNING";
      if (!described && !ended.get(executionArn))
        await clock.until(new Promise<void>((resolve) => void waiting.set(executionArn, resolve)));
      return rig.api<Described>("DescribeExecution", { executionArn });
    },
    async history(executionArn) {
      const events: Event[] = [];
      let nextToken: string | undefined;
      do {
        const answer = await rig.api<{ events: Event[]; nextToken?: string }>("GetExecutionHistory", {
          executionArn,
          maxResults: 1000,
          ...(nextToken === undefined ? {} : { nextToken }),
        });
        events.push(...answer.events);
        nextToken = answer.nextToken;
      } while (nextToken !== undefined);
      return events;
    },
  };
  return rig;
}

/** A JSONata machine of the states given, beginning with the first. */
export const machine = (states: Record<string, object>, rest: object = {}): object => ({
  QueryLanguage: "JSONata",
  StartAt: Object.keys(states)[0],
  States: states,
  ...rest,
});

/** The same inside a machine: a branch, an ItemProcessor. */
export const processor = (states: Record<string, object>, rest: object = {}): object => ({
  StartAt: Object.keys(states)[0],
  States: states,
  ...rest,
});

export const invokeArn = (name: string): string => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`;
