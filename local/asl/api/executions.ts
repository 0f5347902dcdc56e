import type * as sfn from "@aws-sdk/client-sfn";
import { AwsError } from "../../aws/contract.ts";
import { type ExecutionDoc, inputOf } from "../documents.ts";
import type { Interpreter } from "../interpreter.ts";
import { LIMIT } from "../limits.ts";
import { redriveStatus } from "./describe.ts";
import type { Machines, Resolved, SfnHandlers } from "./machines.ts";
import { checkArn, checkName } from "./names.ts";
import { page } from "./paging.ts";

/** Executions: start, stop, redrive, describe, list, history. */
export class Executions {
  readonly #interpreter: Interpreter;
  readonly #machines: Machines;
  readonly #ended = new Map<string, () => void>();

  constructor(interpreter: Interpreter, machines: Machines) {
    this.#interpreter = interpreter;
    this.#machines = machines;
    interpreter.lifecycle.onStatusChange((change) => {
      if (change.status === "RUNNING") return;
      this.#ended.get(change.executionArn)?.();
      this.#ended.delete(change.executionArn);
    });
  }

  get #documents() {
    return this.#interpreter.documents;
  }

  #now(): number {
    return this.#interpreter.kernel.clock.now();
  }

  execution(arn: string | undefined): ExecutionDoc {
    const execution = this.#documents.executions.get(checkArn(arn));
    if (!execution) throw new AwsError("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`);
    return execution;
  }

  readonly handlers: SfnHandlers = {
    StartExecution: (input) => {
      const { arn, startedAt } = this.#start(input);
      return { executionArn: arn, startDate: new Date(startedAt) };
    },
    StartSyncExecution: (input) => this.#startSync(input),
    StopExecution: (input) => {
      const execution = this.execution(input.executionArn);
      if (execution.type === "EXPRESS")
        throw new AwsError(
          "StateMachineTypeNotSupported",
          "This operation is not supported by this type of state machine",
        );
      this.#interpreter.lifecycle.stop(execution, {
        ...(input.error === undefined ? {} : { error: input.error }),
        ...(input.cause === undefined ? {} : { cause: input.cause }),
      });
      return { stopDate: new Date(execution.stoppedAt ?? this.#now()) };
    },
    RedriveExecution: (input) => {
      const execution = this.execution(input.executionArn);
      const { status, reason } = redriveStatus(execution, this.#now());
      if (status !== "REDRIVABLE")
        throw new AwsError("ExecutionNotRedrivable", reason ?? "Execution is redriven by its map run");
      this.#interpreter.lifecycle.redrive(execution);
      return { redriveDate: new Date(execution.redrivenAt ?? this.#now()) };
    },
    DescribeExecution: (input) => this.#describe(this.execution(input.executionArn), input.includedData),
    DescribeStateMachineForExecution: (input) => {
      const execution = this.execution(input.executionArn);
      const machine = this.#documents.machines.get(execution.machine);
      return {
        stateMachineArn: execution.machine,
        name: execution.machineName,
        definition: this.#documents.definitions.get(execution.revision)?.text ?? "",
        roleArn: execution.roleArn,
        updateDate: new Date(machine?.updatedAt ?? execution.startedAt),
        ...machine?.settings,
        ...(execution.mapRun === null ? {} : { mapRunArn: execution.mapRun }),
        revisionId: execution.revision,
      };
    },
    ListExecutions: (input) => this.#list(input),
    GetExecutionHistory: (input) => this.#history(input),
  };

  #start(input: sfn.StartExecutionInput): ExecutionDoc {
    const resolved = this.#machines.resolve(input.stateMachineArn);
    const text = checkInput(input.input);
    const name = input.name === undefined ? this.#interpreter.kernel.ids.uuid() : checkName(input.name);
    const { machine } = resolved;
    const base = `arn:aws:states:${machine.region}:${machine.account}`;
    const arn =
      machine.type === "EXPRESS"
        ? `${base}:express:${machine.name}:${name}:${this.#interpreter.kernel.ids.uuid()}`
        : `${base}:execution:${machine.name}:${name}`;
    const existing = this.#documents.executions.get(arn);
    if (existing) {
      // A repeated start of a running execution is the same start.
      if (existing.status === "RUNNING" && inputOf(this.#documents, existing) === text) return existing;
      throw new AwsError("ExecutionAlreadyExists", `Execution Already Exists: '${arn}'`);
    }
    return this.#begin(resolved, arn, name, text, input.traceHeader ?? null);
  }

  #begin(
    resolved: Resolved,
    arn: string,
    name: string,
    input: string,
    traceHeader: string | null,
  ): ExecutionDoc {
    const { machine, revision, roleArn, version, alias } = resolved;
    const execution: ExecutionDoc = {
      arn,
      key: this.#documents.executions.size.toString(36),
      name,
      machine: machine.arn,
      machineName: machine.name,
      account: machine.account,
      region: machine.region,
      type: machine.type,
      roleArn,
      revision,
      path: [],
      startedAt: this.#now(),
      mapRun: null,
      version,
      alias,
      traceHeader,
      status: "RUNNING",
      output: null,
      failure: {},
      stoppedAt: null,
      events: 0,
      redrives: 0,
      redrivenAt: null,
    };
    this.#interpreter.lifecycle.begin(execution, input);
    return execution;
  }

  async #startSync(input: sfn.StartSyncExecutionCommandInput): Promise<sfn.StartSyncExecutionOutput> {
    const { machine } = this.#machines.resolve(input.stateMachineArn);
    if (machine.type !== "EXPRESS")
      throw new AwsError(
        "StateMachineTypeNotSupported",
        "This operation is not supported by this type of state machine",
      );
    const execution = this.#start(input);
    await new Promise<void>((resolve) => {
      this.#ended.set(execution.arn, resolve);
    });
    const described = this.#describe(execution);
    const stoppedAt = execution.stoppedAt ?? execution.startedAt;
    const { redriveCount, redriveStatus: _, redriveStatusReason: __, ...rest } = described;
    return {
      ...rest,
      startDate: new Date(execution.startedAt),
      stopDate: new Date(stoppedAt),
      status:
        execution.status === "SUCCEEDED" || execution.status === "TIMED_OUT" ? execution.status : "FAILED",
      billingDetails: {
        billedMemoryUsedInMB: 64,
        billedDurationInMilliseconds: Math.max(100, Math.ceil((stoppedAt - execution.startedAt) / 100) * 100),
      },
    };
  }

  #describe(execution: ExecutionDoc, included?: sfn.IncludedData): sfn.DescribeExecutionOutput {
    const data = included !== "METADATA_ONLY";
    const redrive = redriveStatus(execution, this.#now());
    const { error, cause } = execution.failure;
    return {
      executionArn: execution.arn,
      stateMachineArn: execution.machine,
      name: execution.name,
      status: execution.status,
      startDate: new Date(execution.startedAt),
      ...(execution.stoppedAt === null ? {} : { stopDate: new Date(execution.stoppedAt) }),
      ...(data ? { input: inputOf(this.#documents, execution) } : {}),
      inputDetails: { included: data },
      ...(execution.output === null
        ? {}
        : { ...(data ? { output: execution.output } : {}), outputDetails: { included: data } }),
      ...(error === undefined ? {} : { error }),
      ...(cause === undefined ? {} : { cause }),
      ...(execution.traceHeader === null ? {} : { traceHeader: execution.traceHeader }),
      ...(execution.mapRun === null ? {} : { mapRunArn: execution.mapRun }),
      ...(execution.version === null ? {} : { stateMachineVersionArn: execution.version }),
      ...(execution.alias === null ? {} : { stateMachineAliasArn: execution.alias }),
      redriveCount: execution.redrives,
      ...(execution.redrivenAt === null ? {} : { redriveDate: new Date(execution.redrivenAt) }),
      redriveStatus: redrive.status,
      ...(redrive.reason === undefined ? {} : { redriveStatusReason: redrive.reason }),
    };
  }

  #list(input: sfn.ListExecutionsCommandInput): sfn.ListExecutionsOutput {
    const { mapRunArn } = input;
    if (mapRunArn === undefined) {
      const { machine } = this.#machines.resolve(input.stateMachineArn);
      if (machine.type === "EXPRESS")
        throw new AwsError(
          "StateMachineTypeNotSupported",
          "This operation is not supported by this type of state machine",
        );
    } else if (!this.#documents.mapRuns.has(checkArn(mapRunArn)))
      throw new AwsError("ResourceNotFound", `Resource not found: '${mapRunArn}'`);
    const belongs = (one: ExecutionDoc): boolean =>
      mapRunArn === undefined
        ? one.mapRun === null && [one.machine, one.version, one.alias].includes(input.stateMachineArn ?? "")
        : one.mapRun === mapRunArn;
    const redriven = (one: ExecutionDoc): boolean =>
      input.redriveFilter === undefined || (input.redriveFilter === "REDRIVEN") === one.redrives > 0;
    const all = [...this.#documents.executions.values()]
      .filter((one) => belongs(one) && redriven(one))
      .filter((one) => input.statusFilter === undefined || one.status === input.statusFilter)
      .reverse();
    const { items, nextToken } = page(all, input);
    return {
      executions: items.map((one) => ({
        executionArn: one.arn,
        stateMachineArn: one.machine,
        name: one.name,
        status: one.status,
        startDate: new Date(one.startedAt),
        ...(one.stoppedAt === null ? {} : { stopDate: new Date(one.stoppedAt) }),
        ...(one.mapRun === null ? {} : { mapRunArn: one.mapRun }),
        ...(one.version === null ? {} : { stateMachineVersionArn: one.version }),
        ...(one.alias === null ? {} : { stateMachineAliasArn: one.alias }),
        redriveCount: one.redrives,
        ...(one.redrivenAt === null ? {} : { redriveDate: new Date(one.redrivenAt) }),
      })),
      ...(nextToken === undefined ? {} : { nextToken }),
    };
  }

  #history(input: sfn.GetExecutionHistoryCommandInput): sfn.GetExecutionHistoryOutput {
    const execution = this.execution(input.executionArn);
    if (execution.type === "EXPRESS")
      throw new AwsError(
        "StateMachineTypeNotSupported",
        "This operation is not supported by this type of state machine",
      );
    const ids = Array.from({ length: execution.events }, (_, i) => i + 1);
    if (input.reverseOrder) ids.reverse();
    const { items, nextToken } = page(ids, input);
    const [first, last] = [items[0], items.at(-1)];
    const events =
      first === undefined || last === undefined ? [] : this.#interpreter.history.read(execution, first, last);
    return {
      events: input.includeExecutionData === false ? events.map(withoutData) : events,
      ...(nextToken === undefined ? {} : { nextToken }),
    };
  }
}

const DATA = ["input", "output", "parameters", "assignedVariables"];

/** The event without what states were given and gave. */
function withoutData(event: sfn.HistoryEvent): sfn.HistoryEvent {
  return Object.fromEntries(
    Object.entries(event).map(([member, value]) => [
      member,
      member.endsWith("EventDetails")
        ? Object.fromEntries(Object.entries(value).filter(([name]) => !DATA.includes(name)))
        : value,
    ]),
  ) as unknown as sfn.HistoryEvent;
}

/** The input of an execution. Throws InvalidExecutionInput unless it is JSON of at most 256 KiB. */
function checkInput(input: string | undefined): string {
  const text = input ?? "{}";
  if (Buffer.byteLength(text) > LIMIT.payload)
    throw new AwsError(
      "InvalidExecutionInput",
      "Invalid State Machine Execution Input: 'The input exceeds 262144 bytes'",
    );
  try {
    JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AwsError("InvalidExecutionInput", `Invalid State Machine Execution Input: '${why}'`);
  }
  return text;
}
